/** Which messages are meant, and which part of them: from what callers give to the addon's arguments. */

import { refused } from './errors.js';
import { metadataText } from './metadata.js';
import { given, wholeText } from './moments.js';
import type { Options } from './options.js';

/** `provider`, `model`, `startDate`, `endDate` and `metadata`. */
export type Conditions = [unknown, unknown, unknown, unknown, string | null];

export function conditions(operation: string, options: Options): Conditions {
  const { provider, model, startDate, endDate, metadata } = options;
  const wanted = metadataText(operation, metadata);
  return [provider, model, given(startDate), given(endDate), wanted];
}

/** The arguments that a cursor is made of: the whole moment of a message, and its id. */
export function place(operation: string, field: string, message: unknown): [string, unknown] {
  const { timestamp, id } = (message ?? {}) as { timestamp?: unknown; id?: unknown };
  const moment = wholeText(timestamp);
  if (moment === undefined) {
    const hint = 'to send a place elsewhere, make a text of it with cursorAfter';
    throw refused(operation, field, `must be a message as getMessages returned it; ${hint}`);
  }
  return [moment, id];
}
