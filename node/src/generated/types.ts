/** Arguments and results. Made from the descriptions in crates/ by `make generate`. */

import type { Abortable, TimestampInput } from '../types.js';

/** A format of training data. All formats are JSON Lines: one object per line. */
export type FineTuningFormat =
  /**
   * `{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}`, the
   * format of OpenAI's fine-tuning.
   */
  | 'jsonl'
  /** `{"instruction": …, "input": "", "output": …}`, the format of Stanford Alpaca. */
  | 'alpaca'
  /**
   * `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`, the
   * format of ShareGPT.
   */
  | 'sharegpt';

/** The reason why a token is valid or invalid. */
export type TokenReason =
  /** The token is valid. */
  | 'valid'
  /** The text is not a token: it is empty or too long, or contains whitespace or a typo. */
  | 'malformed'
  /** The token does not exist. */
  | 'unknown'
  /** The token was revoked. */
  | 'revoked'
  /** The token has expired. */
  | 'expired';

/**
 * A database engine. `MySql` and `MariaDb` share a driver and an SQL dialect, with a few
 * differences.
 */
export type Engine =
  /** SQLite 3, embedded. */
  | 'sqlite'
  /** PostgreSQL 14 and later. */
  | 'postgresql'
  /** MySQL 8.0.17 and later. */
  | 'mysql'
  /** MariaDB 10.11 and later. */
  | 'mariadb';

/** Overall state of a schema. */
export type SchemaState =
  /** All migrations were run. */
  | 'head'
  /** This number of migrations is pending. */
  | 'behind'
  /** A newer program has run migrations that this one does not have. */
  | 'newer'
  /** A migration was run with a different text than this program's. */
  | 'changed'
  /** The history has a migration that this program does not have. */
  | 'missing'
  /** A migration was added before others that were already run. */
  | 'out_of_order'
  /** A migration was started and did not finish. */
  | 'dirty';

/** State of the search index. */
export type SearchIndexState =
  /** No index exists. Searches scan messages, newest first, until the page is full. */
  | 'absent'
  /** The index exists, and searches use it. */
  | 'ready'
  /**
   * The index is being built, its build was interrupted, or MySQL's `ngram_token_size` has changed
   * since. Searches do not use it.
   */
  | 'unfinished'
  /** This engine does not support a search index: MariaDB. */
  | 'unsupported';

/** State of a migration. */
export type MigrationState =
  /** It was run. */
  | 'applied'
  /** It has not been run yet. */
  | 'pending'
  /** It was run from a file with a different text. */
  | 'changed'
  /** It is in the history, but not in the program or folder, which has later ones. */
  | 'missing'
  /** It is in the history, and later than all migrations of the program or folder. */
  | 'newer'
  /** It was not run, but later ones were. */
  | 'out_of_order'
  /** It was started and did not finish, or is running. */
  | 'dirty';

/** A logged message. */
export interface Message {
  /** Id assigned by the database. Later messages have higher ids; ids may have gaps. */
  readonly id: number;
  /**
   * Time of the exchange. A `Date` shows only milliseconds, but if you pass it back as an argument,
   * the stored microseconds are kept.
   */
  readonly timestamp: Date;
  /** Message of the user. */
  readonly userMessage: string;
  /** Response of the model, if any. */
  readonly botResponse: string | null;
  /** Provider of the model. */
  readonly provider: string | null;
  /** Model that responded. */
  readonly model: string | null;
  /** Number of tokens that the exchange used. */
  readonly tokensUsed: number | bigint | null;
  /**
   * Additional data. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of
   * digits.
   */
  readonly metadata: Record<string, any> | null;
}

/** Totals of the messages in a time span. */
export interface Analytics {
  /** Number of messages. */
  readonly totalMessages: number;
  /** Number of tokens of all messages with a token count. */
  readonly totalTokens: number | bigint;
  /** Average tokens per message with a token count; `null` if no message has one. */
  readonly averageTokens: number | null;
  /** Number of messages by provider. Messages without a provider count as `unknown`. */
  readonly providers: Readonly<Record<string, number>>;
  /** Number of messages by model. Messages without a model count as `unknown`. */
  readonly models: Readonly<Record<string, number>>;
  /** Number of messages by UTC day, as `YYYY-MM-DD`. Days without messages are omitted. */
  readonly byDate: Readonly<Record<string, number>>;
}

