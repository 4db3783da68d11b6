/** The writes to delta channels, of which a checkpoint stores a value only now and then. */

import type {
  CheckpointPendingWrite,
  DeltaChannelHistory,
} from '@langchain/langgraph-checkpoint' with { 'resolution-mode': 'import' };
import type { GraphCheckpoint } from '../generated/types.js';
import type { Context } from './framework.js';
import { Pages } from './pages.js';
import { hasValue, loaded, loadedWrites } from './records.js';
import { requiredTarget } from './target.js';
import type { SaverConfig } from './types.js';

const OPERATION = 'getDeltaChannelHistory';

/**
 * Walks from a checkpoint's parent to the nearest stored value of each channel.
 *
 * Ancestors are read in pages. An ancestor outside of a page is queried alone: one before many
 * checkpoints of other branches, or one with an id that is not in order.
 */
export async function deltaHistory(
  context: Context,
  config: SaverConfig,
  channels: readonly string[],
): Promise<Record<string, DeltaChannelHistory>> {
  const newestFirst = new Map(channels.map((name) => [name, [] as CheckpointPendingWrite[]]));
  const seeds = new Map<string, unknown>();
  const remaining = new Set(channels);
  if (remaining.size === 0) return {};
  for await (const record of ancestors(context, config)) {
    const writes = await loadedWrites(context.serde, record, remaining);
    for (const write of writes.reverse()) newestFirst.get(write[1])?.push(write);
    for (const channel of record.channels) {
      if (!remaining.has(channel.channel) || !hasValue(channel)) continue;
      seeds.set(channel.channel, await loaded(context.serde, channel));
      remaining.delete(channel.channel);
    }
    if (remaining.size === 0) break;
  }
  const entries = [...newestFirst].map(([name, writes]) => {
    const history: DeltaChannelHistory = { writes: writes.reverse() };
    if (seeds.has(name)) history.seed = seeds.get(name);
    return [name, history] as const;
  });
  return Object.fromEntries(entries);
}

/** Iterates over the ancestors of the checkpoint that a config names, from its parent on. */
async function* ancestors(
  { graph }: Context,
  config: SaverConfig,
): AsyncGenerator<GraphCheckpoint> {
  const { thread, namespace = '', checkpointId } = requiredTarget(config, OPERATION);
  let record = await graph.getCheckpoint(thread, { namespace, checkpointId });
  let page = new Map<string, GraphCheckpoint>();
  const visited = new Set<string>();
  while (record !== null) {
    visited.add(record.id);
    const { parentId } = record;
    // A checkpoint may be stored again with its own config, and is then its own parent.
    if (parentId === null || visited.has(parentId)) return;
    if (!page.has(parentId)) {
      const records = await new Pages(graph, { thread, namespace }, record.id).next();
      page = new Map(records.map((found) => [found.id, found]));
    }
    record =
      page.get(parentId) ??
      (await graph.getCheckpoint(thread, { namespace, checkpointId: parentId }));
    if (record !== null) yield record;
  }
}
