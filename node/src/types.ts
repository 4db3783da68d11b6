/**
 * The shapes of what chatkeep takes and returns.
 *
 * Whole numbers come back as `number` where that is exact, up to 2^53 - 1, and as `bigint` beyond. Ids and counts are typed as
 * `number`, since counting never gets that far; tokens and what is in metadata may be anything that was stored. In JSON a
 * `bigint` of a result is the string of its digits: any result can be given to `JSON.stringify` or to a web framework.
 */

/** A moment as it is given: a `Date`, or a text in ISO 8601, which is UTC where it names no offset. */
export type Moment = Date | string;

/** Why a token is valid or not. */
export type TokenReason = 'valid' | 'malformed' | 'unknown' | 'revoked' | 'expired';

/** A form of training data: OpenAI's, Stanford Alpaca's, or ShareGPT's. All are JSON Lines. */
export type FineTuningFormat = 'jsonl' | 'alpaca' | 'sharegpt';

/** A logged message. */
export interface Message {
  readonly id: number;
  /** Milliseconds; the microseconds that the database keeps are cut. */
  readonly timestamp: Date;
  readonly userMessage: string;
  readonly botResponse: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly tokensUsed: number | bigint | null;
  /** Whole numbers beyond 2^53 are `bigint`s; in JSON, strings of their digits. */
  // biome-ignore lint/suspicious/noExplicitAny: it is whatever was stored
  readonly metadata: Record<string, any> | null;
}

/** What a message may be logged with. `userMessage` and `botResponse` are other names for `message` and `response`. */
interface MessageParts {
  /** What was answered, if anything. */
  readonly response?: string | null | undefined;
  /** Who answered, in at most 50 characters. */
  readonly provider?: string | null | undefined;
  /** The model that answered, in at most 100 characters. */
  readonly model?: string | null | undefined;
  /** Tokens that the exchange used. */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Anything else that can be a JSON object of at most 30 levels; `bigint`s of 64 bits are exact. */
  readonly metadata?: object | null | undefined;
  /** When it happened; now, when it is not given. */
  readonly timestamp?: Moment | null | undefined;
}

/** A message to be logged: with the names of `logMessage`, or as `getMessages` returns it. */
export type NewMessage =
  | (MessageParts & {
      /** What the person said. */
      readonly message: string;
    })
  | (Omit<MessageParts, 'response'> & {
      readonly userMessage: string;
      readonly botResponse?: string | null | undefined;
      /** Passed over: the database gives another. */
      readonly id?: number | bigint | undefined;
    });

