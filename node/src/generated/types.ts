/** Arguments and results. Made from the descriptions in crates/ by `make generate`. */

import type { Abortable, TimestampInput } from '../types.js';

/** The outcome of a request to a model. */
export type MessageStatus =
  /** The response is complete. */
  | 'completed'
  /** The request failed. The response may be incomplete. */
  | 'failed'
  /** The user or the application cancelled the request. */
  | 'cancelled'
  /** The program ended before the response was complete. */
  | 'interrupted';

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
  | 'expired'
  /** A rotation replaced the token, and its grace period is over. */
  | 'rotated'
  /** The token's owner is inactive. */
  | 'user_inactive'
  /** The token is valid, but does not have the required scope. */
  | 'missing_scope';

/** How a password was hashed. */
export type PasswordScheme =
  /** Argon2, in the PHC format (`$argon2id$…`). New passwords are hashed with it. */
  | 'argon2id'
  /** bcrypt: `$2a$…`, `$2b$…` or `$2y$…`. */
  | 'bcrypt'
  /** The double hash of Flask-Security: bcrypt or Argon2 of an HMAC-SHA512 with `PASSWORD_SALT`. */
  | 'flask_security';

/** The reason why a session is valid or invalid. */
export type SessionReason =
  /** The session is valid. */
  | 'valid'
  /** The text does not have the form of a secret. */
  | 'malformed'
  /** The session does not exist. */
  | 'unknown'
  /** The session was revoked; its `revokedReason` is the cause. */
  | 'revoked'
  /** The user has a new stamp, which ended all earlier sessions. */
  | 'ended'
  /** The user is inactive. */
  | 'user_inactive'
  /** The session has expired. */
  | 'expired'
  /** The session was not used for its `idleSeconds`. */
  | 'idle'
  /**
   * A rotation replaced the secret more than 60 seconds ago, so it may have been stolen. The
   * session is revoked.
   */
  | 'rotated';

/** The state of a stream. */
export type StreamStatus =
  /** Text may still be appended. */
  | 'running'
  /** The text is complete. */
  | 'completed'
  /** The text could not be generated completely. */
  | 'failed'
  /** The text was cancelled. */
  | 'cancelled'
  /** The writer ended or did not write for too long. */
  | 'interrupted';

/** The origin of a setting's value. */
export type SettingSource =
  /** A variable of the environment. */
  | 'environment'
  /** The database. */
  | 'database'
  /** The caller. */
  | 'default';

/** The state of a task. */
export type TaskStatus =
  /** The task waits for a worker, or for its time. */
  | 'queued'
  /** A worker has a lease of the task. */
  | 'running'
  /** The task has a result. */
  | 'completed'
  /** The last attempt failed, or its lease ended. */
  | 'failed'
  /** The task was cancelled. */
  | 'cancelled';

/** The state of a lease that a process renews. */
export type LeaseState =
  /** The worker has the task. */
  | 'held'
  /**
   * The worker has the task, and a cancellation was requested. It should stop and fail the task.
   */
  | 'cancel_requested'
  /** The lease has ended, or is not renewed by this process. The worker should stop. */
  | 'lost';

/** The kind of a policy, which determines the fields of its configuration. */
export type PolicyKind =
  /**
   * Leaves out models whose requests fail: `failure_percent` (1–100, by default 50),
   * `min_requests` (by default 10), `window_minutes` (1–60, by default 5) and `open_seconds`
   * (1–3,600, by default 60).
   */
  | 'circuit_breaker'
  /** The providers that follow a first one: `providers`, a list of names in order. */
  | 'fallback'
  /** The order of candidates: `strategy`, one of `priority`, `weight`, `latency` and `cost`. */
  | 'load_balance';

/** The state of a credential. */
export type CredentialStatus =
  /** The credential can be found. */
  | 'active'
  /** The credential is not found until it is active again. */
  | 'disabled'
  /** The credential is never found again. This state is final. */
  | 'revoked';

/** The outcome of a request to a model. */
export type RoutingOutcome =
  /** The model responded. */
  | 'success'
  /** The request failed. */
  | 'failure'
  /** The caller cancelled the request. It counts neither as success nor as failure. */
  | 'cancelled';

/** The source of a request to a model. */
export type RoutingSource =
  /** A user's or the application's request. */
  | 'request'
  /** A request that only checks whether the provider responds. */
  | 'probe';

/** By what usage is added up. */
export type RoutingUsageBy =
  /** By provider. */
  | 'provider'
  /** By provider and model. */
  | 'model'
  /** By UTC day. */
  | 'day'
  /** By hour. */
  | 'hour'
  /** By user. The requests are read one by one. */
  | 'user';

/** The reason for which a model was not chosen. */
export type RejectionReason =
  /** The preferred provider or model does not exist. */
  | 'unknown'
  /** The provider has no models. */
  | 'no_models'
  /** The provider is disabled. */
  | 'provider_disabled'
  /** The model is disabled. */
  | 'model_disabled'
  /** The model and its provider lack a capability. */
  | 'missing_capability'
  /** The context window of the model is too small, or not known. */
  | 'context_window'
  /** The model failed in this request. */
  | 'tried'
  /** Too many requests failed. */
  | 'circuit_open'
  /** The fallback policy does not have the provider. */
  | 'not_in_fallback';

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
  /** Id of the conversation, if any. */
  readonly conversationId: number | null;
  /** Id of the user, if any. */
  readonly userId: number | null;
  /** Number of input tokens, including the cached ones. */
  readonly inputTokens: number | bigint | null;
  /** Number of output tokens, including the reasoning. */
  readonly outputTokens: number | bigint | null;
  /** Number of input tokens that the provider read from its cache. */
  readonly cachedTokens: number | bigint | null;
  /** Number of output tokens of the model's reasoning. */
  readonly reasoningTokens: number | bigint | null;
  /** Cost in US dollars, as decimal text such as `0.00125`. */
  readonly cost: string | null;
  /** Duration of the request, in milliseconds. */
  readonly latencyMs: number | null;
  /** Time to the first token, in milliseconds. */
  readonly ttftMs: number | null;
  /** Outcome of the request; without one, it is unknown. */
  readonly status: MessageStatus | null;
  /** Error of the request, if any. */
  readonly error: string | null;
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
  /** Cost of all messages with a cost, in US dollars, as decimal text such as `0.00125`. */
  readonly totalCost: string;
  /** Number of messages with a cost. */
  readonly messagesWithCost: number;
  /** Cost by provider. Providers without a message with a cost are omitted. */
  readonly costByProvider: Readonly<Record<string, string>>;
  /** Cost by model. Models without a message with a cost are omitted. */
  readonly costByModel: Readonly<Record<string, string>>;
  /** Cost by UTC day, as `YYYY-MM-DD`. Days without a message with a cost are omitted. */
  readonly costByDate: Readonly<Record<string, string>>;
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
  /** Number of messages with a cost. */
  readonly withCost: number;
  /** Total cost in US dollars, as decimal text. */
  readonly cost: string;
}

/**
 * A token that was created or rotated. This is the only record that contains the plain-text token.
 */
export interface CreatedToken {
  /**
   * The plain-text token. Deliver it to its owner now; chatkeep does not store it. `util.inspect`,
   * and so `console.log`, shows at most its start.
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
  /** Id of the user that owns the token. */
  readonly userId: string | null;
  /** The scopes that the token has. */
  readonly scopes: readonly string[];
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
  /** Id of the user that owns the token. */
  readonly userId: string | null;
  /** The scopes that the token has. */
  readonly scopes: readonly string[];
}

