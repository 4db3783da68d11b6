/** Messages to be logged, from what callers give to the addon's arguments. */

import { aboutField, ChatkeepError, refused, wrongType } from './errors.js';
import { metadataText } from './metadata.js';
import { given as momentGiven } from './moments.js';
import { unknownName } from './options.js';

const KEYS = ['message', 'response', 'provider', 'model', 'tokensUsed', 'metadata', 'timestamp'];

/** The arguments of a message, in the addon's order. */
export type Parts = [unknown, unknown, unknown, unknown, unknown, string | null, unknown];

/** How messages spell their keys, where not as the arguments: `messages[3].message` is `messages[3].userMessage`. */
export interface Spelling {
  /** Absent for almost every message, so it is made only where it is needed. */
  written: Map<string, string> | undefined;
}

/** The promise of a call, whose error names what the caller wrote: a message that was read has the stored names as keys. */
export function respelled<T>(promise: Promise<T>, spelling: Spelling): Promise<T> {
  const { written } = spelling;
  if (written === undefined) return promise;
  return promise.catch((error: unknown) => {
    const field = error instanceof ChatkeepError ? written.get(error.field ?? '') : undefined;
    throw field === undefined ? error : aboutField(error as ChatkeepError, field);
  });
}

/**
 * The parts of a message.
 *
 * @param operation The call.
 * @param value What it was given.
 * @param spelling Where it is noted how the message spells its keys.
 * @param before What stands before the field's name in an error: the message's place among others.
 */
export function partsOf(operation: string, value: unknown, spelling: Spelling, before = ''): Parts {
  if (typeof value === 'string' && before === '') {
    return [value, undefined, undefined, undefined, undefined, null, undefined];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongType(operation, before.slice(0, -1) || 'message', 'an object', value);
  }
  let message: unknown;
  let response: unknown;
  const held = value as Record<string, unknown>;
  for (const name in held) {
    switch (name) {
      case 'message':
      case 'userMessage':
        if (message !== undefined) throw twice(operation, `${before}${name}`);
        if (name !== 'message') note(spelling, before, 'message', name);
        message = held[name];
        break;
      case 'response':
      case 'botResponse':
        if (response !== undefined) throw twice(operation, `${before}${name}`);
        if (name !== 'response') note(spelling, before, 'response', name);
        response = held[name];
        break;
      case 'provider':
      case 'model':
      case 'tokensUsed':
      case 'metadata':
      case 'timestamp':
      // A message that was read has one; the database gives another.
      case 'id':
        break;
      default:
        throw unknownName(operation, name, 'key of a message', KEYS, before);
    }
  }
  const { provider, model, tokensUsed, metadata, timestamp } = held;
  const text = placed(before, () => metadataText(operation, metadata));
  return [message, response, provider, model, tokensUsed, text, momentGiven(timestamp)];
}

function note(spelling: Spelling, before: string, argument: string, name: string): void {
  spelling.written ??= new Map();
  spelling.written.set(`${before}${argument}`, `${before}${name}`);
}

/** The parts of messages, one behind the other. */
export function manyPartsOf(operation: string, messages: unknown, spelling: Spelling): unknown[] {
  const isIterable =
    typeof messages === 'object' && messages !== null && Symbol.iterator in messages;
  if (!isIterable) throw wrongType(operation, 'messages', 'an iterable of objects', messages);
  const parts: unknown[] = [];
  let place = 0;
  for (const message of messages as Iterable<unknown>) {
    parts.push(...partsOf(operation, message, spelling, `messages[${place}].`));
    place += 1;
  }
  return parts;
}

function twice(operation: string, field: string): Error {
  return refused(operation, field, 'is given under two names');
}

/** Says where the message stands that something is wrong with. */
function placed<T>(before: string, work: () => T): T {
  if (before === '') return work();
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ChatkeepError) || error.operation === undefined) throw error;
    throw aboutField(error, `${before}${error.field ?? ''}`);
  }
}
