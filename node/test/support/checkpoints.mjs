/** Checkpoints of LangGraph, and stores, for tests of its saver. */

import { ChatkeepSaver } from 'chatkeep/langgraph';
import { onEachSharedStore } from './shared_stores.mjs';

/**
 * Defines a test per engine. `body` gets a saver and its store. All tests of a file share one
 * database per engine, which each finds without threads.
 */
export function onEachEngine(name, body) {
  onEachSharedStore(name, async (chat) => {
    for (const { thread } of await chat.graphManager.listThreads({ limit: 10_000 })) {
      await chat.graphManager.deleteThread(thread);
    }
    await body(new ChatkeepSaver(chat), chat);
  });
}

/** Returns a config. Without a namespace it names the outermost one. */
export function configOf(threadId, checkpointId, namespace = '') {
  const configurable = { thread_id: threadId, checkpoint_ns: namespace };
  if (checkpointId !== undefined) configurable.checkpoint_id = checkpointId;
  return { configurable };
}

/** Returns a checkpoint. All channels have the version 1 by default. */
export function checkpointOf(id, values = {}, versions = undefined, v = 4) {
  return {
    v,
    id,
    ts: '2024-01-01T00:00:00.000Z',
    channel_values: values,
    channel_versions: versions ?? Object.fromEntries(Object.keys(values).map((name) => [name, 1])),
    versions_seen: {},
  };
}

/** Stores a checkpoint, by default with all its channels changed. */
export function put(saver, config, id, values, { versions, changed, ...metadata } = {}) {
  const checkpoint = checkpointOf(id, values, versions);
  const merged = { source: 'loop', step: 1, parents: {}, ...metadata };
  return saver.put(config, checkpoint, merged, changed ?? checkpoint.channel_versions);
}

/** Returns the values of the checkpoint that a config names. */
export async function valuesOf(saver, config) {
  return (await saver.getTuple(config)).checkpoint.channel_values;
}

/** Returns the ids of checkpoints. */
export function ids(tuples) {
  return tuples.map(({ config }) => config.configurable.checkpoint_id);
}

/** Stores interleaved branches with delta channels. `m` has a snapshot every ten steps. */
export async function deltaThread(
  saver,
  thread,
  { branches = 2, steps = 30, channels = ['m', 'n'] } = {},
) {
  const root = await put(saver, configOf(thread), '000', { m: ['start'] });
  const heads = Array(branches).fill(root);
  const all = (value) => Object.fromEntries(channels.map((name) => [name, value]));
  for (let step = 1; step <= steps; step += 1) {
    for (let branch = 0; branch < branches; branch += 1) {
      // Writes of step n are stored at the checkpoint before it.
      const writes = channels.map((name) => [name, `${branch} ${step}`]);
      await saver.putWrites(heads[branch], writes, `task ${branch}`);
      const values = step % 10 === 0 ? { m: [`snapshot ${branch} ${step}`] } : {};
      const id = `${String(step).padStart(3, '0')} ${branch}`;
      heads[branch] = await put(saver, heads[branch], id, values, {
        versions: all(step + 1),
        counters_since_delta_snapshot: all([step, step]),
      });
    }
  }
  return heads;
}
