/** Ids of conversations. */

import { createHash } from 'node:crypto';

/** Maximum length of the public id of a conversation, in characters. */
const MAX_ID = 64;
const INVALID = /[\p{White_Space}\p{Control}\p{Surrogate}]/u;

/** Returns whether a text can be the public id of a conversation. */
export function isPublicId(id: string): boolean {
  return id !== '' && [...id].length <= MAX_ID && !INVALID.test(id);
}

/**
 * Returns the public id of the conversation of a framework's keys: a hash, as in the Python
 * package. Different keys have different ids, whatever their length and characters. No key names a
 * conversation that the framework did not create.
 */
export function hashedId(...keys: readonly (string | null)[]): string {
  // JSON has one text for each list of texts, and escapes lone surrogates.
  const text = `[${keys.map((key) => JSON.stringify(key)).join(', ')}]`;
  const ascii = text.replace(/[^ -~]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return createHash('sha256').update(ascii).digest('hex');
}
