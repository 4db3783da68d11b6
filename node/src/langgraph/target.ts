/** The thread, namespace and checkpoint that a config of LangGraph names. */

import { invalidInput, wrongType } from '../errors.js';
import type { CheckpointConfig, SaverConfig, ThreadId } from './types.js';

/** The objects that a config names. */
export interface Target {
  /** The id of the thread as the caller passed it. */
  readonly threadId: ThreadId | undefined;
  /** The text of the id. */
  readonly thread: string | undefined;
  readonly namespace: string | undefined;
  readonly checkpointId: string | undefined;
}

/** The objects that a config with a thread names. */
export interface ThreadTarget extends Target {
  readonly threadId: ThreadId;
  readonly thread: string;
}

/** Reads a config. Nothing is required. */
export function targetOf(config: SaverConfig | undefined | null, operation: string): Target {
  const values = configurable(config ?? {}, operation);
  const { thread_id } = values;
  const threadId = thread_id === null ? undefined : (thread_id as ThreadId | undefined);
  return {
    threadId,
    thread: threadId === undefined ? undefined : idText(threadId, 'thread_id', operation),
    namespace: text(values, 'checkpoint_ns', operation),
    // An empty one counts as missing, as in LangGraph's savers.
    checkpointId: text(values, 'checkpoint_id', operation) || undefined,
  };
}

/** Returns whether a target has a thread. */
export function hasThread(target: Target): target is ThreadTarget {
  return target.thread !== undefined;
}

/** Reads a config. Throws if it has no thread. */
export function requiredTarget(config: SaverConfig, operation: string): ThreadTarget {
  const target = targetOf(config, operation);
  if (hasThread(target)) return target;
  throw invalidInput(operation, 'thread_id', 'must be given in config.configurable');
}

/** Returns the config of a checkpoint in a thread. */
export function configOf(
  threadId: ThreadId,
  namespace: string,
  checkpointId: string,
): CheckpointConfig {
  return {
    configurable: { thread_id: threadId, checkpoint_ns: namespace, checkpoint_id: checkpointId },
  };
}

/** Returns the text of an id. */
export function idText(value: unknown, field: string, operation: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'number') {
    throw invalidInput(operation, field, 'must be an integer of at most 2^53 - 1, or a string');
  }
  throw wrongType(operation, field, 'a string or an integer', value);
}

/** Returns the texts of several ids. A string is not a list of ids. */
export function idTexts(values: readonly unknown[], field: string, operation: string): string[] {
  if (!Array.isArray(values)) throw wrongType(operation, field, 'an array', values);
  return values.map((value, index) => idText(value, `${field}[${index}]`, operation));
}

function configurable(config: SaverConfig, operation: string): Readonly<Record<string, unknown>> {
  if (typeof config !== 'object') throw wrongType(operation, 'config', 'an object', config);
  const values = config.configurable ?? {};
  if (typeof values !== 'object') {
    throw wrongType(operation, 'config.configurable', 'an object', values);
  }
  return values;
}

function text(
  values: Readonly<Record<string, unknown>>,
  field: string,
  operation: string,
): string | undefined {
  const value = values[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(operation, field, 'a string', value);
  return value;
}