/** The result of comparing the totals with the messages. */
export interface TotalsCheck {
  /** Number of messages that should be in the totals. */
  readonly counted: number;
  /** Number of messages that are not counted yet. Statistics read these rows directly. */
  readonly uncounted: number;
  /** Totals that differ from the messages, oldest first. Empty if the totals are correct. */
  readonly differences: readonly TotalsDifference[];
}

/** A total that differs from the messages. */
export interface TotalsDifference {
  /** Start of the period. */
  readonly start: Date;
  /** Length of the period in hours: 1, 24 (a day) or 720 (30 days). */
  readonly hours: number;
  /** Provider, or `unknown`. */
  readonly provider: string;
  /** Model, or `unknown`. */
  readonly model: string;
  /** Stored sums. */
  readonly kept: Sums;
  /** Actual sums of the messages. */
  readonly found: Sums;
}

/** Sums over messages. */
export interface Sums {
  /** Number of messages. */
  readonly messages: number;
  /** Number of messages with a token count. */
  readonly withTokens: number;
  /** Total number of tokens. */
  readonly tokens: number | bigint;
}

/** A newly created token. This is the only record that contains the plain-text token. */
export interface CreatedToken {
  /**
   * The plain-text token. Deliver it to its owner now; chatkeep does not store it. `util.inspect`,
   * and so `console.log`, shows only its start.
   */
  readonly token: string;
  /** The token's id. */
  readonly id: number;
  /** The same id, for code that uses the old name. */
  readonly tokenId: number;
  /** The purpose of the token. */
  readonly description: string;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time from which the token is invalid. `null` means that it does not expire. */
  readonly expiresAt: Date | null;
}

/** The result of a token check. An unreachable database is an error, never a result. */
export interface TokenCheck {
  /** Whether the token is valid now. */
  readonly valid: boolean;
  /** The reason why the token is valid or invalid. */
  readonly reason: TokenReason;
  /** The token's record, if one was found. */
  readonly token: TokenInfo | null;
}

/** A stored token, without its hash. */
export interface TokenInfo {
  /** The token's id. */
  readonly id: number;
  /** The same id, for code that uses the old name. */
  readonly tokenId: number;
  /** The purpose of the token. */
  readonly description: string;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time from which the token is invalid. `null` means that it does not expire. */
  readonly expiresAt: Date | null;
  /** Whether the token has not been revoked. */
  readonly isActive: boolean;
  /** Time of the last use, with a precision of one minute. */
  readonly lastUsedAt: Date | null;
  /** The token's first characters, to identify it. */
  readonly tokenStart: string | null;
}

/** A user's rating of a response. */
export interface Feedback {
  /** Id assigned by the database. It stays the same when the rating is changed. */
  readonly id: number;
  /** Id of the rated message. */
  readonly messageId: number;
  /** The user who rated, as the application names users. */
  readonly user: string;
  /** Rating from -10 to 10. */
  readonly rating: number;
  /** The user's comment, if any. */
  readonly comment: string | null;
  /** Time of the first rating. */
  readonly createdAt: Date;
  /** Time of the last change. */
  readonly updatedAt: Date;
}

/** The ratings of the responses of one model. */
export interface FeedbackSummary {
  /** Number of ratings. */
  readonly ratings: number;
  /** Number of ratings above 0. */
  readonly positive: number;
  /** Number of ratings below 0. */
  readonly negative: number;
  /** Average rating. */
  readonly average: number;
}

/**
 * Numbers of connections and waiting callers at one point in time.
 *
 * On SQLite, each number is the sum over the writer and the readers.
 */
export interface PoolStatus {
  /** Maximum number of connections that stay open when idle. */
  readonly poolSize: number;
  /** Number of idle connections. */
  readonly checkedIn: number;
  /** Number of connections in use, including those being opened. */
  readonly checkedOut: number;
  /** Number of connections in use beyond `poolSize`. */
  readonly overflow: number;
  /** Sum of `checkedIn` and `checkedOut`. */
  readonly total: number;
  /** Maximum number of connections: `poolSize` plus the allowed overflow. */
  readonly max: number;
  /** Number of calls waiting for a connection. */
  readonly waiting: number;
}

