/** Bodies of operations that are not only a call with arguments. */

import { isFailure, type Response } from './calls.js';
import { errorOf } from './errors.js';
import { historyEntry, migrationStatus, schemaDifference } from './generated/decode.js';
import * as iteration from './iteration.js';
import { batchArgs, type KeyAliases, messageArgs, withCallerKeys } from './new_message.js';
import {
  type Args,
  call,
  type Operation,
  type OperationGroup,
  startCall,
  storeOf,
} from './operations.js';
import { type Options, optionsOf } from './options.js';
import type { Message, MigrateResponses, MigrateVerb } from './types.js';

const NONE = Object.freeze({});

/** Logs a message, which is a text or an object. */
export function logMessage(
  group: OperationGroup,
  operation: Operation<number>,
  options: unknown,
  args: Args,
): Promise<number> {
  const aliases: KeyAliases = { map: undefined };
  const [message] = args(NONE);
  const values = () => messageArgs(operation.name, message, aliases);
  return withCallerKeys(call(group, operation, options, values), aliases);
}

/** Logs the messages of an iterable. */
export function logMessages(
  group: OperationGroup,
  operation: Operation<number[]>,
  options: unknown,
  args: Args,
): Promise<number[]> {
  const aliases: KeyAliases = { map: undefined };
  const [messages] = args(NONE);
  const values = () => [batchArgs(operation.name, messages, aliases)];
  return withCallerKeys(call(group, operation, options, values), aliases);
}

/** Iterates over messages, a page at a time. */
export function iterMessages(
  group: OperationGroup,
  operation: Operation<void>,
  options: unknown,
  args: Args,
): AsyncGenerator<Message, void, undefined> {
  return iteration.messages(storeOf(group), operation, options, args);
}

/** Creates a token. A string is its description. */
export function createToken<T>(
  group: OperationGroup,
  operation: Operation<T>,
  options: unknown,
  args: Args,
): Promise<T> {
  const named = typeof options === 'string' ? { description: options } : options;
  return call(group, operation, named, args);
}

/** Verifies a token, without another thread if the result is cached. */
export function verifyToken(
  group: OperationGroup,
  operation: Operation<boolean>,
  options: unknown,
  args: Args,
): Promise<boolean> {
  const cached = ([token]: unknown[]) => storeOf(group).verifyCached(token);
  return cachedCall(group, operation, options, args, cached);
}

/** Checks a token, without another thread if the result is cached. */
export function checkToken<T>(
  group: OperationGroup,
  operation: Operation<T>,
  options: unknown,
  args: Args,
): Promise<T> {
  const cached = ([token, scope]: unknown[]) => storeOf(group).checkCached(token, scope);
  return cachedCall(group, operation, options, args, cached);
}

function cachedCall<T>(
  group: OperationGroup,
  operation: Operation<T>,
  options: unknown,
  args: Args,
  cached: (values: unknown[]) => Response,
): Promise<T> {
  let checked: Options = NONE;
  if (options !== undefined) {
    try {
      checked = optionsOf(operation.name, options, operation.options);
    } catch (error) {
      return Promise.reject(error);
    }
    // The general call checks the signal.
    const { signal } = checked;
    if (signal !== undefined) return call(group, operation, options, args);
  }
  const response = cached(args(checked));
  if (response === null) return call(group, operation, options, args);
  if (isFailure(response)) return Promise.reject(errorOf(response));
  return Promise.resolve(operation.decode(response as never));
}

/** Waits until the database is ready, or until a timeout. */
export function waitUntilReady(
  group: OperationGroup,
  operation: Operation<void>,
  options: unknown,
  _args: Args,
): Promise<void> {
  return startCall(operation, options, (number, { timeout }, abort) =>
    storeOf(group).waitUntilReady(number, timeout, abort),
  );
}

/** Runs a verb of `chatkeep migrate`. */
export async function migrate<V extends MigrateVerb>(
  group: OperationGroup,
  operation: Operation<string>,
  options: unknown,
  args: Args,
): Promise<MigrateResponses[V]> {
  const response = JSON.parse(await call(group, operation, options, args));
  // The keys are the same for all verbs that have them; other keys need no conversion.
  if ('pending' in response)
    return { state: response.state, ...migrationStatus(response) } as never;
  const { migrations, differences } = response;
  if (migrations !== undefined) response.migrations = migrations.map(historyEntry);
  if (differences !== undefined) response.differences = differences.map(schemaDifference);
  return response;
}

/** Waits for earlier calls. */
export function flush(
  group: OperationGroup,
  operation: Operation<void>,
  options: unknown,
  args: Args,
): Promise<void> {
  return startCall(operation, options, (number, checked, abort) =>
    storeOf(group).flush(number, args(checked)[0], abort),
  );
}

/** Closes the store. */
export function close(
  group: OperationGroup,
  operation: Operation<void>,
  options: unknown,
  args: Args,
): Promise<void> {
  return startCall(operation, options, (number, checked, abort) =>
    storeOf(group).close(number, args(checked)[0], abort),
  );
}
