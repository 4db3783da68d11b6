/** The operations of the saver. */

import type {
  Checkpoint,
  CheckpointMetadata,
  PendingWrite,
} from '@langchain/langgraph-checkpoint' with { 'resolution-mode': 'import' };
import { invalidInput } from '../errors.js';
import type { GraphCheckpoint } from '../generated/types.js';
import { optionsOf } from '../options.js';
import type { Context } from './framework.js';
import { Pages } from './pages.js';
import { loadedCheckpoint, loadedMetadata, loadedWrites, newWrites } from './records.js';
import { configOf, hasThread, idText, idTexts, requiredTarget, targetOf } from './target.js';
import type { PruneOptions, SaverConfig, StoredCheckpoint, ThreadId } from './types.js';

/** Version of LangGraph's checkpoints from which on pending sends are a channel's value. */
const SENDS_ARE_A_CHANNEL = 4;
const STRATEGIES = ['keep_latest', 'delete'];
const PRUNE_OPTIONS = new Set(['strategy', 'keepLast', 'dryRun']);

/** Loads the checkpoint that the config names, or the newest one. */
export async function load(
  context: Context,
  config: SaverConfig,
): Promise<StoredCheckpoint | undefined> {
  const target = targetOf(config, 'getTuple');
  if (!hasThread(target)) return undefined;
  const { thread, namespace, checkpointId } = target;
  const record = await context.graph.getCheckpoint(thread, { namespace, checkpointId });
  if (record === null) return undefined;
  const metadata = await loadedMetadata(context.serde, record);
  return await toTuple(context, target.threadId, record, metadata);
}

/** Converts a record of the thread that the caller named `threadId`. */
export async function toTuple(
  context: Context,
  threadId: ThreadId,
  record: GraphCheckpoint,
  metadata: CheckpointMetadata,
): Promise<StoredCheckpoint> {
  const { namespace, id, parentId } = record;
  const [checkpoint, pendingWrites] = await Promise.all([
    loadedCheckpoint(context.serde, record),
    loadedWrites(context.serde, record),
  ]);
  if (parentId !== null && (checkpoint.v ?? SENDS_ARE_A_CHANNEL) < SENDS_ARE_A_CHANNEL) {
    await addPendingSends(context, checkpoint, record, parentId);
  }
  return {
    config: configOf(threadId, namespace, id),
    checkpoint,
    metadata,
    ...(parentId !== null && { parentConfig: configOf(threadId, namespace, parentId) }),
    pendingWrites,
  };
}

/** Makes the sends that the parent's tasks wrote a channel of an old checkpoint. */
async function addPendingSends(
  { framework, graph, serde }: Context,
  checkpoint: Checkpoint,
  { thread, namespace }: GraphCheckpoint,
  parentId: string,
): Promise<void> {
  const { TASKS, maxChannelVersion } = framework;
  const parent = await graph.getCheckpoint(thread, { namespace, checkpointId: parentId });
  const sends = parent === null ? [] : await loadedWrites(serde, parent, new Set([TASKS]));
  if (sends.length === 0) return;
  checkpoint.channel_values[TASKS] = sends.map(([, , value]) => value);
  checkpoint.channel_versions ??= {};
  const versions = Object.values(checkpoint.channel_versions);
  checkpoint.channel_versions[TASKS] = versions.length > 0 ? maxChannelVersion(...versions) : 1;
}

/** Stores the writes of a task. */
export async function putWrites(
  context: Context,
  config: SaverConfig,
  writes: readonly PendingWrite[],
  taskId: string,
  taskPath: string | undefined,
): Promise<void> {
  const { thread, namespace, checkpointId } = requiredTarget(config, 'putWrites');
  if (checkpointId === undefined) {
    throw invalidInput('putWrites', 'checkpoint_id', 'must be given in config.configurable');
  }
  const records = await newWrites(context, writes);
  if (records.length === 0) return;
  await context.graph.putWrites(thread, checkpointId, taskId, records, { namespace, taskPath });
}

/** Deletes old checkpoints of threads, or all. Returns their number. */
export async function prune(
  { graph }: Context,
  threadIds: readonly ThreadId[],
  options: PruneOptions | undefined,
): Promise<number> {
  const threads = [...new Set(idTexts(threadIds, 'threadIds', 'prune'))];
  const checked: PruneOptions = optionsOf('prune', options, PRUNE_OPTIONS);
  const { strategy = 'keep_latest', keepLast, dryRun = false } = checked;
  if (!STRATEGIES.includes(strategy)) {
    throw invalidInput('prune', 'strategy', `must be ${STRATEGIES.join(' or ')}`);
  }
  if (strategy === 'keep_latest') {
    return threads.length === 0 ? 0 : await graph.pruneThreads(threads, { keepLast, dryRun });
  }
  if (keepLast !== undefined) {
    throw invalidInput('prune', 'keepLast', 'must not be given with the strategy delete');
  }
  // After this, few checkpoints are left to count: a page has their values, too.
  let count = dryRun || threads.length === 0 ? 0 : await graph.pruneThreads(threads);
  for (const thread of threads) {
    const pages = new Pages(graph, { thread });
    for (let page = await pages.next(); page.length > 0; page = await pages.next()) {
      count += page.length;
    }
    if (!dryRun) await graph.deleteThread(thread);
  }
  return count;
}

/** Deletes the checkpoints of runs. */
export async function deleteForRuns(
  { graph }: Context,
  runIds: readonly ThreadId[],
): Promise<void> {
  const runs = idTexts(runIds, 'runIds', 'deleteForRuns');
  if (runs.length > 0) await graph.deleteRuns(runs);
}

/** Copies a thread. */
export async function copyThread(
  { graph }: Context,
  sourceThreadId: ThreadId,
  targetThreadId: ThreadId,
): Promise<void> {
  const source = idText(sourceThreadId, 'sourceThreadId', 'copyThread');
  const target = idText(targetThreadId, 'targetThreadId', 'copyThread');
  await graph.copyThread(source, target);
}