/** The result of a health check. */
export interface Health {
  /**
   * Whether calls can work. It is false when the schema does not match this program. A database
   * that does not answer is an error instead.
   */
  readonly ok: boolean;
  /** The engine that the server reports. */
  readonly engine: Engine;
  /** The server's version, or SQLite's. */
  readonly serverVersion: string;
  /** Response time of the database in milliseconds, including a necessary connect. */
  readonly latencyMs: number;
  /** `head`, or the mismatch: `behind`, `newer`, `changed`, `missing`, `out_of_order`, `dirty`. */
  readonly schema: SchemaState;
  /** The pool's status after the check. */
  readonly pool: PoolStatus;
}

/** Status of a database with respect to this program's migrations. */
export interface MigrationStatus {
  /** Migrations that were run, in order. */
  readonly applied: readonly AppliedMigration[];
  /** Migrations still to be run, in order. */
  readonly pending: readonly PendingMigration[];
  /** Versions later than this program's, which a newer program has run. */
  readonly unknown: readonly string[];
}

/** A migration that was run on the database. */
export interface AppliedMigration {
  /** Version, with the prefix `app:` for an application's migration. */
  readonly version: string;
  /** Descriptive name. */
  readonly name: string;
  /** Time when it finished. */
  readonly appliedAt: Date | null;
}

/** A migration that has not been run. */
export interface PendingMigration {
  /** Version, with the prefix `app:` for an application's migration. */
  readonly version: string;
  /** Descriptive name. */
  readonly name: string;
}

/** Report of an import. */
export interface ImportReport {
  /** Whether the rows were stored. False in a dry run, and if the import was refused. */
  readonly stored: boolean;
  /** Files, in the order of the arguments. */
  readonly files: readonly ImportedFile[];
  /** Number of rows with invalid values. */
  readonly badRows: number;
  /** Number of these rows that even `force` does not store. */
  readonly hopelessRows: number;
  /** The first 10,000 problems. */
  readonly problems: readonly ImportProblem[];
}

/** Report on one file. */
export interface ImportedFile {
  /** Path of the file. */
  readonly file: string;
  /** Numbers of messages. */
  readonly messages: ImportCounts;
  /** Numbers of tokens. */
  readonly tokens: ImportCounts;
  /** Names of other tables, which are ignored. */
  readonly otherTables: readonly string[];
  /** Whether the messages have no timestamps and get the file's modification time. */
  readonly timesAreUnknown: boolean;
  /** Unknown columns of the tables. */
  readonly unknownColumns: readonly UnknownColumn[];
}

/** Numbers of rows. */
export interface ImportCounts {
  /** Rows in the file. */
  readonly found: number;
  /** Rows that were stored, or would be in a dry run. */
  readonly stored: number;
  /** Rows that an earlier run had already stored. */
  readonly alreadyThere: number;
  /** Stored rows with a new id, because another row has theirs. */
  readonly withNewId: number;
  /** Stored rows that differ from the originals, because of invalid values or unknown columns. */
  readonly forced: number;
}

/** A column that chatkeep does not have. */
export interface UnknownColumn {
  /** Name of the table. */
  readonly table: string;
  /** Name of the column. */
  readonly column: string;
  /** Number of rows whose value is not NULL. */
  readonly rows: number;
  /**
   * Whether `force` stores the rows.  A message keeps the value in its metadata. A token has no
   * metadata, and the column may restrict what the token can be used for. It is therefore never
   * omitted unless it is NULL.
   */
  readonly canBeForced: boolean;
}

/** An invalid value. */
export interface ImportProblem {
  /** Path of the file. */
  readonly file: string;
  /** Name of the table. */
  readonly table: string;
  /** SQLite's `rowid` of the row, which is its id if the id is the primary key. */
  readonly row: number | bigint;
  /** Name of the column. */
  readonly field: string;
  /** Description of the problem. */
  readonly message: string;
  /** Whether `force` stores the row. */
  readonly canBeForced: boolean;
}

/** A migration in the program or folder, in the history, or in both. */
export interface HistoryEntry {
  /** Version, with the prefix `app:` for an application's migration. */
  readonly version: string;
  /** Descriptive name. */
  readonly name: string;
  /** State of the migration. */
  readonly state: MigrationState;
  /** Time when it started. */
  readonly startedAt: Date | null;
  /** Time when it finished. */
  readonly appliedAt: Date | null;
  /** SHA-256 of the file that was run, or of the file to run if none was. */
  readonly checksum: string;
  /** State in the history, such as `done`, `failed` or `running:2`. */
  readonly recorded: string | null;
  /** Error of the database, if it failed. */
  readonly error: string | null;
}

