/** The addon's types. Made from bindings/node by `cargo xtask generated --write`. */

/** The result of starting a call: null if it was started, otherwise the failure. */
export type Submitted = Failure | null;

/** Aborts the calls that it is passed to. */
export declare class Abort {
  /** Creates a handle that has not been aborted. */
  constructor()
  /** Aborts the calls, each at the next point where it waits. */
  abort(): void
}

/** Outcomes of completed calls. */
export interface Batch {
  /** Calls with an integer outcome, as alternating call numbers and integers. */
  integers: Array<number>
  /** Numbers of the calls with other outcomes. */
  calls: Array<number>
  /** Outcomes of `calls`, in the same order. */
  responses: (null | boolean | number | string | Failure)[]
  /** Whether more outcomes are queued; `fetch` returns them. */
  more: boolean
}

/** Details of a failed call. */
export interface Failure {
  /** Error code, for example `CHATKEEP_INVALID_INPUT`. */
  code: string
  /** Human-readable description. */
  message: string
  /** Argument or setting that is invalid. */
  field?: string
  /** Whether the same call may succeed if it is retried. */
  retryable: boolean
  /** How the schema differs from this version, for schema errors. */
  state?: string
  /** Name of the failed call. */
  operation?: string
  /** Messages of the underlying errors, outermost first. */
  causes: Array<string>
}

/** The mailbox of an environment. */
export declare class Mailbox {
  /** Creates a mailbox that passes outcomes to `settle`, at most 256 per call. */
  constructor(settle: (arg: Batch) => unknown)
  /** Removes and returns the next outcomes. */
  fetch(): Batch
}

/** An iteration over messages, or over lines of training data, one page at a time. */
export declare class MessagePages {
  /** Fetches the next page; null after the last one. */
  nextPage(number: number, abort?: Abort | undefined | null): Submitted
}

/**
 * A store, as used by one environment.
 *
 * JavaScript assigns a number to each asynchronous call. The call returns null if it was started,
 * and its outcome is delivered through the mailbox. Otherwise it returns the failure.
 */
export declare class Store {
  /** `DatabaseManager.dbType` */
  dbType(): string | Failure
  /** `DatabaseManager.databaseUrl` */
  databaseUrl(): string | Failure
  /** `DatabaseManager.poolStatus`, as JSON. */
  poolStatus(): string | Failure
  /** `DatabaseManager.waitUntilReady` */
  waitUntilReady(number: number, timeout: unknown, abort?: Abort | undefined | null): Submitted
  /** `DatabaseManager.health` */
  health(number: number, abort?: Abort | undefined | null): Submitted
  /** `DatabaseManager.migrationStatus` */
  migrationStatus(number: number, abort?: Abort | undefined | null): Submitted
  /** `DatabaseManager.upgrade` */
  upgrade(number: number): Submitted
  /** `DatabaseManager.migrate` */
  migrate(number: number, verb: unknown, revision: unknown, folder: unknown, fromRevision: unknown, description: unknown, perEngine: unknown): Submitted
  /** `DatabaseManager.migrateFromOldSqlite` */
  migrateFromOldSqlite(number: number, path: unknown): Submitted
  /** `DatabaseManager.searchIndex` */
  searchIndex(number: number, abort?: Abort | undefined | null): Submitted
  /** `DatabaseManager.createSearchIndex` */
  createSearchIndex(number: number): Submitted
  /** `DatabaseManager.dropSearchIndex` */
  dropSearchIndex(number: number): Submitted
  /** `MessageLogger.logMessage`. Metadata is JSON text. */
  logMessage(number: number, message: unknown, response: unknown, provider: unknown, model: unknown, tokensUsed: unknown, metadata: unknown, timestamp: unknown): Submitted
  /**
   * `MessageLogger.logMessages`. `parts` are the arguments of `logMessage` for each message,
   * concatenated.
   */
  logMessages(number: number, parts: unknown[]): Submitted
  /** `MessageLogger.getMessages` */
  getMessages(number: number, limit: unknown, offset: unknown, cursor: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.cursorAfter`. The timestamp is text with microseconds. */
  cursorAfter(timestamp: unknown, id: unknown): string | Failure
  /** `MessageLogger.getMessageById` */
  getMessageById(number: number, id: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.getMessageCount` */
  getMessageCount(number: number, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.iterMessages`, a page at a time. */
  iterMessages(provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, oldestFirst: unknown): MessagePages | Failure
  /** `MessageLogger.searchMessages` */
  searchMessages(number: number, query: unknown, limit: unknown, offset: unknown, cursor: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.getAnalytics` */
  getAnalytics(number: number, startDate: unknown, endDate: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.countOldMessages` */
  countOldMessages(number: number, days: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.deleteOldMessages` */
  deleteOldMessages(number: number, days: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.exportForFineTuning` */
  exportForFineTuning(number: number, format: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.exportStream`, a page at a time. */
  exportPages(format: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown): MessagePages | Failure
  /** `MessageLogger.checkTotals` */
  checkTotals(number: number, abort?: Abort | undefined | null): Submitted
  /** `MessageLogger.rebuildTotals` */
  rebuildTotals(number: number, abort?: Abort | undefined | null): Submitted
  /** Returns the URL without its password, or null if the store has not been opened. */
  displayUrl(): string | null
  /** `Chatkeep.flush` */
  flush(number: number, timeout: unknown, abort?: Abort | undefined | null): Submitted
  /** `Chatkeep.close` */
  close(number: number, timeout: unknown): Submitted
  /** `TokenManager.createToken` */
  createToken(number: number, description: unknown, expiresDays: unknown): Submitted
  /** Returns the result of `TokenManager.verifyToken` if it is known without a database query. */
  verifyCached(token: unknown): null | boolean | Failure
  /** `TokenManager.verifyToken` */
  verifyToken(number: number, token: unknown): Submitted
  /**
   * Returns the result of `TokenManager.checkToken`, as JSON, if it is known without a database
   * query.
   */
  checkCached(token: unknown): null | string | Failure
  /** `TokenManager.checkToken` */
  checkToken(number: number, token: unknown): Submitted
  /** `TokenManager.listTokens` */
  listTokens(number: number): Submitted
  /** `TokenManager.getTokenInfo` */
  getTokenInfo(number: number, id: unknown): Submitted
  /** `TokenManager.revokeToken` */
  revokeToken(number: number, tokenId: unknown): Submitted
  /** `TokenManager.deleteExpiredTokens` */
  deleteExpiredTokens(number: number): Submitted
}

/**
 * Returns the store that the environment variables configure. They are read at its first use. All
 * threads of the process share it.
 */
export declare function environmentStore(mailbox: Mailbox): Store;

/** Creates a store with its own settings. */
export declare function openStore(mailbox: Mailbox, url: unknown, poolSize: unknown, maxOverflow: unknown, poolTimeout: unknown, poolRecycle: unknown, poolPrePing: unknown, connectTimeout: unknown, queryTimeout: unknown, maxRetries: unknown, retryDelay: unknown, autoMigrate: unknown, writers: unknown, tokenCache: unknown): Store | Failure;

/**
 * Runs the `chatkeep` command on the standard streams of this process and returns its exit code.
 * The first argument is the program's name.
 */
export declare function runCommand(args: Array<string>): number;
