/** Types of the LangGraph integration. */

// The framework's package has its types twice: for `import`, and for `require`. `RunnableConfig`
// contains classes with protected members, so the one of `import` is not assignable to the other.
// The types that are imported here contain no class, and are the same in both.
import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  CheckpointPendingWrite,
  DeltaChannelHistory,
  PendingWrite,
  SerializerProtocol,
} from '@langchain/langgraph-checkpoint' with { 'resolution-mode': 'import' };
import type { Chatkeep } from '../store.js';
import type { FlushOptions } from '../types.js';

/** Id of a thread. Integers are stored as texts. */
export type ThreadId = string | number | bigint;

/**
 * The part of LangGraph's `RunnableConfig` that a saver reads. In `configurable` these are
 * `thread_id`, `checkpoint_ns` and `checkpoint_id`.
 */
export type SaverConfig = {
  readonly configurable?: Readonly<Record<string, unknown>> | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
};

/** The config of a stored checkpoint, with the thread as the caller named it. */
export type CheckpointConfig = {
  configurable: { thread_id: ThreadId; checkpoint_ns: string; checkpoint_id: string };
};

/** A stored checkpoint. */
export interface StoredCheckpoint {
  config: CheckpointConfig;
  checkpoint: Checkpoint;
  metadata: CheckpointMetadata;
  /** Config of the checkpoint from which this one was computed, if any. */
  parentConfig?: CheckpointConfig;
  /** Writes of the tasks that started from this checkpoint, in LangGraph's order. */
  pendingWrites: CheckpointPendingWrite[];
}

/** Options of `ChatkeepSaver`. */
export interface SaverOptions {
  /** Serializer of checkpoints. Default: LangGraph's. */
  readonly serde?: SerializerProtocol | undefined;
}

/** Options of `list`. */
export interface ListOptions {
  /** Keys of the metadata with their values, which must be equal, also nested ones. */
  readonly filter?: Readonly<Record<string, unknown>> | undefined;
  /** Config of a checkpoint. Only those with a lesser id are returned. */
  readonly before?: SaverConfig | undefined;
  /** Maximum number of checkpoints. Zero returns none. */
  readonly limit?: number | undefined;
}

/** Options of `prune`. */
export interface PruneOptions {
  /**
   * `keep_latest` keeps the last checkpoints of each namespace, and `delete` none. Default:
   * `keep_latest`.
   */
  readonly strategy?: 'keep_latest' | 'delete' | undefined;
  /** Number of checkpoints that `keep_latest` keeps in each namespace. Default: 1. */
  readonly keepLast?: number | undefined;
  /** Whether to count only. Default: false. */
  readonly dryRun?: boolean | undefined;
}

/** The members that LangGraph's base class implements. */
export interface SaverBase {
  /** Serializer of checkpoints. */
  serde: SerializerProtocol;
  /** Returns the name of the class, so that a serialized config does not contain the store. */
  toJSON(): string;
  /** Returns the checkpoint of `getTuple` without its metadata. */
  get(config: SaverConfig): Promise<Checkpoint | undefined>;
  /** Returns the version that follows `current`: the next integer. */
  getNextVersion(current: number | undefined): number;
}

/** The members of `ChatkeepSaver`. */
export interface Saver extends SaverBase {
  /** The store with the checkpoints. */
  readonly chat: Chatkeep;

  /**
   * Creates or upgrades the tables, as the first call does unless `DB_AUTO_MIGRATE` is off.
   *
   * @throws `CHATKEEP_SCHEMA`: the schema is newer than this program.
   * @throws `CHATKEEP_CONFLICT`: another program runs migrations for too long.
   */
  setup(): Promise<void>;

  /**
   * Closes the store if the saver opened it.
   *
   * @param options Options: `timeout` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired while calls were active.
   */
  close(options?: FlushOptions): Promise<void>;

  /** Closes the store if the saver opened it; the name of `close` in LangGraph's savers. */
  end(): Promise<void>;

  /** Closes the store if the saver opened it, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;

  /**
   * Returns the checkpoint that the config names, or the newest one of its namespace.
   *
   * @param config `thread_id`, and optionally `checkpoint_ns` and `checkpoint_id`.
   * @returns The checkpoint with its pending writes. `undefined` if there is none, or if the config
   * has no `thread_id`.
   * @throws `CHATKEEP_INVALID_INPUT`: the config has an invalid value.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer.
   */
  getTuple(config: SaverConfig): Promise<StoredCheckpoint | undefined>;

