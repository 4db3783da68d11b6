/**
 * The types of arguments and results. Most of them are generated from the library's descriptions.
 *
 * Integers in results are `number` where that is exact, up to 2^53 - 1, and `bigint` beyond. Ids
 * and counts are typed as `number`, because they never get that large. Token counts and integers
 * in metadata may have any size. In JSON, a `bigint` of a result is a string of its digits, so any
 * result can be passed to `JSON.stringify` or to a web framework.
 */

import type {
  HistoryEntry,
  MigrationStatus,
  NewMessageKeys,
  SchemaDifference,
  SchemaState,
} from './generated/types.js';

export type * from './generated/types.js';

/** A timestamp argument: a `Date`, or an ISO 8601 string, which is in UTC if it has no offset. */
export type TimestampInput = Date | string;

/** Options of a call that can be aborted. */
export interface Abortable {
  /**
   * Aborts the call, which rejects with the signal's reason. A write that has already started may
   * still take effect.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call with a timeout. */
export interface TimeoutOptions {
  /** Maximum time to wait, in seconds. */
  readonly timeout?: number | undefined;
}

/**
 * A message to log: with the keys `message` and `response`, or with `userMessage` and
 * `botResponse`, as `getMessages` returns it.
 */
export type NewMessage =
  | NewMessageKeys
  | (Omit<NewMessageKeys, 'message' | 'response'> & {
      readonly userMessage: string;
      readonly botResponse?: string | null | undefined;
      /** Ignored: the database assigns a new id. */
      readonly id?: number | bigint | undefined;
    });

/** The results of `migrate`, by verb. */
export interface MigrateResponses {
  /** Names of the applied migrations. */
  readonly upgrade: { readonly applied: readonly string[] };
  /** Names of the reverted migrations. */
  readonly downgrade: { readonly reverted: readonly string[] };
  /** State of the database. */
  readonly current: MigrationStatus & { readonly state: SchemaState };
  /** All migrations, in order. */
  readonly history: { readonly migrations: readonly HistoryEntry[] };
  /** Changes to the history. */
  readonly stamp: { readonly changed: readonly string[] };
  /** Whether the schema matches its migrations. `messages` describes the differences as text. */
  readonly check: {
    readonly matches: boolean;
    readonly state: SchemaState;
    readonly differences: readonly SchemaDifference[];
    readonly messages: readonly string[];
  };
  /** The SQL script. */
  readonly sql: { readonly sql: string };
  /** Paths of the created files. */
  readonly new: { readonly files: readonly string[] };
}

/** The verbs of `migrate`, as in `chatkeep migrate`. */
export type MigrateVerb = keyof MigrateResponses;

/** Settings of a store. Those that are not set come from the environment. */
export interface ChatkeepOptions {
  /** Maximum number of connections that stay open when idle (`DB_POOL_SIZE`). */
  readonly poolSize?: number | undefined;
  /** Maximum number of additional connections under load (`DB_MAX_OVERFLOW`). */
  readonly maxOverflow?: number | undefined;
  /** Maximum time to wait for a free connection, in seconds (`DB_POOL_TIMEOUT`). */
  readonly poolTimeout?: number | undefined;
  /** Maximum connection lifetime, in seconds; 0 or -1 for no limit (`DB_POOL_RECYCLE`). */
  readonly poolRecycle?: number | undefined;
  /** Whether an idle connection is checked before use (`DB_POOL_PRE_PING`). */
  readonly poolPrePing?: boolean | undefined;
  /** Maximum time to connect, in seconds (`DB_CONNECT_TIMEOUT`). */
  readonly connectTimeout?: number | undefined;
  /** Maximum duration of one call, in seconds (`DB_QUERY_TIMEOUT`). */
  readonly queryTimeout?: number | undefined;
  /**
   * Number of attempts to reach the database at start-up (`DB_MAX_RETRIES`). Multiplied by
   * `retryDelay`, it is the maximum time to wait, in seconds.
   */
  readonly maxRetries?: number | undefined;
  /** Maximum pause between two attempts at start-up, in seconds (`DB_RETRY_DELAY`). */
  readonly retryDelay?: number | undefined;
  /** Whether pending migrations run automatically (`DB_AUTO_MIGRATE`). */
  readonly autoMigrate?: boolean | undefined;
  /** Number of connections that write messages of concurrent callers (`DB_WRITERS`). */
  readonly writers?: number | undefined;
  /** Time that a token lookup is cached, in seconds (`TOKEN_CACHE_SECONDS`). */
  readonly tokenCache?: number | undefined;
}
