/** Lists of checkpoints, newest first. */

import { isDeepStrictEqual } from 'node:util';
import { invalidInput, wrongType } from '../errors.js';
import type { Context } from './framework.js';
import { toTuple } from './operations.js';
import { PAGE, Pages } from './pages.js';
import { loadedMetadata } from './records.js';
import { targetOf } from './target.js';
import type { ListOptions, SaverConfig, StoredCheckpoint } from './types.js';

/** Iterates over the checkpoints that a config and the options of `list` select. */
export async function* listTuples(
  context: Context,
  config: SaverConfig | undefined | null,
  options: ListOptions | undefined,
): AsyncGenerator<StoredCheckpoint> {
  const { filter, before, limit } = options ?? {};
  const conditions = Object.entries(filter ?? {});
  const { threadId, ...selection } = targetOf(config, 'list');
  const pages = new Pages(context.graph, selection, targetOf(before, 'list').checkpointId);
  let remaining = limitOf(limit);
  while (remaining > 0) {
    // Without a filter, every checkpoint of a page is returned.
    const page = await pages.next(conditions.length > 0 ? PAGE : Math.min(PAGE, remaining));
    if (page.length === 0) return;
    for (const record of page) {
      const metadata = await loadedMetadata(context.serde, record);
      const values = metadata as unknown as Readonly<Record<string, unknown>>;
      if (!conditions.every(([key, value]) => isDeepStrictEqual(values[key], value))) continue;
      // The thread as the caller named it, or the stored text.
      yield await toTuple(context, threadId ?? record.thread, record, metadata);
      remaining -= 1;
      if (remaining <= 0) return;
    }
  }
}

function limitOf(limit: unknown): number {
  if (limit === undefined || limit === null) return Number.POSITIVE_INFINITY;
  if (typeof limit !== 'number') throw wrongType('list', 'limit', 'a number', limit);
  if (!Number.isInteger(limit) && limit !== Number.POSITIVE_INFINITY) {
    throw invalidInput('list', 'limit', 'must be an integer');
  }
  return limit;
}
