/** Cursors: positions in the message log. */

import { unwrapSync } from './calls.js';
import { invalidInput } from './errors.js';
import { native } from './native.js';
import { preciseText } from './timestamps.js';

/** Converts a cursor, which may be a message, to text for the addon. */
export function cursorArg(operation: string, cursor: unknown): unknown {
  const isMessage = typeof cursor === 'object' && cursor !== null;
  return isMessage ? cursorAfter(operation, 'cursor', cursor) : cursor;
}

/**
 * Returns the cursor after a message.
 *
 * @param field The argument that errors name.
 * @param message A message as `getMessages` returned it, with the microseconds of its `Date`.
 */
export function cursorAfter(operation: string, field: string, message: unknown): string {
  const { timestamp, id } = (message ?? {}) as { timestamp?: unknown; id?: unknown };
  const text = preciseText(timestamp);
  if (text === undefined) {
    const hint = 'to store or send a position, use the string from cursorAfter';
    throw invalidInput(operation, field, `must be a message as getMessages returned it; ${hint}`);
  }
  return unwrapSync<string>(native.cursorAfter(text, id));
}