/** A difference between a schema and the result of its migrations. */
export interface SchemaDifference {
  /** Table of the object; empty if it belongs to none. */
  readonly table: string;
  /**
   * Kind of the object, such as `table`, `column`, `index`, `primary key`, `foreign key`, `check`,
   * `constraint`, `trigger` or `view`.
   */
  readonly kind: string;
  /** Name of the object; empty for a table. */
  readonly name: string;
  /** Definition in the migrations; `null` if they do not create it. */
  readonly expected: string | null;
  /** Definition in the database; `null` if it is missing. */
  readonly found: string | null;
}

/** A message to log: the user's message, the model's response, and details of the exchange. */
export interface NewMessageKeys {
  /** Message of the user. */
  readonly message: string;
  /** Response of the model, if any. */
  readonly response?: string | null | undefined;
  /** Provider of the model, such as `openai` or `anthropic`. At most 50 characters. */
  readonly provider?: string | null | undefined;
  /** Model that responded. At most 100 characters. */
  readonly model?: string | null | undefined;
  /** Number of tokens that the exchange used; 0 or more. */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /** Time of the exchange; defaults to the time of logging. */
  readonly timestamp?: TimestampInput | null | undefined;
}

/** Conditions on messages, combined with AND. An empty filter matches all messages. */
export interface MessageFilter {
  /** Provider, compared exactly. */
  readonly provider?: string | null | undefined;
  /** Model, compared exactly. */
  readonly model?: string | null | undefined;
  /** Earliest timestamp, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** Latest timestamp, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
  /** Required metadata keys and their values. */
  readonly metadata?: Readonly<Record<string, string | number | bigint | boolean | null>> | null | undefined;
}

/** Options of `getMessages`. */
export interface GetMessagesOptions extends MessageFilter, Abortable {
  /** Maximum number of messages to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /**
   * Number of messages to skip. Use a cursor instead if messages are written concurrently. Default:
   * 0.
   */
  readonly offset?: number | bigint | undefined;
  /** Position after which the page starts. A cursor and an offset are mutually exclusive. */
  readonly cursor?: string | Message | null | undefined;
}

/** Options of `iterMessages`. */
export interface IterationOptions extends MessageFilter, Abortable {
  /** Whether the oldest message is first. Default: `false`. */
  readonly oldestFirst?: boolean | null | undefined;
}

/** Options of `searchMessages`. */
export interface PageOptions extends Abortable {
  /** Maximum number of messages to return (1–10,000). Default: 50. */
  readonly limit?: number | bigint | undefined;
  /**
   * Number of messages to skip. Use a cursor instead if messages are written concurrently. Default:
   * 0.
   */
  readonly offset?: number | bigint | undefined;
  /** Position after which the page starts. A cursor and an offset are mutually exclusive. */
  readonly cursor?: string | Message | null | undefined;
}