/** A user's rating of a response. */
export interface Feedback {
  /** Id assigned by the database. It stays the same when the rating is changed. */
  readonly id: number;
  /** Id of the rated message. */
  readonly messageId: number;
  /** Author of the rating, as the application names users. */
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

/** A user, without password and sessions. */
export interface User {
  /** Id inside the database. */
  readonly id: number;
  /** Id to use outside of the backend. Calls take it as `userId`. */
  readonly publicId: string;
  /** E-mail address, spelled as the caller passed it. */
  readonly email: string | null;
  /** Name to sign in with. */
  readonly username: string | null;
  /** Name to show. */
  readonly name: string | null;
  /** Address of a picture. */
  readonly avatarUrl: string | null;
  /** Whether the user may sign in. */
  readonly active: boolean;
  /**
   * Text that changes when all sessions of the user end. `createSession` takes it as `userStamp`.
   */
  readonly stamp: string;
  /** Time at which the user proved to own the e-mail address. */
  readonly confirmedAt: Date | null;
  /**
   * Additional data. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of
   * digits.
   */
  readonly metadata: Record<string, any> | null;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last change. Signing in is not a change. */
  readonly updatedAt: Date;
  /** Time of the last sign-in. */
  readonly lastLoginAt: Date | null;
}

/** A page of users. */
export interface UserPage {
  /** The users, newest first. */
  readonly users: readonly User[];
  /** Position after the last user, for the next page. `null` at the end. */
  readonly nextCursor: string | null;
}

/** An account of a user at another provider. */
export interface UserIdentity {
  /** Id inside the database. */
  readonly id: number;
  /** The provider, such as `google`. */
  readonly provider: string;
  /** The user's id at the provider, such as the claim `sub`. */
  readonly subject: string;
  /** E-mail address at the provider. */
  readonly email: string | null;
  /** Time at which the account was linked. */
  readonly linkedAt: Date;
  /** Time of the last sign-in with this account. */
  readonly lastUsedAt: Date | null;
}

/** A role of a user. */
export interface UserRole {
  /** Name of the role. */
  readonly role: string;
  /** The account that granted the role, as the caller stated it. */
  readonly grantedBy: string | null;
  /** Time of the grant. */
  readonly grantedAt: Date;
  /** Time from which the user does not have the role. `null` means that it does not expire. */
  readonly expiresAt: Date | null;
}

/** A new secret that is valid once. This is the only record that contains it. */
export interface OneTimeSecret {
  /**
   * The secret. Deliver it now; chatkeep does not store it. `util.inspect`, and so `console.log`,
   * shows at most its start.
   */
  readonly secret: string;
  /** Purpose, which must be the same when the secret is used. */
  readonly purpose: string;
  /** The subject that the use of the secret returns. */
  readonly subject: string;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time from which the secret is invalid. */
  readonly expiresAt: Date;
}

/** A page of an export. */
export interface UserExport {
  /**
   * Lines of JSON. Each has the name of the table and the row, without secrets and their hashes.
   */
  readonly lines: readonly string[];
  /** Position after the last line, for the next page. `null` at the end. */
  readonly nextCursor: string | null;
}

/** Numbers of rows that an erasure changed. */
export interface UserErasure {
  /** Number of deleted rows by table. */
  readonly deleted: Readonly<Record<string, number>>;
  /** Number of rows by table from which the user was removed, and which remain. */
  readonly scrubbed: Readonly<Record<string, number>>;
}

/** A new session with its secret. */
export interface CreatedSession {
  /**
   * The secret. Deliver it to the browser now; chatkeep does not store it. `util.inspect`, and so
   * `console.log`, shows at most its start.
   */
  readonly secret: string;
  /** The session. */
  readonly session: SessionInfo;
}

/** A stored session, without its secret. */
export interface SessionInfo {
  /** The session's id. */
  readonly id: string;
  /** Id of the user. */
  readonly userId: string;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last use, with a precision of one minute. */
  readonly lastSeenAt: Date;
  /**
   * Time at which the session ends without another use, with a precision of one minute. `null`
   * means that it does not end by inactivity.
   */
  readonly idleExpiresAt: Date | null;
  /** Time from which the session is invalid. */
  readonly expiresAt: Date;
  /** Time of the last rotation. */
  readonly rotatedAt: Date | null;
  /** Time of the revocation. */
  readonly revokedAt: Date | null;
  /** Cause of the revocation: `revoked`, `logout`, `revoked_all` or `reuse`. */
  readonly revokedReason: string | null;
  /** IP address of the client when the session was created. */
  readonly ip: string | null;
  /** User agent of the client when the session was created, at most 255 characters. */
  readonly userAgent: string | null;
  /** Name of the device. */
  readonly label: string | null;
}

/** The result of a session check. An unreachable database is an error, never a result. */
export interface SessionCheck {
  /** Whether the session is valid now. */
  readonly valid: boolean;
  /** The reason why the session is valid or invalid. */
  readonly reason: SessionReason;
  /** The session, if one was found. */
  readonly session: SessionInfo | null;
}

/** A session with the secret after a rotation. */
export interface RotatedSession {
  /**
   * The secret to use from now on. `util.inspect`, and so `console.log`, shows at most its start.
   */
  readonly secret: string;
  /**
   * Whether this call rotated the session. `false` if the last rotation was less than 60 seconds
   * ago.
   */
  readonly rotated: boolean;
  /** The session. */
  readonly session: SessionInfo;
}

/** A page of sessions. */
export interface SessionPage {
  /** The sessions. */
  readonly sessions: readonly SessionInfo[];
  /** The `cursor` of the next page. `null` means that this is the last one. */
  readonly nextCursor: string | null;
}

/** An entry of the audit log. */
export interface AuditEntry {
  /** Id of the entry. Ids may have gaps. */
  readonly id: number;
  /** Time of the action. */
  readonly createdAt: Date;
  /** The action. */
  readonly action: string;
  /** The account that acted. */
  readonly actor: string | null;
  /** The object of the action. */
  readonly object: string | null;
  /**
   * Values before the action. Integers beyond 2^53 are `bigint`s, which JSON represents as strings
   * of digits.
   */
  readonly before: Record<string, any> | null;
  /**
   * Values after the action. Integers beyond 2^53 are `bigint`s, which JSON represents as strings
   * of digits.
   */
  readonly after: Record<string, any> | null;
  /** IP address of the client. */
  readonly ip: string | null;
}

/** A page of the audit log. */
export interface AuditPage {
  /** The entries, newest first. */
  readonly entries: readonly AuditEntry[];
  /** Position after the last entry, for the next page. `null` at the end. */
  readonly nextCursor: string | null;
}

/** A stream, without its text. */
export interface StreamInfo {
  /** The stream's public id. */
  readonly publicId: string;
  /** Public id of the conversation that the stream belongs to. */
  readonly conversationId: string | null;
  /** Public id of the user that the stream belongs to. `null` also if the user was deleted. */
  readonly userId: string | null;
  /** Id of the open turn that the stream belongs to. `null` also after the turn is finished. */
  readonly turnId: string | null;
  /** Kind of the stream, such as `message`. */
  readonly kind: string;
  /** Provider of the model. */
  readonly provider: string | null;
  /** Model that generates the text. */
  readonly model: string | null;
  /** State of the stream. Every state except `running` is final. */
  readonly status: StreamStatus;
  /** Number of the last stored chunk; 0 if there is none. */
  readonly lastSeq: number;
  /** Time at which a cancellation was requested. */
  readonly cancelRequestedAt: Date | null;
  /** Number of tokens that were used. */
  readonly tokens: number | bigint | null;
  /** Cost in US dollars. */
  readonly cost: string | null;
  /** Reason of a failure. */
  readonly error: string | null;
  /**
   * Additional data. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of
   * digits.
   */
  readonly metadata: Record<string, any> | null;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last change. While text is appended, its precision is a second. */
  readonly updatedAt: Date;
  /** Time at which the stream ended. */
  readonly finishedAt: Date | null;
}

/** The chunks of a stream after a position. */
export interface StreamRead {
  /** The next chunks, in order. It is empty if there are none yet. */
  readonly chunks: readonly StreamChunk[];
  /** Number of the last stored chunk of the stream; 0 if there is none. */
  readonly lastSeq: number;
  /** State of the stream. */
  readonly status: StreamStatus;
  /** Whether the stream has ended and no chunks follow these. */
  readonly done: boolean;
  /** Whether requested chunks were already deleted, as they are some time after the end. */
  readonly pruned: boolean;
}

/** A part of a stream's text. */
export interface StreamChunk {
  /** Number of the chunk. The first one is 1, and each further one is 1 higher. */
  readonly seq: number;
  /** The text. */
  readonly text: string;
}

/** The result of ending a stream. */
export interface FinishedStream {
  /** The stream, with its final state. */
  readonly stream: StreamInfo;
  /** Whether this call ended it. `false` means that it had ended before, and was not changed. */
  readonly ended: boolean;
  /** Id of the message into which this call moved the stream's open turn, if it had one. */
  readonly messageId: number | null;
}

/** A page of streams. */
export interface StreamPage {
  /** The streams, newest first. */
  readonly streams: readonly StreamInfo[];
  /** Position of the next page. `null` if this is the last one. */
  readonly nextCursor: string | null;
}

/** A conversation, without its messages and items. */
export interface Conversation {
  /** Id inside the database, which messages have as `conversationId`. */
  readonly id: number;
  /**
   * Id outside of the backend, which calls take as `conversationId`: a UUIDv7, unless another one
   * was chosen when it was created.
   */
  readonly publicId: string;
  /** Public id of the conversation's user, if any. */
  readonly userId: string | null;
  /** Title, if any. */
  readonly title: string | null;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last message or item, or of the creation if there is none. */
  readonly lastMessageAt: Date;
  /** Time at which the conversation was archived, if it is. */
  readonly archivedAt: Date | null;
  /**
   * Additional data. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of
   * digits.
   */
  readonly metadata: Record<string, any> | null;
  /**
   * Number that is greater after every change of the items. Calls that change items take it as
   * `expectedItemVersion`.
   */
  readonly itemVersion: number;
}

/** A part of a list of conversations. */
export interface ConversationPage {
  /** The conversations, those with the latest activity first. */
  readonly conversations: readonly Conversation[];
  /** Position after the last conversation, for the next page. `null` at the end. */
  readonly nextCursor: string | null;
}

/** A part of a conversation for role-based programs: a message, a tool call or its result. */
export interface ConversationItem {
  /** Position in the conversation. The first item has position 1, and there are no gaps. */
  readonly position: number;
  /** Role of the author, such as `user` or `assistant`. */
  readonly role: string;
  /** Kind of the item. */
  readonly kind: string;
  /** Content, as a JSON object. */
  readonly content: Record<string, any>;
  /** Id of the logged message to which the item belongs, if any. */
  readonly messageId: number | null;
  /** Time at which the item was appended. */
  readonly createdAt: Date;
}

/** A turn that is not finished. */
export interface OpenTurn {
  /** Id of the turn, which calls take as `turnId`. */
  readonly publicId: string;
  /** Public id of the conversation. */
  readonly conversationId: string;
  /** Message of the user. */
  readonly userMessage: string;
  /** Provider of the model. */
  readonly provider: string | null;
  /** Model that is asked. */
  readonly model: string | null;
  /**
   * Additional data. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of
   * digits.
   */
  readonly metadata: Record<string, any> | null;
  /** Time of the start. */
  readonly startedAt: Date;
  /** Time from which the turn counts as interrupted. */
  readonly leaseUntil: Date;
}

/** A stored checkpoint, with the values of its channels and the writes that follow it. */
export interface GraphCheckpoint {
  /** Key of the thread. */
  readonly thread: string;
  /** Namespace of the graph, empty for the outermost one. */
  readonly namespace: string;
  /** Id of the checkpoint. */
  readonly id: string;
  /** Id of the checkpoint from which this one was computed. */
  readonly parentId: string | null;
  /** Name of the serializer's format. */
  readonly format: string;
  /** The serialized checkpoint without the values of its channels. */
  readonly data: Buffer;
  /** Name of the serializer's format of the metadata. */
  readonly metadataFormat: string;
  /** The serialized metadata. */
  readonly metadata: Buffer;
  /** Origin of the checkpoint, such as `input` or `loop`. */
  readonly source: string | null;
  /** Number of the step. */
  readonly step: number | null;
  /** Id of the run that created it. */
  readonly runId: string | null;
  /** Time at which it was first stored. */
  readonly createdAt: Date;
  /** Position among checkpoints with the same id, for the next page of a list. */
  readonly position: number;
  /** All channels that have a version. */
  readonly channels: readonly GraphChannel[];
  /** Writes of the tasks that started from this checkpoint, in the order of their tasks. */
  readonly writes: readonly GraphWrite[];
}

/** A channel of a stored checkpoint. */
export interface GraphChannel {
  /** Name of the channel. */
  readonly channel: string;
  /** Version of the value, as JSON. */
  readonly version: string;
  /** Name of the serializer's format of the value. `null` if the channel is empty. */
  readonly format: string | null;
  /** The serialized value. `null` if the channel is empty. */
  readonly data: Buffer | null;
}

/** A stored write of a task. */
export interface GraphWrite {
  /** Id of the task. */
  readonly taskId: string;
  /** Path of the task, empty if it has none. */
  readonly taskPath: string;
  /** Number of the write in its task. */
  readonly index: number;
  /** Name of the channel. */
  readonly channel: string;
  /** Name of the serializer's format of the value. */
  readonly format: string;
  /** The serialized value. */
  readonly data: Buffer;
}

/** A thread of an agent. */
export interface GraphThread {
  /** Id inside the database. */
  readonly id: number;
  /** Key of the thread. */
  readonly thread: string;
  /** Public id of the thread's user, if any. */
  readonly userId: string | null;
  /** Time of the first checkpoint or write. */
  readonly createdAt: Date;
  /** Time of the last checkpoint, exact to a minute. */
  readonly updatedAt: Date;
  /** Time after which the thread is deleted with the expired ones. */
  readonly expiresAt: Date | null;
}

/** An item of the memory. */
export interface Memory {
  /** Namespace, from the outermost segment on. */
  readonly namespace: readonly string[];
  /** Key in the namespace. */
  readonly key: string;
  /** Value. */
  readonly value: Record<string, any>;
  /** Time at which the item was first stored. */
  readonly createdAt: Date;
  /** Time at which the value was last stored. */
  readonly updatedAt: Date;
  /** Time at which the item expires. `null` if it does not. */
  readonly expiresAt: Date | null;
  /** Seconds after which the item expires unless it is stored or read again. */
  readonly ttlSeconds: number | null;
}

/** A setting of the application. */
export interface AppSetting {
  /** Scope. It is empty if the setting is for the whole application. */
  readonly scope: string;
  /** Key in the scope. */
  readonly key: string;
  /**
   * Value, as any JSON value. Integers beyond 2^53 are `bigint`s, which JSON represents as strings
   * of digits.
   */
  readonly value: any;
  /**
   * Version that is stored, also if the value is from another source. 0 if the setting is not
   * stored.
   */
  readonly version: number;
  /** Origin of the value. */
  readonly source: SettingSource;
  /** Time of the last change in the database, if the setting is stored. */
  readonly updatedAt: Date | null;
  /** Account that made the last change, if known. */
  readonly updatedBy: string | null;
}

/** A value that a setting had. */
export interface AppSettingVersion {
  /** Scope of the setting. */
  readonly scope: string;
  /** Key of the setting. */
  readonly key: string;
  /** Number of the version. The first one is 1, and a deletion is a version, too. */
  readonly version: number;
  /**
   * Value, which is null after a deletion. Integers beyond 2^53 are `bigint`s, which JSON
   * represents as strings of digits.
   */
  readonly value: any;
  /** Whether the setting was deleted. */
  readonly deleted: boolean;
  /** Time of the change. */
  readonly changedAt: Date;
  /** Account that made the change, if known. */
  readonly changedBy: string | null;
}

/** A task. */
export interface Task {
  /** The task's public id. */
  readonly publicId: string;
  /** Public id of the task's user, if any. The task is deleted with the user. */
  readonly userId: string | null;
  /** Kind of the task. */
  readonly kind: string;
  /** Input for the worker. */
  readonly input: Record<string, any>;
  /** State of the task. */
  readonly status: TaskStatus;
  /** Priority among the tasks of its kind. Higher ones are claimed first. */
  readonly priority: number;
  /** Time from which the task can be claimed. */
  readonly runAt: Date;
  /** Number of attempts, with the current one. */
  readonly attempts: number;
  /** Number of attempts after which the task fails. */
  readonly maxAttempts: number;
  /** Time at which the lease of a running task ends. */
  readonly leaseUntil: Date | null;
  /** Worker of the current or last attempt. */
  readonly worker: string | null;
  /** Time at which a cancellation was requested while the task was running. */
  readonly cancelRequestedAt: Date | null;
  /** Key by which the task is enqueued once. */
  readonly idempotencyKey: string | null;
  /**
   * Result of a completed task. Integers beyond 2^53 are `bigint`s, which JSON represents as
   * strings of digits.
   */
  readonly result: Record<string, any> | null;
  /** Error of the last attempt that failed. */
  readonly error: string | null;
  /** Time at which the task was enqueued. */
  readonly createdAt: Date;
  /** Time of the last claim. */
  readonly startedAt: Date | null;
  /** Time at which the task was completed, failed or cancelled. */
  readonly finishedAt: Date | null;
}

/** A task that a worker has claimed, and the token of its lease. */
export interface ClaimedTask {
  /** The task, which is running. */
  readonly task: Task;
  /**
   * Token of the lease. The worker passes it to `heartbeatTask`, `completeTask`, `failTask` and
   * `releaseTask`.
   */
  readonly leaseToken: string;
}

/** A page of tasks. */
export interface TaskPage {
  /** The tasks, newest first. */
  readonly tasks: readonly Task[];
  /** Position of the next page. `null` if this is the last one. */
  readonly nextCursor: string | null;
}

/** Numbers of tasks of one kind. */
export interface TaskCounts {
  /** Number of tasks that wait for a worker, or for their time. */
  readonly queued: number;
  /** Number of tasks that a worker has claimed. */
  readonly running: number;
  /** Number of tasks with a result. */
  readonly completed: number;
  /** Number of tasks that failed. */
  readonly failed: number;
  /** Number of tasks that were cancelled. */
  readonly cancelled: number;
}

/** A provider of models. Its secrets are credentials, which are stored separately. */
export interface Provider {
  /** Id to use outside of the backend. It stays the same in copies of the database. */
  readonly publicId: string;
  /** Unique name, by which calls identify the provider. */
  readonly name: string;
  /** Name to show. */
  readonly displayName: string | null;
  /** The interface that the provider has, such as `openai` or `anthropic`. */
  readonly kind: string;
  /** Address of the interface. `null` for the one that its kind has. */
  readonly baseUrl: string | null;
  /** Whether the provider may be used. */
  readonly enabled: boolean;
  /** Order among the providers. A higher number is preferred. */
  readonly priority: number;
  /** Share of the requests among providers with the same priority. */
  readonly weight: number;
  /** Abilities of the provider, in ascending order. */
  readonly capabilities: readonly string[];
  /** Limits of the provider, such as requests per minute. Empty if there are none. */
  readonly rateLimits: Record<string, any>;
  /** Further configuration without secrets. Empty if there is none. */
  readonly config: Record<string, any>;
  /**
   * Number of the last change, which `updateProvider` takes as `expectedVersion`. It starts with 1.
   */
  readonly version: number;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last change. */
  readonly updatedAt: Date;
}

/** A model of a provider. */
export interface Model {
  /** Name of the provider. */
  readonly provider: string;
  /** Name of the model, as the provider spells it. */
  readonly name: string;
  /** Name to show. */
  readonly displayName: string | null;
  /** Whether the model may be used, if its provider is enabled. */
  readonly enabled: boolean;
  /** Abilities of the model, in ascending order. */
  readonly capabilities: readonly string[];
  /** Maximum number of tokens of a request and its response together. */
  readonly contextWindow: number | null;
  /** Maximum number of tokens of a response. */
  readonly maxOutputTokens: number | null;
  /** Parameters to send with each request, such as a temperature. Empty if there are none. */
  readonly params: Record<string, any>;
  /** Price of a million input tokens in US dollars, as decimal text such as `"2.5"`. */
  readonly inputPrice: string | null;
  /** Price of a million output tokens in US dollars. */
  readonly outputPrice: string | null;
  /** Price of a million input tokens that the provider had cached, in US dollars. */
  readonly cachedInputPrice: string | null;
  /** Time at which the model was first stored. */
  readonly createdAt: Date;
  /** Time of the last change. */
  readonly updatedAt: Date;
}

/** The default model of a purpose. */
export interface ModelDefault {
  /** The purpose, such as `chat` or `embedding`. */
  readonly purpose: string;
  /** Name of the model's provider. */
  readonly provider: string;
  /** Name of the model. */
  readonly model: string;
  /** Time at which the model became the default. */
  readonly updatedAt: Date;
}

/** A model with its provider. */
export interface SelectedModel {
  /** The provider. */
  readonly provider: Provider;
  /** The model. */
  readonly model: Model;
}

/** All providers, models, defaults and policies at one time. It is cheap to clone. */
export interface ProviderSnapshot {
  /** Number that every change of a provider, model, default or policy increases. */
  readonly revision: number;
  /**
   * The providers, also disabled ones, with their models. Those with the highest priority are
   * first; equal ones are ordered by name.
   */
  readonly providers: readonly ProviderWithModels[];
  /** The default models, by purpose. */
  readonly defaults: readonly ModelDefault[];
  /**
   * The policies by which models are chosen: those of the application, then by provider and name.
   */
  readonly policies: readonly ProviderPolicy[];
}

/** A provider and all its models. */
export interface ProviderWithModels {
  /** The provider. */
  readonly provider: Provider;
  /** Its models, by name. */
  readonly models: readonly Model[];
}

/** A policy by which models are chosen. */
export interface ProviderPolicy {
  /** Id to use outside of the backend. It stays the same in copies of the database. */
  readonly publicId: string;
  /** Name of the provider to which the policy belongs. `null` for one of the application. */
  readonly provider: string | null;
  /** Name of the policy, unique among those of the same owner. */
  readonly name: string;
  /** Kind of the policy. */
  readonly kind: PolicyKind;
  /** Configuration, with all fields of the kind. */
  readonly config: Record<string, any>;
  /** Whether the policy is used. */
  readonly enabled: boolean;
  /** Number of the last change, which `putPolicy` takes as `expectedVersion`. It starts with 1. */
  readonly version: number;
  /** Creation time. */
  readonly createdAt: Date;
  /** Time of the last change. */
  readonly updatedAt: Date;
}

/** A stored credential, without its secret. */
export interface Credential {
  /** The credential's id. */
  readonly id: string;
  /** Name of the provider for which the credential is. */
  readonly provider: string | null;
  /**
   * Id of the user that owns the credential. Without a provider and a user, it is the
   * application's.
   */
  readonly userId: string | null;
  /** Name of the credential. */
  readonly name: string;
  /**
   * Number of the credential among those with the same owner and name. The newest has the highest.
   */
  readonly version: number;
  /** Id of the key with which the secret is encrypted. */
  readonly keyId: string;
  /** The last 4 characters of the secret, to recognize it. `null` if it has less than 16. */
  readonly hint: string | null;
  /** What the credential may be used for. */
  readonly scopes: readonly string[];
  /** State of the credential. */
  readonly status: CredentialStatus;
  /** Time from which the credential is not found any more. `null` means that it does not expire. */
  readonly expiresAt: Date | null;
  /** Time until which the credential is not found, for example because of a rate limit. */
  readonly cooldownUntil: Date | null;
  /** Time of the last use, with a precision of one minute. */
  readonly lastUsedAt: Date | null;
  /** Time of the revocation. */
  readonly revokedAt: Date | null;
  /** The account that added the credential. */
  readonly createdBy: string | null;
  /** Creation time. */
  readonly createdAt: Date;
}

/** A credential with its secret. */
export interface RevealedCredential {
  /** The credential. */
  readonly credential: Credential;
  /** The secret. `util.inspect`, and so `console.log`, shows at most its start. */
  readonly secret: string;
}

/** A page of credentials. */
export interface CredentialPage {
  /** The credentials, newest first. */
  readonly credentials: readonly Credential[];
  /** The `cursor` of the next page. `null` means that this is the last one. */
  readonly nextCursor: string | null;
}

/** The result of encrypting all credentials with the first key. */
export interface CredentialRotation {
  /** Id of the first key, with which credentials are encrypted now. */
  readonly keyId: string;
  /** Number of credentials that this call encrypted with the first key. */
  readonly rotated: number;
  /**
   * Number of credentials that could not be decrypted, and were not changed. `checkCredentials`
   * reports their keys.
   */
  readonly unreadable: number;
}

/** The state of all stored credentials. */
export interface CredentialCheck {
  /** Number of credentials. */
  readonly credentials: number;
  /** Number of unreadable credentials. */
  readonly unreadable: number;
  /** The keys: first those of this process, then those that it does not have. */
  readonly keys: readonly CredentialKeyCheck[];
}

/** A key, and the credentials that are encrypted with it. */
export interface CredentialKeyCheck {
  /** Id of the key. */
  readonly keyId: string;
  /** Whether this process has the key. */
  readonly present: boolean;
  /** Whether new credentials are encrypted with the key. */
  readonly current: boolean;
  /** Number of credentials that are encrypted with the key. */
  readonly credentials: number;
  /**
   * Number of these credentials that are unreadable: all of them if the key is missing, otherwise
   * those that were changed.
   */
  readonly unreadable: number;
}

/** A recorded attempt of a request to a model. */
export interface RoutingRequest {
  /** Id of the request. Its attempts have the same id. */
  readonly requestId: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** Public id of the request's user, if any. */
  readonly userId: string | null;
  /** Public id of the request's conversation, if any. */
  readonly conversationId: string | null;
  /** Capability that was needed. */
  readonly capability: string | null;
  /** Name of the provider. */
  readonly provider: string;
  /** Name of the model. */
  readonly model: string;
  /** Outcome of the request. */
  readonly outcome: RoutingOutcome;
  /** Kind of the error, if the request failed. */
  readonly errorKind: string | null;
  /** Duration of the request, in milliseconds. */
  readonly latencyMs: number | null;
  /** Time to the first token, in milliseconds. */
  readonly ttftMs: number | null;
  /** Number of input tokens, including the cached ones. */
  readonly inputTokens: number | null;
  /** Number of output tokens, including the reasoning. */
  readonly outputTokens: number | null;
  /** Number of input tokens that the provider read from its cache. */
  readonly cachedTokens: number | null;
  /** Number of output tokens of the model's reasoning. */
  readonly reasoningTokens: number | null;
  /** Cost in US dollars, as decimal text. */
  readonly cost: string | null;
  /** Why this provider and model were chosen. */
  readonly reason: any;
  /** Source of the request. */
  readonly source: RoutingSource;
  /** Time of the request. */
  readonly createdAt: Date;
}

/** A page of recorded requests. */
export interface RoutingRequestPage {
  /** The requests, newest first. */
  readonly requests: readonly RoutingRequest[];
  /** Position of the next page. `null` if this is the last one. */
  readonly nextCursor: string | null;
}

/** Health of a provider: the outcomes and latencies of its requests in the last minutes. */
export interface ProviderHealth {
  /** Name of the provider. */
  readonly provider: string;
  /** Number of requests, with failed and cancelled ones. */
  readonly requests: number;
  /** Number of requests that failed. */
  readonly failures: number;
  /** Number of requests that were cancelled. */
  readonly cancelled: number;
  /**
   * Failures per thousand requests that were not cancelled, rounded down. `null` if all were
   * cancelled.
   */
  readonly failuresPerThousand: number | null;
  /** Mean latency in milliseconds, rounded down. `null` if no request has a latency. */
  readonly averageLatencyMs: number | null;
  /**
   * Upper bound of the median latency in milliseconds. `null` if no request has a latency, or if
   * the median is more than 60,000.
   */
  readonly medianLatencyMs: number | null;
  /**
   * Upper bound of the latency of 95 % of the requests in milliseconds. `null` if no request has a
   * latency, or if the bound is more than 60,000.
   */
  readonly p95LatencyMs: number | null;
  /** Mean time to the first token in milliseconds, rounded down. `null` if no request has one. */
  readonly averageTtftMs: number | null;
  /** Time of the last request. */
  readonly lastRequestAt: Date;
  /** Time of the last request that failed, if any. */
  readonly lastFailureAt: Date | null;
  /** Health of the provider's models, ordered by name. */
  readonly models: readonly ModelHealth[];
}

/** Health of a model: the outcomes and latencies of its requests in the last minutes. */
export interface ModelHealth {
  /** Name of the model. */
  readonly model: string;
  /** Number of requests, with failed and cancelled ones. */
  readonly requests: number;
  /** Number of requests that failed. */
  readonly failures: number;
  /** Number of requests that were cancelled. */
  readonly cancelled: number;
  /**
   * Failures per thousand requests that were not cancelled, rounded down. `null` if all were
   * cancelled.
   */
  readonly failuresPerThousand: number | null;
  /** Mean latency in milliseconds, rounded down. `null` if no request has a latency. */
  readonly averageLatencyMs: number | null;
  /**
   * Upper bound of the median latency in milliseconds. `null` if no request has a latency, or if
   * the median is more than 60,000.
   */
  readonly medianLatencyMs: number | null;
  /**
   * Upper bound of the latency of 95 % of the requests in milliseconds. `null` if no request has a
   * latency, or if the bound is more than 60,000.
   */
  readonly p95LatencyMs: number | null;
  /** Mean time to the first token in milliseconds, rounded down. `null` if no request has one. */
  readonly averageTtftMs: number | null;
  /** Time of the last request. */
  readonly lastRequestAt: Date;
  /** Time of the last request that failed, if any. */
  readonly lastFailureAt: Date | null;
}

/** Usage of a provider, a model, a day, an hour or a user. */
export interface RoutingUsage {
  /** Name of the provider, in usage by provider and by model. */
  readonly provider: string | null;
  /** Name of the model, in usage by model. */
  readonly model: string | null;
  /** Start of the day or of the hour, in usage by day and by hour. */
  readonly start: Date | null;
  /** Public id of the user, in usage by user. `null` for requests without a user. */
  readonly userId: string | null;
  /** Number of requests, with failed and cancelled ones. */
  readonly requests: number;
  /** Number of requests that failed. */
  readonly failures: number;
  /** Number of requests that were cancelled. */
  readonly cancelled: number;
  /** Number of input tokens, including the cached ones. */
  readonly inputTokens: number | bigint;
  /** Number of output tokens, including the reasoning. */
  readonly outputTokens: number | bigint;
  /** Number of input tokens that providers read from their caches. */
  readonly cachedTokens: number | bigint;
  /** Number of output tokens of reasoning. */
  readonly reasoningTokens: number | bigint;
  /** Cost in US dollars, as decimal text. */
  readonly cost: string;
}

/** A page of policies. */
export interface PolicyPage {
  /** The policies, newest first. */
  readonly policies: readonly ProviderPolicy[];
  /** The `cursor` of the next page. `null` means that this is the last one. */
  readonly nextCursor: string | null;
}

/** Models for a request, and the reasons. */
export interface ModelChoice {
  /**
   * Models that can be used, in the order in which they are to be tried. Empty if there is none.
   */
  readonly candidates: readonly ModelCandidate[];
  /** The other models. */
  readonly rejected: readonly RejectedModel[];
}

/** A model that can be used for a request. */
export interface ModelCandidate {
  /** Name of the provider. */
  readonly provider: string;
  /** Name of the model, as the provider spells it. */
  readonly model: string;
  /** The interface that the provider has, such as `openai`. */
  readonly kind: string;
  /** Address of the interface. `null` for the one that its kind has. */
  readonly baseUrl: string | null;
  /** Parameters to send with the request. Empty if there are none. */
  readonly params: Record<string, any>;
  /** Maximum number of tokens of a request and its response together. */
  readonly contextWindow: number | null;
  /** Maximum number of tokens of a response. */
  readonly maxOutputTokens: number | null;
  /** Price of a million input tokens in US dollars, as decimal text such as `"2.5"`. */
  readonly inputPrice: string | null;
  /** Price of a million output tokens in US dollars. */
  readonly outputPrice: string | null;
  /** Price of a million input tokens that the provider had cached, in US dollars. */
  readonly cachedInputPrice: string | null;
  /** Whether the model is tried again after many failures. Such a model comes last. */
  readonly halfOpen: boolean;
  /** Reasons for the position, for people. The texts may change. */
  readonly reasons: readonly string[];
}

/** A model that was not chosen. */
export interface RejectedModel {
  /** Name of the provider. `null` for a preferred model that no provider has. */
  readonly provider: string | null;
  /** Name of the model. `null` if the provider has no models, or does not exist. */
  readonly model: string | null;
  /** Reason for programs. */
  readonly reason: RejectionReason;
  /** Reason for people, with figures. The text may change. */
  readonly explanation: string;
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
  /** State of the schema: `head`, or the mismatch. */
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
   * metadata, and the column may restrict the use of the token. It is therefore never omitted
   * unless it is NULL.
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
  /**
   * Number of tokens that the exchange used; 0 or more. Defaults to the sum of the input and output
   * tokens, if one of them is given.
   */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /** Time of the exchange; defaults to the time of logging. */
  readonly timestamp?: TimestampInput | null | undefined;
  /** Id of the conversation (`id`, not `publicId`); 1 or more. It is not looked up. */
  readonly conversationId?: number | bigint | null | undefined;
  /** Id of the user (`id`, not `publicId`); 1 or more. It is not looked up. */
  readonly userId?: number | bigint | null | undefined;
  /** Number of input tokens, including the cached ones; 0 or more. */
  readonly inputTokens?: number | bigint | null | undefined;
  /** Number of output tokens, including the reasoning; 0 or more. */
  readonly outputTokens?: number | bigint | null | undefined;
  /** Number of input tokens that the provider read from its cache; at most `inputTokens`. */
  readonly cachedTokens?: number | bigint | null | undefined;
  /** Number of output tokens of the model's reasoning; at most `outputTokens`. */
  readonly reasoningTokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals. */
  readonly cost?: string | null | undefined;
  /** Duration of the request, in milliseconds; 0 or more. */
  readonly latencyMs?: number | bigint | null | undefined;
  /** Time to the first token, in milliseconds; 0 or more. */
  readonly ttftMs?: number | bigint | null | undefined;
  /** Outcome of the request; without one, it is unknown. */
  readonly status?: MessageStatus | null | undefined;
  /** Error of the request, if any. */
  readonly error?: string | null | undefined;
}

/** An item to append. */
export interface NewItem {
  /** Role of the author, such as `user` or `assistant`. At most 50 characters. */
  readonly role: string;
  /**
   * Kind of the item, such as `message` or `tool_call`. At most 50 characters. Default: `message`.
   */
  readonly kind?: string | undefined;
  /** Content, as a JSON object. */
  readonly content: object;
  /** Id of the logged message to which the item belongs, if any. It is not checked. */
  readonly messageId?: number | bigint | null | undefined;
}

/** A channel of a checkpoint to store. */
export interface NewChannel {
  /** Name of the channel. */
  readonly channel: string;
  /** Version of the value, as JSON. */
  readonly version: string;
  /**
   * Whether this checkpoint changes the channel. Otherwise it has the value of the parent, or of
   * the latest checkpoint with the same version.
   */
  readonly changed: boolean;
  /** Name of the serializer's format of the value. */
  readonly format?: string | null | undefined;
  /** The serialized value. A changed channel without a value is empty. */
  readonly data?: ArrayBufferView | null | undefined;
}

/** A checkpoint to store: the state of a graph between two steps. */
export interface NewCheckpoint {
  /** Id of the checkpoint. A later checkpoint has a greater id, compared by bytes. */
  readonly id: string;
  /** Namespace of the graph, empty for the outermost one. */
  readonly namespace?: string | null | undefined;
  /** Id of the checkpoint from which this one was computed. */
  readonly parentId?: string | null | undefined;
  /** Name of the serializer's format, such as `msgpack`. */
  readonly format: string;
  /** The serialized checkpoint without the values of its channels. */
  readonly data: ArrayBufferView;
  /** Name of the serializer's format of the metadata. */
  readonly metadataFormat: string;
  /** The serialized metadata. */
  readonly metadata: ArrayBufferView;
  /** Origin of the checkpoint, such as `input` or `loop`. */
  readonly source?: string | null | undefined;
  /** Number of the step. */
  readonly step?: number | bigint | null | undefined;
  /** Id of the run that created it. */
  readonly runId?: string | null | undefined;
  /**
   * Channels whose value is computed from the writes since an earlier checkpoint. A deletion keeps
   * these writes.
   */
  readonly deltaChannels?: readonly string[] | null | undefined;
  /** All channels that have a version. */
  readonly channels: Iterable<NewChannel>;
}

/** A write of a task to a channel. */
export interface NewGraphWrite {
  /**
   * Number of the write in its task. A write with a number of 0 or more is stored once, and one
   * with a negative number replaces an earlier one.
   */
  readonly index: number | bigint;
  /** Name of the channel. */
  readonly channel: string;
  /** Name of the serializer's format of the value. */
  readonly format: string;
  /** The serialized value. */
  readonly data: ArrayBufferView;
}

/** An item to store or to delete. */
export interface NewMemory {
  /**
   * Namespace, from the outermost segment on. Each segment has 1–255 characters. The namespace
   * has at most 500, with one more for each segment and for each slash or backslash in it.
   */
  readonly namespace: readonly string[];
  /** Key in the namespace, 1–255 characters. */
  readonly key: string;
  /** Value, as a JSON object. Without one, the item is deleted. */
  readonly value: object | null;
  /** Seconds after which the item expires unless it is stored or read again, 1 or more. */
  readonly ttlSeconds?: number | bigint | null | undefined;
}

/** A task to enqueue. */
export interface NewTask {
  /** Kind of the task, by which workers claim it. 1–100 characters. */
  readonly kind: string;
  /** Input for the worker, as a JSON object of at most 1 MiB. */
  readonly input: object;
  /**
   * Public id of the task's user, if any. The task is exported and deleted with the user's data.
   */
  readonly userId?: string | null | undefined;
  /**
   * Priority among the tasks of its kind, from -1,000 to 1,000. Higher ones are claimed first.
   * Default: 0.
   */
  readonly priority?: number | bigint | undefined;
  /** Time from which the task can be claimed; by default now. */
  readonly runAt?: TimestampInput | null | undefined;
  /** Seconds after which the task can be claimed, in place of `runAt` (0–315,360,000). */
  readonly delaySeconds?: number | bigint | null | undefined;
  /** Number of attempts after which the task fails (1–1,000). Default: 3. */
  readonly maxAttempts?: number | bigint | undefined;
  /** Key by which the task is enqueued once, 1–255 characters. */
  readonly idempotencyKey?: string | null | undefined;
}

/** An attempt of a request to a model, to record. */
export interface NewRoutingRequest {
  /** Id of the request, which its attempts share. 1–64 characters. */
  readonly requestId: string;
  /** Name of the provider. 1–100 characters. */
  readonly provider: string;
  /** Name of the model. 1–100 characters. */
  readonly model: string;
  /** Outcome of the request. */
  readonly outcome: RoutingOutcome;
  /** Number of the attempt, from 1. Default: 1. */
  readonly attempt?: number | bigint | undefined;
  /** Public id of the request's user. By default the conversation's user, if there is one. */
  readonly userId?: string | null | undefined;
  /** Public id of the request's conversation. */
  readonly conversationId?: string | null | undefined;
  /** Capability that was needed, at most 100 characters. */
  readonly capability?: string | null | undefined;
  /** Kind of the error, such as `rate_limit`, at most 100 characters. Do not pass secrets. */
  readonly errorKind?: string | null | undefined;
  /** Duration of the request, in milliseconds (0–1,000,000,000). */
  readonly latencyMs?: number | bigint | null | undefined;
  /** Time to the first token, in milliseconds (0–1,000,000,000). */
  readonly ttftMs?: number | bigint | null | undefined;
  /** Number of input tokens, including the cached ones (0–1,000,000,000). */
  readonly inputTokens?: number | bigint | null | undefined;
  /** Number of output tokens, including the reasoning (0–1,000,000,000). */
  readonly outputTokens?: number | bigint | null | undefined;
  /** Number of input tokens that the provider read from its cache; at most `inputTokens`. */
  readonly cachedTokens?: number | bigint | null | undefined;
  /** Number of output tokens of the model's reasoning; at most `outputTokens`. */
  readonly reasoningTokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals. */
  readonly cost?: string | null | undefined;
  /** Why this provider and model were chosen, as JSON of at most 64 KiB. */
  readonly reason?: unknown;
  /** Source of the request; by default `request`. */
  readonly source?: RoutingSource | null | undefined;
  /** Time of the request; by default now. */
  readonly createdAt?: TimestampInput | null | undefined;
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
  /** Id of the conversation. */
  readonly conversationId?: number | bigint | null | undefined;
  /** Id of the user. */
  readonly userId?: number | bigint | null | undefined;
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
export interface PageOptions extends MessageFilter, Abortable {
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
  /** Id of the conversation. Its messages are read one by one. */
  readonly conversationId?: number | bigint | null | undefined;
  /** Id of the user, whose messages are read one by one. */
  readonly userId?: number | bigint | null | undefined;
}

/** Options of `createToken`. */
export interface NewTokenOptions extends Abortable {
  /** Purpose of the token, at most 255 characters. Default: `API Token`. */
  readonly description?: string | undefined;
  /** Days until the token expires, 1 or more; without it, it does not expire. */
  readonly expiresDays?: number | bigint | null | undefined;
  /** Scopes that the token has, such as `read`; at most 100 of up to 100 characters. */
  readonly scopes?: readonly string[] | null | undefined;
  /**
   * Id of the user that owns the token. The token is invalid while the user is inactive, and is
   * deleted with the user.
   */
  readonly userId?: string | null | undefined;
}

/** Options of `rotateToken`. */
export interface RotateTokenOptions extends Abortable {
  /**
   * Seconds for which the previous token stays valid, 0–2,592,000; 60 by default. With 0, it is
   * invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
   */
  readonly graceSeconds?: number | bigint | null | undefined;
}

/** Options of `checkToken`. */
export interface CheckTokenOptions extends Abortable {
  /**
   * Scope that the token must have; several are separated by spaces. A token without scopes has
   * none of them.
   */
  readonly scope?: string | null | undefined;
}

/** Options of `listTokens`. */
export interface ListTokensOptions extends Abortable {
  /** Id of the user that owns the tokens; without it, all tokens are returned. */
  readonly userId?: string | null | undefined;
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

/** Options of `createUser`. */
export interface CreateUserOptions extends Abortable {
  /** E-mail address. Two users cannot have addresses that differ only in letter case. */
  readonly email?: string | null | undefined;
  /** Name to sign in with, at most 100 characters, without `@` and whitespace. */
  readonly username?: string | null | undefined;
  /** Name to show, at most 255 characters. */
  readonly name?: string | null | undefined;
  /** Password, 1 to 1,024 bytes. */
  readonly password?: string | null | undefined;
  /** Address of a picture, at most 2,048 characters. */
  readonly avatarUrl?: string | null | undefined;
  /** Whether the user has already proved to own the e-mail address. Default: `false`. */
  readonly confirmed?: boolean | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /** Id outside of the backend, at most 64 characters. By default a UUID of version 7. */
  readonly publicId?: string | null | undefined;
  /**
   * Hash of the password from another program, instead of a password: bcrypt, Argon2 or
   * Flask-Security.
   */
  readonly passwordHash?: string | null | undefined;
  /**
   * Scheme of `passwordHash`. Hashes of Flask-Security require `flask_security`; that of others is
   * detected.
   */
  readonly passwordScheme?: PasswordScheme | null | undefined;
  /** Provider of an account that the user signs in with, at most 50 characters. */
  readonly identityProvider?: string | null | undefined;
  /** The user's id at `identityProvider`, at most 255 characters. */
  readonly identitySubject?: string | null | undefined;
}

/** Options of `listUsers`. */
export interface ListUsersOptions extends Abortable {
  /** Whether the users may sign in. */
  readonly active?: boolean | null | undefined;
  /** Role that the users have. */
  readonly role?: string | null | undefined;
  /** The field `nextCursor` of the page before. */
  readonly cursor?: string | null | undefined;
  /** Maximum number of users to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
}

/** Options of `updateUser`. */
export interface UpdateUserOptions extends Abortable {
  /** New name to show, at most 255 characters. */
  readonly name?: string | null | undefined;
  /** New address of a picture, at most 2,048 characters. */
  readonly avatarUrl?: string | null | undefined;
  /** New name to sign in with, at most 100 characters, without `@` and whitespace. */
  readonly username?: string | null | undefined;
  /** New e-mail address. Unless only its spelling differs, it is not confirmed. */
  readonly email?: string | null | undefined;
  /** New additional data, which replaces all of the former. */
  readonly metadata?: object | null | undefined;
}

/** Options of `setPassword`. */
export interface SetPasswordOptions extends Abortable {
  /** Whether all sessions of the user end. Default: `true`. */
  readonly endSessions?: boolean | null | undefined;
}

/** Options of `confirmUser`. */
export interface ConfirmUserOptions extends Abortable {
  /**
   * The address to which the proof was sent. If the user has another one by now, nothing is
   * changed.
   */
  readonly email?: string | null | undefined;
}

/** Options of `linkIdentity`. */
export interface LinkIdentityOptions extends Abortable {
  /** The user's e-mail address at the provider. */
  readonly email?: string | null | undefined;
}

/** Options of `grantRole`. */
export interface GrantRoleOptions extends Abortable {
  /** Time from which the user does not have the role; without it, the role does not expire. */
  readonly expiresAt?: TimestampInput | null | undefined;
  /** The account that grants it, at most 255 characters. */
  readonly grantedBy?: string | null | undefined;
}

/** Options of `createOneTimeSecret`. */
export interface CreateOneTimeSecretOptions extends Abortable {
  /** Seconds until the secret expires (1–31,622,400). Default: 3600. */
  readonly lifetimeSeconds?: number | bigint | undefined;
}

/** Options of `exportUser`. */
export interface ExportUserOptions extends Abortable {
  /**
   * Maximum number of lines to return (1–10,000). A page of about 4 MB ends earlier. Default:
   * 500.
   */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `createSession`. */
export interface CreateSessionOptions extends Abortable {
  /** Seconds until the session ends: 1 to 315,360,000; by default 30 days. Default: 2592000. */
  readonly lifetimeSeconds?: number | bigint | undefined;
  /**
   * Seconds without a use after which the session ends, with a precision of a minute. Without it,
   * the session does not end by inactivity.
   */
  readonly idleSeconds?: number | bigint | null | undefined;
  /** IP address of the client, at most 45 characters. */
  readonly ip?: string | null | undefined;
  /** User agent of the client. It is cut to 255 characters. */
  readonly userAgent?: string | null | undefined;
  /** Name of the device, at most 100 characters. */
  readonly label?: string | null | undefined;
  /**
   * Field `stamp` of the user that `authenticate` returned. With it, no session is created if all
   * sessions of the user ended since then, for example by a change of the password.
   */
  readonly userStamp?: string | null | undefined;
}

/** Options of `listSessions`. */
export interface ListSessionsOptions extends Abortable {
  /** Whether sessions that have ended are returned, too. Default: `false`. */
  readonly includeEnded?: boolean | null | undefined;
  /** Maximum number of sessions to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `revokeAllSessions`. */
export interface RevokeAllSessionsOptions extends Abortable {
  /** Id of a session that does not end, such as that of the current request. */
  readonly exceptSession?: string | null | undefined;
}

/** Options of `pruneSessions`. */
export interface PruneSessionsOptions extends Abortable {
  /** Days since the end, 1–3,650,000. Default: 30. */
  readonly days?: number | bigint | undefined;
}

/** Options of `recordAudit`. */
export interface RecordAuditOptions extends Abortable {
  /** The account that acted, such as a user's public id, at most 255 characters. */
  readonly actor?: string | null | undefined;
  /** The object of the action, such as `user:` and a public id, at most 255 characters. */
  readonly object?: string | null | undefined;
  /**
   * Values before the action, at most 65,536 bytes. Values of keys such as `password` are not
   * stored.
   */
  readonly before?: object | null | undefined;
  /** Values after the action, like `before`. */
  readonly after?: object | null | undefined;
  /** IP address of the client, at most 45 characters. */
  readonly ip?: string | null | undefined;
}

/** Options of `listAudit`. */
export interface ListAuditOptions extends Abortable {
  /** The account that acted, compared exactly. */
  readonly actor?: string | null | undefined;
  /** The object, compared exactly. */
  readonly object?: string | null | undefined;
  /** The action, compared exactly. */
  readonly action?: string | null | undefined;
  /** Earliest time, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** Latest time, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
  /** Maximum number of entries to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
}

/** Options of `createStream`. */
export interface CreateStreamOptions extends Abortable {
  /** Public id of the conversation that the stream belongs to. The stream is deleted with it. */
  readonly conversationId?: string | null | undefined;
  /** Public id of the user that the stream belongs to. */
  readonly userId?: string | null | undefined;
  /**
   * Id of the open turn that the stream belongs to, from `beginTurn`. It sets the conversation and,
   * by default, the user. The end of the stream finishes the turn, with the text as response.
   */
  readonly turnId?: string | null | undefined;
  /** Kind of the stream, chosen by the application. 1–50 characters. Default: `message`. */
  readonly kind?: string | undefined;
  /** Provider of the model. At most 50 characters. */
  readonly provider?: string | null | undefined;
  /** Model that generates the text. At most 100 characters. */
  readonly model?: string | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /** Public id to store, 1–64 characters. By default, a new UUIDv7. */
  readonly publicId?: string | null | undefined;
}

/** Options of `read`. */
export interface ReadOptions extends Abortable {
  /** Number of the last chunk that the caller has; 0 for the start. Default: 0. */
  readonly afterSeq?: number | bigint | undefined;
  /**
   * Maximum number of chunks to return (1–10,000). Fewer are returned if they are large. Default:
   * 1000.
   */
  readonly limit?: number | bigint | undefined;
  /** Maximum wait for a chunk or the end of the stream, 0–300 seconds. Default: 0. */
  readonly waitSeconds?: number | undefined;
}

/** Options of `finishStream`. */
export interface FinishStreamOptions extends Abortable {
  /** The final state: `completed`, `failed`, `cancelled` or `interrupted`. Default: `completed`. */
  readonly status?: StreamStatus | undefined;
  /** Reason of a failure, for people. */
  readonly error?: string | null | undefined;
  /** Number of tokens that were used; 0 or more. */
  readonly tokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text with up to 9 decimals, such as `0.00125`. */
  readonly cost?: string | null | undefined;
}

/** Options of `listStreams`. */
export interface ListStreamsOptions extends Abortable {
  /** Public id of the conversation. Without it, streams of all conversations. */
  readonly conversationId?: string | null | undefined;
  /** Public id of the user. Without it, streams of all users. */
  readonly userId?: string | null | undefined;
  /** Whether only running streams are returned. Default: `false`. */
  readonly running?: boolean | null | undefined;
  /**
   * Maximum number of streams to return (1–10,000). Fewer are returned if they are large.
   * Default: 100.
   */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `createConversation`. */
export interface CreateConversationOptions extends Abortable {
  /** Public id of its user; without it, it has none. */
  readonly userId?: string | null | undefined;
  /** Title, at most 255 characters. */
  readonly title?: string | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /**
   * Public id of the conversation, 1–64 characters without whitespace, such as the id in another
   * program. By default it is a new UUIDv7.
   */
  readonly publicId?: string | null | undefined;
}

/** Options of `listConversations`. */
export interface ListConversationsOptions extends Abortable {
  /** Maximum number of conversations to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. Without it, the first page is returned. */
  readonly cursor?: string | null | undefined;
  /** Whether to return archived conversations, instead of the others. Default: `false`. */
  readonly archived?: boolean | null | undefined;
}

/** Options of `listAllConversations`. */
export interface ListAllConversationsOptions extends Abortable {
  /** Maximum number of conversations to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. Without it, the first page is returned. */
  readonly cursor?: string | null | undefined;
  /** Whether to return archived conversations, instead of the others. Default: `false`. */
  readonly archived?: boolean | null | undefined;
}

/** Options of `copyConversation`. */
export interface CopyConversationOptions extends Abortable {
  /** Position of the last item to copy; by default all items are copied. */
  readonly upToPosition?: number | bigint | null | undefined;
  /** Title of the copy, at most 255 characters; by default it is the same. */
  readonly title?: string | null | undefined;
}

/** Options of `appendItems`. */
export interface AppendItemsOptions extends Abortable {
  /**
   * Version of the items that the caller knows. The call then fails if they were changed since. By
   * default, their version is not checked.
   */
  readonly expectedItemVersion?: number | bigint | null | undefined;
}

/** Options of `getItems`. */
export interface GetItemsOptions extends Abortable {
  /** Maximum number of items to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Position before which the items are; the last ones before it are returned. */
  readonly before?: number | bigint | null | undefined;
  /**
   * Position after which the items are; the first ones after it are returned. It is not allowed
   * together with `before`.
   */
  readonly after?: number | bigint | null | undefined;
}

/** Options of `popItems`. */
export interface PopItemsOptions extends Abortable {
  /**
   * Version of the items that the caller knows. The call then fails if they were changed since. By
   * default, their version is not checked.
   */
  readonly expectedItemVersion?: number | bigint | null | undefined;
}

/** Options of `clearItems`. */
export interface ClearItemsOptions extends Abortable {
  /**
   * Version of the items that the caller knows. The call then fails if they were changed since. By
   * default, their version is not checked.
   */
  readonly expectedItemVersion?: number | bigint | null | undefined;
}

/** Options of `replaceItems`. */
export interface ReplaceItemsOptions extends Abortable {
  /**
   * Version of the items that the caller knows. The call then fails if they were changed since. By
   * default, their version is not checked.
   */
  readonly expectedItemVersion?: number | bigint | null | undefined;
}

/** Options of `appendTurn`. */
export interface AppendTurnOptions extends Abortable {
  /** Response of the model, if any. */
  readonly response?: string | null | undefined;
  /** Provider of the model, such as `openai` or `anthropic`. At most 50 characters. */
  readonly provider?: string | null | undefined;
  /** Model that responded. At most 100 characters. */
  readonly model?: string | null | undefined;
  /**
   * Number of tokens that the exchange used; 0 or more. Defaults to the sum of the input and output
   * tokens, if one of them is given.
   */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /** Time of the exchange; defaults to the time of logging. */
  readonly timestamp?: TimestampInput | null | undefined;
  /** Number of input tokens, including the cached ones; 0 or more. */
  readonly inputTokens?: number | bigint | null | undefined;
  /** Number of output tokens, including the reasoning; 0 or more. */
  readonly outputTokens?: number | bigint | null | undefined;
  /** Number of input tokens that the provider read from its cache; at most `inputTokens`. */
  readonly cachedTokens?: number | bigint | null | undefined;
  /** Number of output tokens of the model's reasoning; at most `outputTokens`. */
  readonly reasoningTokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals. */
  readonly cost?: string | null | undefined;
  /** Duration of the request, in milliseconds; 0 or more. */
  readonly latencyMs?: number | bigint | null | undefined;
  /** Time to the first token, in milliseconds; 0 or more. */
  readonly ttftMs?: number | bigint | null | undefined;
  /** Outcome of the request; without one, it is unknown. */
  readonly status?: MessageStatus | null | undefined;
  /** Error of the request, if any. */
  readonly error?: string | null | undefined;
}

/** Options of `beginTurn`. */
export interface BeginTurnOptions extends Abortable {
  /** Provider of the model, such as `openai` or `anthropic`. At most 50 characters. */
  readonly provider?: string | null | undefined;
  /** Model that is asked. At most 100 characters. */
  readonly model?: string | null | undefined;
  /** Additional data, as a JSON object. */
  readonly metadata?: object | null | undefined;
  /**
   * Seconds after which the turn counts as interrupted, unless it is finished or extended
   * (1–2,592,000). Default: 600.
   */
  readonly leaseSeconds?: number | bigint | undefined;
}

/** Options of `finishTurn`. */
export interface FinishTurnOptions extends Abortable {
  /** Provider of the model, if it is not that of the start. */
  readonly provider?: string | null | undefined;
  /** Model that responded, if it is not that of the start. */
  readonly model?: string | null | undefined;
  /**
   * Number of tokens that the exchange used; 0 or more. Defaults to the sum of the input and output
   * tokens, if one of them is given.
   */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Additional data, as a JSON object, in place of that of the start. */
  readonly metadata?: object | null | undefined;
  /** Number of input tokens, including the cached ones; 0 or more. */
  readonly inputTokens?: number | bigint | null | undefined;
  /** Number of output tokens, including the reasoning; 0 or more. */
  readonly outputTokens?: number | bigint | null | undefined;
  /** Number of input tokens that the provider read from its cache; at most `inputTokens`. */
  readonly cachedTokens?: number | bigint | null | undefined;
  /** Number of output tokens of the model's reasoning; at most `outputTokens`. */
  readonly reasoningTokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals. */
  readonly cost?: string | null | undefined;
  /** Duration of the request, in milliseconds; 0 or more. */
  readonly latencyMs?: number | bigint | null | undefined;
  /** Time to the first token, in milliseconds; 0 or more. */
  readonly ttftMs?: number | bigint | null | undefined;
  /** Outcome of the request; without one, it is unknown. */
  readonly status?: MessageStatus | null | undefined;
  /** Error of the request, if any. */
  readonly error?: string | null | undefined;
}

/** Options of `listOpenTurns`. */
export interface ListOpenTurnsOptions extends Abortable {
  /** Maximum number of turns to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
}

/** Options of `finishInterruptedTurns`. */
export interface FinishInterruptedTurnsOptions extends Abortable {
  /** Time at which a lease must have ended; by default the current time. */
  readonly now?: TimestampInput | null | undefined;
}

/** Options of `putWrites`. */
export interface PutWritesOptions extends Abortable {
  /** Namespace of the graph, empty for the outermost one. Default: an empty string. */
  readonly namespace?: string | undefined;
  /** Path of the task, by which writes are ordered. Default: an empty string. */
  readonly taskPath?: string | undefined;
}

/** Options of `getCheckpoint`. */
export interface GetCheckpointOptions extends Abortable {
  /** Namespace of the graph, empty for the outermost one. Default: an empty string. */
  readonly namespace?: string | undefined;
  /** Id of the checkpoint. By default it is the one with the greatest id. */
  readonly checkpointId?: string | null | undefined;
}

/** Options of `listCheckpoints`. */
export interface ListCheckpointsOptions extends Abortable {
  /** Key of a thread, to return only its checkpoints. */
  readonly thread?: string | null | undefined;
  /** Namespace, to return only its checkpoints. */
  readonly namespace?: string | null | undefined;
  /** Id of a checkpoint, to return only those with this id. */
  readonly checkpointId?: string | null | undefined;
  /** Id of a checkpoint, to return only those with smaller ids. */
  readonly before?: string | null | undefined;
  /** Position of the last checkpoint of a page, for the next page. Pass its id as `before`. */
  readonly after?: number | bigint | null | undefined;
  /** Maximum number of checkpoints to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
}

/** Options of `listThreads`. */
export interface ListThreadsOptions extends Abortable {
  /** Maximum number of threads to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** ID of a thread, to return only earlier ones. Pass the last ID of a page for the next page. */
  readonly before?: number | bigint | null | undefined;
  /** Public id of a user, to return only the user's threads. */
  readonly userId?: string | null | undefined;
}

/** Options of `pruneThreads`. */
export interface PruneThreadsOptions extends Abortable {
  /** Number of checkpoints to keep in each namespace, 1 or more. Default: 1. */
  readonly keepLast?: number | bigint | undefined;
  /** Whether to only count the checkpoints. Default: `false`. */
  readonly dryRun?: boolean | null | undefined;
}

/** Options of `putMemory`. */
export interface PutMemoryOptions extends Abortable {
  /**
   * Seconds after which the item expires unless it is stored or read again, 1 or more. Without it,
   * the item does not expire.
   */
  readonly ttlSeconds?: number | bigint | null | undefined;
}

/** Options of `getMemory`. */
export interface GetMemoryOptions extends Abortable {
  /** Whether the time to live starts again. Default: `true`. */
  readonly refreshTtl?: boolean | null | undefined;
}

/** Options of `searchMemories`. */
export interface SearchMemoriesOptions extends Abortable {
  /** Conditions on keys of the values. With a filter, all items below the namespace are read. */
  readonly filter?: object | null | undefined;
  /** Maximum number of items to return (1–10,000). Default: 10. */
  readonly limit?: number | bigint | undefined;
  /** Number of items to skip. Default: 0. */
  readonly offset?: number | bigint | undefined;
  /** Whether the time to live of the returned items starts again. Default: `true`. */
  readonly refreshTtl?: boolean | null | undefined;
}

/** Options of `listMemoryNamespaces`. */
export interface ListMemoryNamespacesOptions extends Abortable {
  /** First segments of the namespaces. `*` is any one segment. */
  readonly prefix?: readonly string[] | null | undefined;
  /** Last segments of the namespaces. `*` is any one segment. */
  readonly suffix?: readonly string[] | null | undefined;
  /**
   * Number of segments, 1 or more, after which a namespace is cut. Those that are equal then are
   * returned once.
   */
  readonly maxDepth?: number | bigint | null | undefined;
  /** Maximum number of namespaces to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Number of namespaces to skip. Default: 0. */
  readonly offset?: number | bigint | undefined;
}

/** Options of `getSetting`. */
export interface GetSettingOptions extends Abortable {
  /** Scope of the setting. Default: an empty string. */
  readonly scope?: string | undefined;
  /** Value if the setting is in neither of the two. */
  readonly defaultValue?: unknown;
}

/** Options of `getSettings`. */
export interface GetSettingsOptions extends Abortable {
  /** Scope of the settings. Default: an empty string. */
  readonly scope?: string | undefined;
}

/** Options of `listSettingScopes`. */
export interface ListSettingScopesOptions extends Abortable {
  /** Maximum number of scopes to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Scope after which the list begins. Pass the last scope of a page for the next page. */
  readonly after?: string | null | undefined;
}

/** Options of `listSettingVersions`. */
export interface ListSettingVersionsOptions extends Abortable {
  /** Scope of the setting. Default: an empty string. */
  readonly scope?: string | undefined;
  /**
   * Maximum number of versions to return (1–10,000). A page of more than 4 MB ends earlier.
   * Default: 100.
   */
  readonly limit?: number | bigint | undefined;
  /**
   * Version, to return only earlier ones. Pass the last version of a page for the next page. An
   * empty page is the end.
   */
  readonly beforeVersion?: number | bigint | null | undefined;
}

/** Options of `setSetting`. */
export interface SetSettingOptions extends Abortable {
  /** Scope of the setting, at most 100 characters. Default: an empty string. */
  readonly scope?: string | undefined;
  /**
   * Version that the setting must have for the change to be made. 0 means that the setting must not
   * exist.
   */
  readonly expectedVersion?: number | bigint | null | undefined;
  /** Account that makes the change, at most 255 characters. */
  readonly updatedBy?: string | null | undefined;
}

/** Options of `setSettings`. */
export interface SetSettingsOptions extends Abortable {
  /** Scope of the settings. Default: an empty string. */
  readonly scope?: string | undefined;
  /** Account that makes the change. */
  readonly updatedBy?: string | null | undefined;
}

/** Options of `deleteSetting`. */
export interface DeleteSettingOptions extends Abortable {
  /** Scope of the setting. Default: an empty string. */
  readonly scope?: string | undefined;
  /** Version that the setting must have for it to be deleted. */
  readonly expectedVersion?: number | bigint | null | undefined;
  /** Account that makes the change. */
  readonly deletedBy?: string | null | undefined;
}

/** Options of `rollbackSetting`. */
export interface RollbackSettingOptions extends Abortable {
  /** Scope of the setting. Default: an empty string. */
  readonly scope?: string | undefined;
  /**
   * Version that the setting must have for the change to be made. 0 means that the setting must not
   * exist.
   */
  readonly expectedVersion?: number | bigint | null | undefined;
  /** Account that makes the change. */
  readonly updatedBy?: string | null | undefined;
}

/** Options of `enqueueTask`. */
export interface EnqueueTaskOptions extends Abortable {
  /**
   * Public id of the task's user, if any. The task is exported and deleted with the user's data.
   */
  readonly userId?: string | null | undefined;
  /**
   * Priority among the tasks of its kind, from -1,000 to 1,000. Higher ones are claimed first.
   * Default: 0.
   */
  readonly priority?: number | bigint | undefined;
  /** Time from which the task can be claimed; by default now. */
  readonly runAt?: TimestampInput | null | undefined;
  /** Seconds after which the task can be claimed, in place of `runAt` (0–315,360,000). */
  readonly delaySeconds?: number | bigint | null | undefined;
  /** Number of attempts after which the task fails (1–1,000). Default: 3. */
  readonly maxAttempts?: number | bigint | undefined;
  /** Key by which the task is enqueued once, 1–255 characters. */
  readonly idempotencyKey?: string | null | undefined;
}

/** Options of `claimTasks`. */
export interface ClaimTasksOptions extends Abortable {
  /** Seconds after which the lease ends unless it is extended (1–2,592,000). Default: 60. */
  readonly leaseSeconds?: number | bigint | undefined;
  /** Maximum number of tasks to claim (1–100). Default: 1. */
  readonly limit?: number | bigint | undefined;
  /**
   * Maximum wait for a task (0–300). The call returns as soon as it has claimed one. Default: 0.
   */
  readonly waitSeconds?: number | bigint | undefined;
}

/** Options of `heartbeatTask`. */
export interface HeartbeatTaskOptions extends Abortable {
  /** Seconds from now after which the lease ends (1–2,592,000). Default: 60. */
  readonly leaseSeconds?: number | bigint | undefined;
}

/** Options of `completeTask`. */
export interface CompleteTaskOptions extends Abortable {
  /** Result, as a JSON object of at most 1 MiB. */
  readonly result?: object | null | undefined;
}

/** Options of `failTask`. */
export interface FailTaskOptions extends Abortable {
  /**
   * Seconds after which the task can be claimed again (0–315,360,000), in place of the delay
   * above.
   */
  readonly retryAfterSeconds?: number | bigint | null | undefined;
  /** Whether the task fails even if attempts are left. Default: `false`. */
  readonly isFinal?: boolean | null | undefined;
}

/** Options of `keepLease`. */
export interface KeepLeaseOptions extends Abortable {
  /** Duration of the lease, as for `claimTasks` (1–2,592,000). Default: 60. */
  readonly leaseSeconds?: number | bigint | undefined;
}

/** Options of `listTasks`. */
export interface ListTasksOptions extends Abortable {
  /** State of the tasks. */
  readonly status?: TaskStatus | null | undefined;
  /** Kind of the tasks. */
  readonly kind?: string | null | undefined;
  /** Public id of a user, to return only the user's tasks. */
  readonly userId?: string | null | undefined;
  /**
   * Maximum number of tasks to return (1–10,000). A page may have fewer if they are large.
   * Default: 100.
   */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `createProvider`. */
export interface CreateProviderOptions extends Abortable {
  /** Name to show, at most 255 characters. */
  readonly displayName?: string | null | undefined;
  /** Address of the interface, `http` or `https`, without a user name, password or key. */
  readonly baseUrl?: string | null | undefined;
  /** Whether the provider may be used. Default: `true`. */
  readonly enabled?: boolean | null | undefined;
  /**
   * Order among the providers, -1,000,000 to 1,000,000. A higher number is preferred. Default: 0.
   */
  readonly priority?: number | bigint | undefined;
  /** Share of the requests among providers with the same priority, 0 to 1,000,000. By default 1. */
  readonly weight?: number | bigint | null | undefined;
  /** Abilities, such as `vision`: at most 100, with characters as in `name`. */
  readonly capabilities?: readonly string[] | null | undefined;
  /** Limits of the provider, such as requests per minute; at most 65,536 bytes. */
  readonly rateLimits?: object | null | undefined;
  /**
   * Further configuration, at most 65,536 bytes. Keys such as `api_key` are refused, because
   * secrets are credentials.
   */
  readonly config?: object | null | undefined;
  /** Id outside of the backend, at most 64 characters. By default a UUID of version 7. */
  readonly publicId?: string | null | undefined;
}

/** Options of `updateProvider`. */
export interface UpdateProviderOptions extends Abortable {
  /** New kind: 1–50 lower-case letters a–z, digits, dots, hyphens and underscores. */
  readonly kind?: string | null | undefined;
  /** New name to show, at most 255 characters. */
  readonly displayName?: string | null | undefined;
  /** New address, `http` or `https`, without a user name, password or key. */
  readonly baseUrl?: string | null | undefined;
  /** Whether the provider may be used. */
  readonly enabled?: boolean | null | undefined;
  /** New order among the providers, -1,000,000 to 1,000,000. A higher number is preferred. */
  readonly priority?: number | bigint | null | undefined;
  /** New share among providers with the same priority, 0 to 1,000,000. */
  readonly weight?: number | bigint | null | undefined;
  /** New abilities, which replace all of the former. */
  readonly capabilities?: readonly string[] | null | undefined;
  /** New limits, which replace all of the former. */
  readonly rateLimits?: object | null | undefined;
  /** New configuration, which replaces all of the former. Keys such as `api_key` are refused. */
  readonly config?: object | null | undefined;
  /**
   * Version that the caller has read. If the provider has another one by now, nothing is changed.
   */
  readonly expectedVersion?: number | bigint | null | undefined;
}

/** Options of `listProviders`. */
export interface ListProvidersOptions extends Abortable {
  /** State of the providers to return. By default both. */
  readonly enabled?: boolean | null | undefined;
  /** Maximum number of providers to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Name after which the list begins. Pass the last name of a page for the next page. */
  readonly after?: string | null | undefined;
}

/** Options of `putModel`. */
export interface PutModelOptions extends Abortable {
  /** Name to show, at most 255 characters. */
  readonly displayName?: string | null | undefined;
  /** Whether the model may be used. Default: `true`. */
  readonly enabled?: boolean | null | undefined;
  /**
   * Abilities, such as `vision`: at most 100, each with 1–100 lower-case letters a–z, digits,
   * dots, hyphens and underscores.
   */
  readonly capabilities?: readonly string[] | null | undefined;
  /** Maximum number of tokens of a request and its response together, 1 or more. */
  readonly contextWindow?: number | bigint | null | undefined;
  /** Maximum number of tokens of a response, 1 or more. */
  readonly maxOutputTokens?: number | bigint | null | undefined;
  /** Parameters to send with each request, at most 65,536 bytes. */
  readonly params?: object | null | undefined;
  /** Price of a million input tokens in US dollars, as decimal text such as `"2.50"`. */
  readonly inputPrice?: string | null | undefined;
  /** Price of a million output tokens in US dollars. */
  readonly outputPrice?: string | null | undefined;
  /** Price of a million input tokens that the provider had cached, in US dollars. */
  readonly cachedInputPrice?: string | null | undefined;
}

/** Options of `listModels`. */
export interface ListModelsOptions extends Abortable {
  /** State of the models to return. By default both. */
  readonly enabled?: boolean | null | undefined;
  /** Maximum number of models to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Name after which the list begins. Pass the last name of a page for the next page. */
  readonly after?: string | null | undefined;
}

/** Options of `listModelDefaults`. */
export interface ListModelDefaultsOptions extends Abortable {
  /** Maximum number of defaults to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** Purpose after which the list begins. Pass the last purpose of a page for the next page. */
  readonly after?: string | null | undefined;
}

/** Options of `addCredential`. */
export interface AddCredentialOptions extends Abortable {
  /** Name of the provider for which the credential is. It is deleted with the provider. */
  readonly provider?: string | null | undefined;
  /** Id of the user that owns the credential. It is deleted with the user. */
  readonly userId?: string | null | undefined;
  /**
   * What the credential may be used for, such as `chat`; at most 100 scopes of up to 100
   * characters.
   */
  readonly scopes?: readonly string[] | null | undefined;
  /** Time from which the credential is not found any more. */
  readonly expiresAt?: TimestampInput | null | undefined;
  /** The account that adds the credential, at most 255 characters. */
  readonly createdBy?: string | null | undefined;
}

/** Options of `importFernet`. */
export interface ImportFernetOptions extends Abortable {
  /** Name of the provider for which the credential is. It is deleted with the provider. */
  readonly provider?: string | null | undefined;
  /** Id of the user that owns the credential. It is deleted with the user. */
  readonly userId?: string | null | undefined;
  /**
   * What the credential may be used for, such as `chat`; at most 100 scopes of up to 100
   * characters.
   */
  readonly scopes?: readonly string[] | null | undefined;
  /** Time from which the credential is not found any more. */
  readonly expiresAt?: TimestampInput | null | undefined;
  /** The account that adds the credential, at most 255 characters. */
  readonly createdBy?: string | null | undefined;
}

/** Options of `findCredential`. */
export interface FindCredentialOptions extends Abortable {
  /** Name of the provider for which the credential is. */
  readonly provider?: string | null | undefined;
  /** Id of the user that owns the credential. */
  readonly userId?: string | null | undefined;
  /** Scopes that the credential must have, separated by spaces. */
  readonly scope?: string | null | undefined;
}

/** Options of `listCredentials`. */
export interface ListCredentialsOptions extends Abortable {
  /** Name of a provider, to return only its credentials, those of users included. */
  readonly provider?: string | null | undefined;
  /** Id of a user, to return only the user's credentials. */
  readonly userId?: string | null | undefined;
  /** Name of credentials, to return only these. */
  readonly name?: string | null | undefined;
  /** Maximum number of credentials to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `recordRequest`. */
export interface RecordRequestOptions extends Abortable {
  /** Number of the attempt, from 1. Default: 1. */
  readonly attempt?: number | bigint | undefined;
  /** Public id of the request's user. By default the conversation's user, if there is one. */
  readonly userId?: string | null | undefined;
  /** Public id of the request's conversation. */
  readonly conversationId?: string | null | undefined;
  /** Capability that was needed, at most 100 characters. */
  readonly capability?: string | null | undefined;
  /** Kind of the error, such as `rate_limit`, at most 100 characters. Do not pass secrets. */
  readonly errorKind?: string | null | undefined;
  /** Duration of the request, in milliseconds (0–1,000,000,000). */
  readonly latencyMs?: number | bigint | null | undefined;
  /** Time to the first token, in milliseconds (0–1,000,000,000). */
  readonly ttftMs?: number | bigint | null | undefined;
  /** Number of input tokens, including the cached ones (0–1,000,000,000). */
  readonly inputTokens?: number | bigint | null | undefined;
  /** Number of output tokens, including the reasoning (0–1,000,000,000). */
  readonly outputTokens?: number | bigint | null | undefined;
  /** Number of input tokens that the provider read from its cache; at most `inputTokens`. */
  readonly cachedTokens?: number | bigint | null | undefined;
  /** Number of output tokens of the model's reasoning; at most `outputTokens`. */
  readonly reasoningTokens?: number | bigint | null | undefined;
  /** Cost in US dollars, as decimal text such as `0.00125`, with at most 9 decimals. */
  readonly cost?: string | null | undefined;
  /** Why this provider and model were chosen, as JSON of at most 64 KiB. */
  readonly reason?: unknown;
  /** Source of the request; by default `request`. */
  readonly source?: RoutingSource | null | undefined;
  /** Time of the request; by default now. */
  readonly createdAt?: TimestampInput | null | undefined;
}

/** Options of `listRoutingRequests`. */
export interface ListRoutingRequestsOptions extends Abortable {
  /** Name of a provider. */
  readonly provider?: string | null | undefined;
  /** Name of a model. */
  readonly model?: string | null | undefined;
  /** Outcome of the requests. */
  readonly outcome?: RoutingOutcome | null | undefined;
  /** Public id of a user, to return only the user's requests. */
  readonly userId?: string | null | undefined;
  /** Start of the period, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** End of the period, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
  /**
   * Maximum number of requests to return (1–10,000). A page may have fewer if they are large.
   * Default: 100.
   */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `getRoutingUsage`. */
export interface GetRoutingUsageOptions extends Abortable {
  /** Start of the period; by default 30 days before its end. */
  readonly startDate?: TimestampInput | null | undefined;
  /** End of the period; by default now. */
  readonly endDate?: TimestampInput | null | undefined;
  /** Public id of a user, to return only the user's usage. */
  readonly userId?: string | null | undefined;
  /**
   * Maximum number of rows to return (1–10,000). If there are more, they are those with the most
   * requests, or the last days or hours. Default: 1000.
   */
  readonly limit?: number | bigint | undefined;
}

/** Options of `putPolicy`. */
export interface PutPolicyOptions extends Abortable {
  /** Configuration, with the fields of the kind. Omitted fields have their defaults. */
  readonly config?: object | null | undefined;
  /**
   * Name of the provider to which the policy belongs. By default, it belongs to the application.
   */
  readonly provider?: string | null | undefined;
  /**
   * Whether the policy is used. An owner has at most one enabled policy of each kind. Default:
   * `true`.
   */
  readonly enabled?: boolean | null | undefined;
  /**
   * Version that the caller has read; 0 if there is no such policy. If it has another one by now,
   * nothing is changed.
   */
  readonly expectedVersion?: number | bigint | null | undefined;
}

/** Options of `getPolicy`. */
export interface GetPolicyOptions extends Abortable {
  /**
   * Name of the provider to which the policy belongs. By default, it belongs to the application.
   */
  readonly provider?: string | null | undefined;
}

/** Options of `listPolicies`. */
export interface ListPoliciesOptions extends Abortable {
  /** Name of the provider whose own policies are returned. By default, all policies are. */
  readonly provider?: string | null | undefined;
  /** Maximum number of policies to return (1–10,000). Default: 100. */
  readonly limit?: number | bigint | undefined;
  /** The `nextCursor` of the previous page. */
  readonly cursor?: string | null | undefined;
}

/** Options of `deletePolicy`. */
export interface DeletePolicyOptions extends Abortable {
  /**
   * Name of the provider to which the policy belongs. By default, it belongs to the application.
   */
  readonly provider?: string | null | undefined;
  /** Version that the caller has read. If the policy has another one by now, nothing is changed. */
  readonly expectedVersion?: number | bigint | null | undefined;
}

/** Options of `chooseModel`. */
export interface ChooseModelOptions extends Abortable {
  /** Purpose whose default model is preferred, such as `chat`. */
  readonly purpose?: string | null | undefined;
  /** Capabilities that are needed. The model or its provider must have each of them. */
  readonly capabilities?: readonly string[] | null | undefined;
  /**
   * Minimum number of tokens that the model's context window has. Models whose window is not known
   * are rejected.
   */
  readonly minContextWindow?: number | bigint | null | undefined;
  /** Name of the provider that is preferred to the others, and to the default model. */
  readonly preferredProvider?: string | null | undefined;
  /** Name of the model that is preferred to the others, and to the default model. */
  readonly preferredModel?: string | null | undefined;
  /**
   * Models that failed in this request, in the order of the attempts: at most 1,000 texts
   * `provider/model`, or `provider` for all its models.
   */
  readonly tried?: readonly string[] | null | undefined;
  /**
   * Number that determines the order of providers with the same priority. By default a random one.
   * With a number of its own, a conversation has the same provider while nothing changes.
   */
  readonly seed?: number | bigint | null | undefined;
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
   * ids follow the order of the calls, even if a call does not await the one before. Default:
   * `DB_WRITERS`, or 2.
   */
  readonly writers?: number | undefined;
  /**
   * How long a lookup of a token or session is cached, in seconds. With zero, every check queries
   * the database. A revocation takes effect immediately in its own process. Default:
   * `TOKEN_CACHE_SECONDS`, or 5.
   */
  readonly tokenCache?: number | undefined;
  /**
   * Maximum time that text appended to a stream is buffered, in seconds. With zero, it is stored as
   * soon as the previous text is. Default: `STREAM_FLUSH_SECONDS`, or 0.05.
   */
  readonly streamFlush?: number | undefined;
  /**
   * Size in bytes at which the buffered text of a stream is stored at once. Default:
   * `STREAM_BUFFER_BYTES`, or 4096.
   */
  readonly streamBuffer?: number | undefined;
  /**
   * Keys that encrypt credentials. The first one encrypts, and all decrypt.
   * `chatkeep credentials generate-key` makes one. Without a key, no credential is stored. Default:
   * `CHATKEEP_KEYS`, or unset.
   */
  readonly keys?: string | undefined;
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
  /**
   * A deadlock, a serialization failure or a lock lasted until the deadline. If it is not
   * retryable, a value that must be unique is taken; the error's field names it.
   */
  | 'CHATKEEP_CONFLICT'
  /** The connection broke before the database confirmed a change, which may have been stored. */
  | 'CHATKEEP_OUTCOME_UNKNOWN'
  /** The disk, or the space assigned to the database, is full. */
  | 'CHATKEEP_STORAGE_FULL'
  /** The file, the directory or the server accepts no changes. */
  | 'CHATKEEP_READ_ONLY'
  /** The file is damaged, or is not a chatkeep database. Or an encrypted value was changed. */
  | 'CHATKEEP_CORRUPT'
  /** The database's schema does not match this program; the error's `state` is the difference. */
  | 'CHATKEEP_SCHEMA'
  /** The caller interrupted the call while it waited, for example with Ctrl-C. */
  | 'CHATKEEP_INTERRUPTED'
  /** A bug in chatkeep, or a response that it does not understand. */
  | 'CHATKEEP_INTERNAL';
