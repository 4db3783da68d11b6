/** Conversion of filters, pages and cursors to the arguments of the native addon. */

import type { Store } from './addon.js';
import { unwrapSync } from './calls.js';
import { invalidInput } from './errors.js';
import { metadataText } from './metadata.js';
import type { Options } from './options.js';
import { preciseText, timestampArg } from './timestamps.js';

/** Names of the options of calls for a period. */
export const SPAN = new Set(['startDate', 'endDate', 'signal']);
/** Names of the options of a search. */
export const SEARCH = new Set(['limit', 'offset', 'cursor', 'signal']);
/** Names of the options of calls with a filter. */
export const FILTER = new Set(['provider', 'model', 'startDate', 'endDate', 'metadata', 'signal']);
/** Names of the options of calls that return a page, with a filter. */
export const PAGE = new Set([...SEARCH, ...FILTER]);
/** Names of the options of an iteration. */
export const ITERATION = new Set([...FILTER, 'oldestFirst']);

/** `provider`, `model`, `startDate`, `endDate` and `metadata`, in the addon's order. */
export type FilterArgs = [unknown, unknown, unknown, unknown, string | null];

export function filterArgs(operation: string, options: Options): FilterArgs {
  const { provider, model, startDate, endDate, metadata } = options;
  const text = metadataText(operation, metadata);
  return [provider, model, timestampArg(startDate), timestampArg(endDate), text];
}

/** `limit`, `offset` and `cursor`, in the addon's order. */
export type PageArgs = [unknown, unknown, unknown];

export function pageArgs(store: Store, operation: string, options: Options): PageArgs {
  const { limit, offset, cursor } = options;
  const isMessage = typeof cursor === 'object' && cursor !== null;
  return [limit, offset, isMessage ? cursorAfter(store, operation, 'cursor', cursor) : cursor];
}

/**
 * Returns the cursor after a message.
 *
 * @param field The argument that errors name.
 * @param message A message as `getMessages` returned it, with the microseconds of its `Date`.
 */
export function cursorAfter(
  store: Store,
  operation: string,
  field: string,
  message: unknown,
): string {
  const { timestamp, id } = (message ?? {}) as { timestamp?: unknown; id?: unknown };
  const text = preciseText(timestamp);
  if (text === undefined) {
    const hint = 'to store or send a position, use the string from cursorAfter';
    throw invalidInput(operation, field, `must be a message as getMessages returned it; ${hint}`);
  }
  return unwrapSync<string>(store.cursorAfter(text, id));
}
