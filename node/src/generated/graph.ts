/** GraphManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { OperationGroup, call, operation } from '../operations.js';
import { recordArg, recordsArg } from '../records.js';
import { integer, listOf, optionalOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { graphCheckpoint, graphThread } from './decode.js';
import { newCheckpointKeys, newGraphWriteKeys } from './encode.js';
import type {
  GetCheckpointOptions,
  GraphCheckpoint,
  GraphThread,
  ListCheckpointsOptions,
  ListThreadsOptions,
  NewCheckpoint,
  NewGraphWrite,
  PruneThreadsOptions,
  PutWritesOptions,
} from './types.js';

const PUT_CHECKPOINT = operation('graph', 'put_checkpoint', 'putCheckpoint', [], noResult);
const PUT_WRITES = operation(
  'graph',
  'put_writes',
  'putWrites',
  ['namespace', 'taskPath'],
  noResult,
);
const GET_CHECKPOINT = operation(
  'graph',
  'get_checkpoint',
  'getCheckpoint',
  ['namespace', 'checkpointId'],
  optionalOf(graphCheckpoint),
);
const LIST_CHECKPOINTS = operation(
  'graph',
  'list_checkpoints',
  'listCheckpoints',
  ['thread', 'namespace', 'checkpointId', 'before', 'after', 'limit'],
  listOf(graphCheckpoint),
);
const LIST_THREADS = operation(
  'graph',
  'list_threads',
  'listThreads',
  ['limit', 'before', 'userId'],
  listOf(graphThread),
);
const SET_THREAD_USER = operation(
  'graph',
  'set_thread_user',
  'setThreadUser',
  [],
  identity<boolean>,
);
const COPY_THREAD = operation('graph', 'copy_thread', 'copyThread', [], integer<number>);
const DELETE_THREAD = operation('graph', 'delete_thread', 'deleteThread', [], identity<boolean>);
const DELETE_RUNS = operation('graph', 'delete_runs', 'deleteRuns', [], integer<number>);
const PRUNE_THREADS = operation(
  'graph',
  'prune_threads',
  'pruneThreads',
  ['keepLast', 'dryRun'],
  integer<number>,
);
const PRUNE_INACTIVE_THREADS = operation(
  'graph',
  'prune_inactive_threads',
  'pruneInactiveThreads',
  [],
  integer<number>,
);
const SET_THREAD_EXPIRY = operation(
  'graph',
  'set_thread_expiry',
  'setThreadExpiry',
  [],
  identity<boolean>,
);
const DELETE_EXPIRED_THREADS = operation(
  'graph',
  'delete_expired_threads',
  'deleteExpiredThreads',
  [],
  integer<number>,
);

/**
 * Stores checkpoints of agents, for frameworks such as LangGraph.
 *
 * A thread has a history of checkpoints. Each has the state of a graph of steps: a serialized value
 * for each channel. The messages of a chat are such a value, and their list grows; its elements are
 * stored once, however many checkpoints have them. Tasks write to channels between two checkpoints.
 * Values are returned exactly as they were stored, and are never interpreted.
 *
 * Programs usually call it through their framework: `chatkeep.langgraph` in Python and
 * `chatkeep/langgraph` in Node are savers for LangGraph.
 */
