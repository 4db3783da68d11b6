/** Conversion of new messages to the addon's arguments. */

import { ChatkeepError, invalidInput, withField, withPrefix, wrongType } from './errors.js';
import { metadataText } from './metadata.js';
import { unknownName } from './options.js';
import { listArg } from './records.js';
import { timestampArg } from './timestamps.js';

/** The keys of conversation, user and usage, in the addon's order. */
const DETAILS = [
  'conversationId',
  'userId',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'cost',
  'latencyMs',
  'ttftMs',
  'status',
  'error',
];
const KEYS = [
  'message',
  'response',
  'provider',
  'model',
  'tokensUsed',
  'metadata',
  'timestamp',
  ...DETAILS,
];
const NO_DETAILS: undefined[] = DETAILS.map(() => undefined);

/** The arguments of a message, in the addon's order. */
export type MessageArgs = unknown[];

/**
 * Maps argument names to the caller's keys where they differ: `messages[3].message` to
 * `messages[3].userMessage`.
 */
export interface KeyAliases {
  /** Created only if a message uses an alias, which is rare. */
  map: Map<string, string> | undefined;
}

/** Changes the field in a call's error to the key that the caller wrote. */
export function withCallerKeys<T>(promise: Promise<T>, aliases: KeyAliases): Promise<T> {
  const { map } = aliases;
  if (map === undefined) return promise;
  return promise.catch((error: unknown) => {
    const field = error instanceof ChatkeepError ? map.get(error.field ?? '') : undefined;
    throw field === undefined ? error : withField(error as ChatkeepError, field);
  });
}

/**
 * Converts a message.
 *
 * @param operation The call.
 * @param value The message as the caller passed it.
 * @param aliases Receives the aliases that the message uses.
 * @param prefix Prefix of field names in errors: the message's position in a batch.
 */
export function messageArgs(
  operation: string,
  value: unknown,
  aliases: KeyAliases,
  prefix = '',
): MessageArgs {
  if (typeof value === 'string' && prefix === '') {
    return [value, undefined, undefined, undefined, undefined, null, undefined, ...NO_DETAILS];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(operation, prefix.slice(0, -1) || 'message', 'an object', value);
  }
  let message: unknown;
  let response: unknown;
  let details: unknown[] = NO_DETAILS;
  const values = value as Record<string, unknown>;
  for (const name in values) {
    switch (name) {
      case 'message':
      case 'userMessage':
        if (message !== undefined) throw duplicate(operation, `${prefix}${name}`);
        if (name !== 'message') addAlias(aliases, prefix, 'message', name);
        message = values[name];
        break;
      case 'response':
      case 'botResponse':
        if (response !== undefined) throw duplicate(operation, `${prefix}${name}`);
        if (name !== 'response') addAlias(aliases, prefix, 'response', name);
        response = values[name];
        break;
      case 'provider':
      case 'model':
      case 'tokensUsed':
      case 'metadata':
      case 'timestamp':
      // A message that was read has an id; the database assigns a new one.
      case 'id':
        break;
      default:
        if (!DETAILS.includes(name)) throw unknownName(operation, name, 'key', KEYS, prefix);
        if (details === NO_DETAILS) details = DETAILS.map((key) => values[key]);
    }
  }
  const { provider, model, tokensUsed, metadata, timestamp } = values;
  const text = withPrefix(prefix, () => metadataText(operation, metadata));
  const time = timestampArg(timestamp);
  return [message, response, provider, model, tokensUsed, text, time, ...details];
}

function addAlias(aliases: KeyAliases, prefix: string, argument: string, name: string): void {
  aliases.map ??= new Map();
  aliases.map.set(`${prefix}${argument}`, `${prefix}${name}`);
}

/** Converts the messages of an iterable. */
export function batchArgs(
  operation: string,
  messages: unknown,
  aliases: KeyAliases,
): MessageArgs[] {
  return listArg(operation, 'messages', messages, (message, name) =>
    messageArgs(operation, message, aliases, `${name}.`),
  );
}

function duplicate(operation: string, field: string): Error {
  return invalidInput(operation, field, 'is given twice, under two names');
}