  /**
   * Iterates over checkpoints, the newest first, of all threads and namespaces that are selected.
   *
   * Checkpoints are queried in pages. Between pages no connection is held.
   *
   * @param config `thread_id`, `checkpoint_ns` and `checkpoint_id`. Without one of them, all are
   * selected.
   * @param options Options: `filter`, `before` and `limit`.
   * @throws `CHATKEEP_INVALID_INPUT`: a config or an option has an invalid value.
   */
  list(config: SaverConfig, options?: ListOptions): AsyncGenerator<StoredCheckpoint>;

  /**
   * Stores a checkpoint. One with the same id is replaced.
   *
   * @param config `thread_id` and `checkpoint_ns`, and as `checkpoint_id` the parent.
   * @param checkpoint The checkpoint.
   * @param metadata Its metadata, which is stored as it is.
   * @param newVersions Versions of the channels that have a new value.
   * @returns The config of the checkpoint.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was stored.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * same call may be repeated.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was stored.
   * @throws An error of the serializer: it does not support a value. Nothing was stored.
   */
  put(
    config: SaverConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<CheckpointConfig>;

  /**
   * Stores the writes of a task. The checkpoint need not be stored yet.
   *
   * @param config Config of the checkpoint.
   * @param writes Channels and values. A write of the same task and position that is stored already
   * stays, except errors, interrupts and the like.
   * @param taskId Id of the task.
   * @param taskPath Path of the task, by which writes are ordered.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing was stored.
   * @throws An error of the serializer: it does not support a value. Nothing was stored.
   */
  putWrites(
    config: SaverConfig,
    writes: PendingWrite[],
    taskId: string,
    taskPath?: string,
  ): Promise<void>;

  /**
   * Deletes a thread with all its checkpoints and writes, if it exists.
   *
   * @param threadId Id of the thread.
   */
  deleteThread(threadId: ThreadId): Promise<void>;

  /**
   * Deletes the checkpoints that runs created, with their writes, in all threads.
   *
   * A run is the `run_id` of a checkpoint's metadata, or of the config with which it was stored.
   * Delta channels of later checkpoints may need the deleted ones; `prune` keeps those.
   *
   * @param runIds Ids of the runs.
   */
  deleteForRuns(runIds: readonly ThreadId[]): Promise<void>;

  /**
   * Copies all checkpoints and writes of a thread.
   *
   * Checkpoints of the target with other ids stay; those with the same id are replaced.
   *
   * @param sourceThreadId Thread to copy. Without checkpoints, nothing is copied.
   * @param targetThreadId Thread that gets the copies.
   */
  copyThread(sourceThreadId: ThreadId, targetThreadId: ThreadId): Promise<void>;

  /**
   * Deletes old checkpoints of threads, or all.
   *
   * `keep_latest` keeps the last ones of each namespace with their writes, and the ancestors that
   * their delta channels need. Interrupted graphs can be resumed.
   *
   * @param threadIds Threads to prune.
   * @param options Options: `strategy`, `keepLast` and `dryRun`.
   * @returns The number of checkpoints that were deleted, or with `dryRun` would be.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid. Nothing was deleted.
   */
  prune(threadIds: readonly ThreadId[], options?: PruneOptions): Promise<number>;

  /**
   * Returns the writes to delta channels since their last stored values.
   *
   * @param options The config of a checkpoint, whose ancestors are read, and the names of the
   * channels.
   * @returns For each channel, its writes from the oldest on, and the stored value before them, if
   * any.
   */
  getDeltaChannelHistory(options: {
    config: SaverConfig;
    channels: string[];
  }): Promise<Record<string, DeltaChannelHistory>>;
}

/** The constructor of `ChatkeepSaver`. */
export interface SaverConstructor {
  /**
   * Creates a saver. It connects at the first call.
   *
   * @param chat Database URL, or store to use. By default the store that the environment variables
   * configure.
   * @param options The serializer.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` if the URL is invalid.
   */
  new (chat?: string | Chatkeep | null, options?: SaverOptions): Saver;

  /**
   * Creates a saver for a database URL, as LangGraph's savers do.
   *
   * @param connString Database URL.
   * @param options The serializer.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` if the URL is invalid.
   */
  fromConnString(connString: string, options?: SaverOptions): Saver;
}