/** Options of `getAnalytics`. */
export interface SpanOptions extends Abortable {
  /** Start of the period, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** End of the period, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
}

/** Options of `createToken`. */
export interface NewTokenOptions extends Abortable {
  /** Purpose of the token, at most 255 characters. Default: `API Token`. */
  readonly description?: string | undefined;
  /** Days until the token expires, 1 or more; without it, it does not expire. */
  readonly expiresDays?: number | bigint | null | undefined;
}

/** Options of `putFeedback`. */
export interface PutFeedbackOptions extends Abortable {
  /** The user's comment. */
  readonly comment?: string | null | undefined;
}

/** Options of `listFeedback`. */
export interface ListFeedbackOptions extends Abortable {
  /** ID of a message, to return only its ratings. */
  readonly messageId?: number | bigint | null | undefined;
  /** Maximum number of ratings to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** ID of a rating, to return only earlier ones. Pass the last ID of a page for the next page. */
  readonly before?: number | bigint | null | undefined;
}

/** Options of `migrate`. */
export interface MigrateOptions extends Abortable {
  /** Folder of an application's migrations. */
  readonly folder?: string | null | undefined;
  /** First revision of a script. The default is the database's current revision. */
  readonly fromRevision?: string | null | undefined;
  /** Description of a new migration. */
  readonly description?: string | null | undefined;
  /** Whether to create a new migration for each engine. Default: `false`. */
  readonly perEngine?: boolean | null | undefined;
}

/** Options of `flush`. */
export interface FlushOptions extends Abortable {
  /** Maximum wait, in seconds. Default: 30. */
  readonly timeout?: number | undefined;
}

/** Settings of a store. Those that are not set are read from the environment. */
export interface ChatkeepOptions {
  /** Maximum number of connections that stay open when idle. Default: `DB_POOL_SIZE`, or 10. */
  readonly poolSize?: number | undefined;
  /**
   * Maximum number of additional connections under load. They are closed on return. Default:
   * `DB_MAX_OVERFLOW`, or 20.
   */
  readonly maxOverflow?: number | undefined;
  /** Maximum wait for a free connection, in seconds. Default: `DB_POOL_TIMEOUT`, or 30. */
  readonly poolTimeout?: number | undefined;
  /**
   * Maximum connection lifetime, in seconds. Zero means no limit. Default: `DB_POOL_RECYCLE`, or
   * 3600.
   */
  readonly poolRecycle?: number | undefined;
  /**
   * Whether an idle connection is checked before it is used. Default: `DB_POOL_PRE_PING`, or
   * `true`.
   */
  readonly poolPrePing?: boolean | undefined;
  /** Maximum time to connect, in seconds. Default: `DB_CONNECT_TIMEOUT`, or 10. */
  readonly connectTimeout?: number | undefined;
  /** Maximum time for one statement, in seconds. Default: `DB_QUERY_TIMEOUT`, or 30. */
  readonly queryTimeout?: number | undefined;
  /**
   * Limit of the wait for the database at start-up, as a multiple of `retryDelay`. Zero means no
   * retries. An error that a retry cannot fix, such as a wrong password, is returned at once.
   * Default: `DB_MAX_RETRIES`, or 5.
   */
  readonly maxRetries?: number | undefined;
  /**
   * Maximum pause between two attempts at start-up, in seconds. Default: `DB_RETRY_DELAY`, or 5.
   */
  readonly retryDelay?: number | undefined;
  /**
   * Whether the schema is created or upgraded before the first call. Turn it off for accounts that
   * may not change tables, and run `chatkeep migrate upgrade` first. Default: `DB_AUTO_MIGRATE`, or
   * `true`.
   */
  readonly autoMigrate?: boolean | undefined;
  /**
   * Number of connections that write messages of concurrent callers. SQLite always has one. With 1,
   * ids follow the order of calls that do not wait for each other. Default: `DB_WRITERS`, or 2.
   */
  readonly writers?: number | undefined;
  /**
   * How long a token lookup is cached, in seconds. With zero, every check queries the database. A
   * revocation takes effect immediately in its own process. Default: `TOKEN_CACHE_SECONDS`, or 5.
   */
  readonly tokenCache?: number | undefined;
}

/** Codes of errors. */
export type ChatkeepErrorCode =
  /** The settings are wrong: a malformed URL, a wrong password, or a missing database. */
  | 'CHATKEEP_CONFIGURATION'
  /** An argument is invalid; the error's `field` names it. Nothing was stored. */
  | 'CHATKEEP_INVALID_INPUT'
  /** The database is unreachable, the connection was lost, or it did not respond in time. */
  | 'CHATKEEP_UNAVAILABLE'
  /** No connection became free in time, or the server has reached its connection limit. */
  | 'CHATKEEP_POOL_TIMEOUT'
  /** A deadlock, a serialization failure or a lock lasted until the deadline. */
  | 'CHATKEEP_CONFLICT'
  /** The connection broke before the database confirmed a change, which may have been stored. */
  | 'CHATKEEP_OUTCOME_UNKNOWN'
  /** The disk, or the space assigned to the database, is full. */
  | 'CHATKEEP_STORAGE_FULL'
  /** The file, the directory or the server accepts no changes. */
  | 'CHATKEEP_READ_ONLY'
  /** The file is damaged, or is not a chatkeep database. */
  | 'CHATKEEP_CORRUPT'
  /** The database's schema does not match this program; the error's `state` is the difference. */
  | 'CHATKEEP_SCHEMA'
  /** The caller interrupted the call while it waited, for example with Ctrl-C. */
  | 'CHATKEEP_INTERRUPTED'
  /** A bug in chatkeep, or a response that it does not understand. */
  | 'CHATKEEP_INTERNAL';