export class GraphManager extends OperationGroup {
  /**
   * Stores a checkpoint, and replaces one with the same id.
   *
   * The thread and the namespace are created with their first checkpoint or write.
   *
   * @param thread Key of the thread, as the application names it; at most 64 KiB.
   * @param checkpoint The checkpoint.
   * @param options An abort signal.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `checkpoint.channels[3].version`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * checkpoint may be stored; storing it again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  putCheckpoint(thread: string, checkpoint: NewCheckpoint, options?: Abortable): Promise<void> {
    return call(this, PUT_CHECKPOINT, options, () => [
      thread,
      recordArg(PUT_CHECKPOINT.name, 'checkpoint', checkpoint, newCheckpointKeys),
    ]);
  }

  /**
   * Stores the writes of a task, all or none.
   *
   * A write whose index is 0 or more and is stored already stays as it is; one with a negative
   * index is replaced. So storing writes again is safe.
   *
   * @param thread Key of the thread.
   * @param checkpointId Id of the checkpoint from which the task started. It need not be stored
   * yet.
   * @param taskId Id of the task.
   * @param writes The writes.
   * @param options Options: `namespace`, `taskPath` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, such as `writes[3].channel`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * writes may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  putWrites(
    thread: string,
    checkpointId: string,
    taskId: string,
    writes: Iterable<NewGraphWrite>,
    options?: PutWritesOptions,
  ): Promise<void> {
    return call(this, PUT_WRITES, options, ({ namespace, taskPath }) => [
      thread,
      checkpointId,
      taskId,
      recordsArg(PUT_WRITES.name, 'writes', writes, newGraphWriteKeys),
      namespace,
      taskPath,
    ]);
  }

  /**
   * Returns a checkpoint with the values of its channels and the writes that follow it.
   *
   * @param thread Key of the thread.
   * @param options Options: `namespace`, `checkpointId` and `signal`.
   * @returns `null` if there is no such checkpoint.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getCheckpoint(thread: string, options?: GetCheckpointOptions): Promise<GraphCheckpoint | null> {
    return call(this, GET_CHECKPOINT, options, ({ namespace, checkpointId }) => [
      thread,
      namespace,
      checkpointId,
    ]);
  }

  /**
   * Returns checkpoints with their values and writes, those with the greatest ids first.
   *
   * A page has fewer checkpoints than `limit` if it is large. Only an empty one is the end.
   *
   * @param options Options: `thread`, `namespace`, `checkpointId`, `before`, `after`, `limit` and
   * `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listCheckpoints(options?: ListCheckpointsOptions): Promise<GraphCheckpoint[]> {
    return call(this, LIST_CHECKPOINTS, options, ({ thread, namespace, checkpointId, before, after, limit }) => [
      thread,
      namespace,
      checkpointId,
      before,
      after,
      limit,
    ]);
  }

  /**
   * Returns threads, newest first.
   *
   * @param options Options: `limit`, `before`, `userId` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or the user does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listThreads(options?: ListThreadsOptions): Promise<GraphThread[]> {
    return call(this, LIST_THREADS, options, ({ limit, before, userId }) => [
      limit,
      before,
      userId,
    ]);
  }

  /**
   * Sets the user of a thread. Exports and erasures of the user include the thread then.
   *
   * @param thread Key of the thread.
   * @param userId Public id of the user; nothing removes it.
   * @param options An abort signal.
   * @returns `false` if the thread does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: the user does not exist, or `thread` is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setThreadUser(thread: string, userId: string | null, options?: Abortable): Promise<boolean> {
    return call(this, SET_THREAD_USER, options, () => [thread, userId]);
  }

  /**
   * Copies all checkpoints and writes of a thread to another one, in one transaction.
   *
   * Checkpoints of the target with the same namespace and id are replaced. Others stay.
   *
   * @param source Key of the thread to copy.
   * @param target Key of the other thread, which is created if it does not exist.
   * @param options An abort signal.
   * @returns The number of copied checkpoints, 0 if the source does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: a key is invalid, or both are the same.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * copy may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  copyThread(source: string, target: string, options?: Abortable): Promise<number> {
    return call(this, COPY_THREAD, options, () => [source, target]);
  }

  /**
   * Deletes a thread with all its checkpoints and writes.
   *
   * It deletes in batches, each in its own transaction, so that other callers can write in between.
   * After an error, call it again.
   *
   * @param thread Key of the thread.
   * @param options An abort signal.
   * @returns `false` if the thread does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `thread` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: a part may be deleted.
   */
  deleteThread(thread: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_THREAD, options, () => [thread]);
  }

  /**
   * Deletes the checkpoints of runs, with their writes.
   *
   * @param runIds Ids of the runs.
   * @param options An abort signal.
   * @returns The number of deleted checkpoints.
   * @throws `CHATKEEP_INVALID_INPUT`: an id is empty or too long. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some checkpoints may be deleted. Call it again.
   */
  deleteRuns(runIds: readonly string[], options?: Abortable): Promise<number> {
    return call(this, DELETE_RUNS, options, () => [runIds]);
  }

  /**
   * Deletes earlier checkpoints of threads, except the last ones of each namespace.
   *
   * A channel can have its value computed from the writes since an earlier checkpoint. The entries
   * that the remaining checkpoints need for that remain, too. So do the writes of an interrupted
   * step.
   *
   * @param threads Keys of the threads. Those that do not exist are ignored.
   * @param options Options: `keepLast`, `dryRun` and `signal`.
   * @returns The number of deleted checkpoints.
   * @throws `CHATKEEP_INVALID_INPUT`: `keepLast` is less than 1, or a key is invalid. Nothing is
   * deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some checkpoints may be deleted. Call it again.
   */
  pruneThreads(threads: readonly string[], options?: PruneThreadsOptions): Promise<number> {
    return call(this, PRUNE_THREADS, options, ({ keepLast, dryRun }) => [
      threads,
      keepLast,
      dryRun,
    ]);
  }

  /**
   * Deletes the threads without a new checkpoint for a number of days.
   *
   * @param days Days of 24 hours since the last checkpoint, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted threads.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some threads may be deleted. Call it again.
   */
  pruneInactiveThreads(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, PRUNE_INACTIVE_THREADS, options, () => [days]);
  }

  /**
   * Sets the time after which a thread is deleted with the expired ones.
   *
   * @param thread Key of the thread.
   * @param seconds Seconds from now, 1 or more; nothing means that the thread does not expire.
   * @param options An abort signal.
   * @returns `false` if the thread does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `seconds` is out of range, or `thread` is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setThreadExpiry(
    thread: string,
    seconds: number | bigint | null,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, SET_THREAD_EXPIRY, options, () => [thread, seconds]);
  }

  /**
   * Deletes the threads that have expired, with all their checkpoints and writes.
   *
   * @param options An abort signal.
   * @returns The number of deleted threads.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some threads may be deleted. Call it again.
   */
  deleteExpiredThreads(options?: Abortable): Promise<number> {
    return call(this, DELETE_EXPIRED_THREADS, options, () => []);
  }
}