/** What can be broken off. */
export interface Abortable {
  /** Breaks the call off, and rejects it with the signal's reason. A change that was begun may be made all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Which messages are meant. */
export interface MessageFilter {
  /** Exactly this provider. */
  readonly provider?: string | null | undefined;
  /** Exactly this model. */
  readonly model?: string | null | undefined;
  /** At this moment or later. */
  readonly startDate?: Moment | null | undefined;
  /** At this moment or earlier. */
  readonly endDate?: Moment | null | undefined;
  /** Each of these keys is there, with this value. */
  readonly metadata?:
    | Readonly<Record<string, string | number | bigint | boolean | null>>
    | null
    | undefined;
}

/** Which part of the messages is wanted. */
export interface PageOptions extends Abortable {
  /** At most so many, 1 to 10,000. */
  readonly limit?: number | undefined;
  /** So many are passed over first. */
  readonly offset?: number | undefined;
  /** Go on behind this message, or behind this place (`cursorAfter`), whatever is logged or deleted meanwhile. */
  readonly cursor?: string | Message | null | undefined;
}

/** Which messages are meant, and in which order. */
export interface IterationOptions extends MessageFilter, Abortable {
  /** In the order of time; otherwise the newest comes first. */
  readonly oldestFirst?: boolean | undefined;
}

/** A span of time. */
export interface SpanOptions extends Abortable {
  /** From this moment on. */
  readonly startDate?: Moment | null | undefined;
  /** Up to this moment. */
  readonly endDate?: Moment | null | undefined;
}

/** How long to wait. */
export interface Patience {
  /** Seconds. */
  readonly timeout?: number | undefined;
}

/** Totals over the messages of a span of time. */
export interface Analytics {
  readonly totalMessages: number;
  readonly totalTokens: number | bigint;
  /** Over the messages that have a number of tokens; `null` when none has. */
  readonly averageTokens: number | null;
  /** Messages by provider; those without one count as `unknown`. */
  readonly providers: Readonly<Record<string, number>>;
  readonly models: Readonly<Record<string, number>>;
  /** Messages by day in UTC, as `YYYY-MM-DD`. */
  readonly byDate: Readonly<Record<string, number>>;
}

/** What messages add up to. */
export interface Sums {
  readonly messages: number;
  readonly withTokens: number;
  readonly tokens: number | bigint;
}

/** Totals of an hour or a day that are wrong. */
export interface TotalsDifference {
  readonly start: Date;
  readonly hours: number;
  readonly provider: string;
  readonly model: string;
  readonly kept: Sums;
  readonly found: Sums;
}

/** What a comparison of the totals with the messages found. */
export interface TotalsCheck {
  readonly counted: number;
  readonly uncounted: number;
  readonly differences: readonly TotalsDifference[];
}

/** What a token is made with. */
export interface NewTokenOptions {
  /** What it is for, in at most 255 characters. */
  readonly description?: string | undefined;
  /** It is invalid after so many days, 1 or more; without it, never. */
  readonly expiresDays?: number | null | undefined;
}

/** A stored token: never the token itself. */
export interface TokenInfo {
  readonly id: number;
  /** The same number, under the name that older code uses. */
  readonly tokenId: number;
  readonly description: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly isActive: boolean;
  readonly lastUsedAt: Date | null;
  /** Its first characters, to tell it from others. */
  readonly tokenStart: string | null;
}

/** A token that was just made. This is the only time that it can be shown. */
export interface CreatedToken {
  /** The token itself. `util.inspect`, and so `console.log`, shows only its start. */
  readonly token: string;
  readonly id: number;
  readonly tokenId: number;
  readonly description: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** What a check of a token found. */
export interface TokenCheck {
  readonly valid: boolean;
  readonly reason: TokenReason;
  readonly token: TokenInfo | null;
}

/** How many connections there are, and who has them. */
export interface PoolStatus {
  readonly poolSize: number;
  readonly checkedIn: number;
  readonly checkedOut: number;
  readonly overflow: number;
  readonly total: number;
  readonly max: number;
  readonly waiting: number;
}

/** How a schema fits this version. */
export type SchemaState =
  | 'head'
  | 'behind'
  | 'newer'
  | 'changed'
  | 'missing'
  | 'out_of_order'
  | 'dirty';

/** A sign of life. */
export interface Health {
  /** False when the schema does not fit; `schema` says in what way. */
  readonly ok: boolean;
  /** The engine, as the server itself says. */
  readonly engine: string;
  readonly serverVersion: string;
  readonly latencyMs: number;
  readonly schema: SchemaState;
  readonly pool: PoolStatus;
}

/** A migration that the database has. */
export interface AppliedMigration {
  readonly version: string;
  readonly name: string;
  readonly appliedAt: Date | null;
}

/** Where a database stands among the migrations of this version. */
export interface MigrationStatus {
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly { readonly version: string; readonly name: string }[];
  /** Versions that this one does not know: a newer one has run them. */
  readonly unknown: readonly string[];
}

/** What `migrate` is told beside its verb and the revision. */
export interface MigrateOptions {
  /** The application's own migrations: `NAME/up.sql` and `NAME/down.sql`. */
  readonly folder?: string | null | undefined;
  /** Where the script of `sql` begins; at what the database has, when left out. */
  readonly fromRevision?: string | null | undefined;
  /** What a `new` migration does. */
  readonly description?: string | null | undefined;
  /** Whether there is a `new` one for each engine. */
  readonly perEngine?: boolean | null | undefined;
}

/** One migration, in this version, in the database's history, or in both. */
export interface HistoryEntry {
  /** Its place in the order; with `app:` before it for an application's. */
  readonly version: string;
  readonly name: string;
  readonly state:
    | 'applied'
    | 'pending'
    | 'changed'
    | 'missing'
    | 'newer'
    | 'out_of_order'
    | 'dirty';
  readonly startedAt: Date | null;
  readonly appliedAt: Date | null;
  /** SHA-256 of the file that was run; of the one that would be run where none was. */
  readonly checksum: string;
  /** What the history says of it: `done`, `failed`, `running:2`. */
  readonly recorded: string | null;
  /** What the database said when it failed. */
  readonly error: string | null;
}

/** One way in which a schema is not what its migrations make. */
export interface SchemaDifference {
  /** Empty for what belongs to no table. */
  readonly table: string;
  /** `table`, `column`, `index` and so on. */
  readonly kind: string;
  /** Empty for a table. */
  readonly name: string;
  /** What the migrations make it; `null` where they make no such thing. */
  readonly expected: string | null;
  /** What it is in the database; `null` where it is missing. */
  readonly found: string | null;
}

/** What `migrate` resolves to, by its verb. */
export interface MigrateAnswers {
  /** The names of what was run. */
  readonly upgrade: { readonly applied: readonly string[] };
  /** The names of what was taken back. */
  readonly downgrade: { readonly reverted: readonly string[] };
  /** Where the database stands. */
  readonly current: MigrationStatus & { readonly state: SchemaState };
  /** Every migration, in order. */
  readonly history: { readonly migrations: readonly HistoryEntry[] };
  /** What the history now says that it did not. */
  readonly stamp: { readonly changed: readonly string[] };
  /** Whether the schema is what its migrations make; if not, how it differs, also in words. */
  readonly check: {
    readonly matches: boolean;
    readonly state: SchemaState;
    readonly differences: readonly SchemaDifference[];
    readonly messages: readonly string[];
  };
  /** The script. */
  readonly sql: { readonly sql: string };
  /** The files that were made. */
  readonly new: { readonly files: readonly string[] };
}

/** What `migrate` can do: the verbs of `chatkeep migrate`. */
export type MigrateVerb = keyof MigrateAnswers;

/** What became of the rows of a file that another program left behind. */
export interface ImportCounts {
  readonly found: number;
  readonly stored: number;
  /** From an earlier run. */
  readonly alreadyThere: number;
  /** Of those stored: another row has their id. */
  readonly withNewId: number;
  /** Of those stored: they could not be stored as they were. */
  readonly forced: number;
}

/** A file that another program left behind. */
export interface ImportedFile {
  readonly file: string;
  readonly messages: ImportCounts;
  readonly tokens: ImportCounts;
  /** Tables that have no place here, and were left alone. */
  readonly otherTables: readonly string[];
  /** Whether its messages have no time of their own, and get the file's. */
  readonly timesAreUnknown: boolean;
  /** Columns of its tables that have no place here. */
  readonly unknownColumns: readonly UnknownColumn[];
}

/** A column of another program's table that has no place here. */
export interface UnknownColumn {
  readonly table: string;
  readonly column: string;
  /** How many rows hold something in it. */
  readonly rows: number;
  /** Whether the command stores the rows all the same when it is told to: not when it is one of tokens and holds something. */
  readonly canBeForced: boolean;
}

/** A value that cannot be stored as it is. */
export interface ImportProblem {
  readonly file: string;
  readonly table: string;
  /** SQLite's number of the row. */
  readonly row: number | bigint;
  readonly field: string;
  readonly message: string;
  readonly canBeForced: boolean;
}

/** What an import found and did. */
export interface ImportReport {
  readonly stored: boolean;
  readonly files: readonly ImportedFile[];
  readonly badRows: number;
  readonly hopelessRows: number;
  readonly problems: readonly ImportProblem[];
}

/** Whether there is a search index. */
export type SearchIndexState = 'absent' | 'ready' | 'unfinished' | 'unsupported';

/** What a store can be told. What is not set here comes from the environment. */
export interface ChatkeepOptions {
  /** Connections that are kept (`DB_POOL_SIZE`). */
  readonly poolSize?: number | undefined;
  /** More connections under load (`DB_MAX_OVERFLOW`). */
  readonly maxOverflow?: number | undefined;
  /** Seconds to wait for a free connection (`DB_POOL_TIMEOUT`). */
  readonly poolTimeout?: number | undefined;
  /** Maximum connection lifetime in seconds; 0 or -1 is no limit (`DB_POOL_RECYCLE`). */
  readonly poolRecycle?: number | undefined;
  /** Whether an idle connection is checked before use (`DB_POOL_PRE_PING`). */
  readonly poolPrePing?: boolean | undefined;
  /** Seconds to connect (`DB_CONNECT_TIMEOUT`). */
  readonly connectTimeout?: number | undefined;
  /** Seconds for one call (`DB_QUERY_TIMEOUT`). */
  readonly queryTimeout?: number | undefined;
  /** Times `retryDelay`: seconds to wait for a database at start-up (`DB_MAX_RETRIES`). */
  readonly maxRetries?: number | undefined;
  /** Maximum pause between two attempts at start-up, in seconds (`DB_RETRY_DELAY`). */
  readonly retryDelay?: number | undefined;
  /** Whether the schema is brought up to date automatically (`DB_AUTO_MIGRATE`). */
  readonly autoMigrate?: boolean | undefined;
  /** Connections that write messages of concurrent callers (`DB_WRITERS`). */
  readonly writers?: number | undefined;
  /** Seconds for which a token lookup is cached (`TOKEN_CACHE_SECONDS`). */
  readonly tokenCache?: number | undefined;
}
