/**
 * The types of arguments and results. Most of them are generated from the library's descriptions.
 *
 * Integers in results are `number` where that is exact, up to 2^53 - 1, and `bigint` beyond. Ids
 * and counts are typed as `number`, because they never get that large. Token counts and integers
 * in metadata may have any size. In JSON, a `bigint` of a result is a string of its digits, so any
 * result can be passed to `JSON.stringify` or to a web framework. Binary data is a `Buffer`.
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
