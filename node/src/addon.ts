/** The addon's types. Made from bindings/node by scripts/check-generated.sh --write. */

/** What begins a call: nothing when it has begun, or why it could not. */
export type Begun = Failure | null;

/** Breaks off the calls that it is given to. */
export declare class Abort {
  /** One that has not been asked to yet. */
  constructor()
  /** Breaks off, at the next place where the call waits. */
  abort(): void
}

/** What became of some calls. */
export interface Batch {
  /** Calls that are answered by a whole number: the call's number, the answer, the next call's number, and so on. */
  whole: Array<number>
  /** The numbers of other calls. */
  calls: Array<number>
  /** Their answers, in the same order. */
  answers: (null | boolean | number | string | Failure)[]
  /** Whether there are more, to be fetched with `fetch`. */
  more: boolean
}

/** Why a call failed. */
export interface Failure {
  /** The kind, as `CHATKEEP_INVALID_INPUT`. */
  code: string
  /** What happened, for people. */
  message: string
  /** The argument or setting that was wrong. */
  field?: string
  /** Whether the same call may succeed when it is made again. */
  retryable: boolean
  /** In what way the schema does not fit, where that is what failed. */
  state?: string
  /** The call. */
  operation?: string
  /** What lies underneath, the nearest first. */
  causes: Array<string>
}

/** The mailbox of an environment. */
export declare class Mailbox {
  /** A mailbox whose outcomes are handed to this function, some hundred in one call. */
  constructor(settle: (arg: Batch) => unknown)
  /** Takes the next outcomes out. */
  fetch(): Batch
}

/** The pages of an iteration over messages, or over lines that models are trained with. */
export declare class MessagePages {
  /** The next page; nothing behind the last one. */
  nextPage(number: number, abort?: Abort | undefined | null): Begun
}

/**
 * A store, as one environment sees it.
 *
 * A call that is awaited is given a number by JavaScript. It returns nothing when it has begun, and its outcome comes by
 * way of the mailbox; or it returns why it could not begin.
 */
export declare class Store {
  /** `DatabaseManager.dbType` */
  dbType(): string | Failure
  /** `DatabaseManager.databaseUrl` */
  databaseUrl(): string | Failure
  /** `DatabaseManager.poolStatus`: its JSON. */
  poolStatus(): string | Failure
  /** `DatabaseManager.waitUntilReady` */
  waitUntilReady(number: number, timeout: unknown, abort?: Abort | undefined | null): Begun
  /** `DatabaseManager.health` */
  health(number: number, abort?: Abort | undefined | null): Begun
  /** `DatabaseManager.migrationStatus` */
  migrationStatus(number: number, abort?: Abort | undefined | null): Begun
  /** `DatabaseManager.upgrade` */
  upgrade(number: number): Begun
  /** `DatabaseManager.migrate` */
  migrate(number: number, verb: unknown, revision: unknown, folder: unknown, fromRevision: unknown, description: unknown, perEngine: unknown): Begun
  /** `DatabaseManager.migrateFromOldSqlite` */
  migrateFromOldSqlite(number: number, path: unknown): Begun
  /** `DatabaseManager.searchIndex` */
  searchIndex(number: number, abort?: Abort | undefined | null): Begun
  /** `DatabaseManager.createSearchIndex` */
  createSearchIndex(number: number): Begun
  /** `DatabaseManager.dropSearchIndex` */
  dropSearchIndex(number: number): Begun
  /** `MessageLogger.logMessage`. Metadata is JSON text. */
  logMessage(number: number, message: unknown, response: unknown, provider: unknown, model: unknown, tokensUsed: unknown, metadata: unknown, timestamp: unknown): Begun
  /** `MessageLogger.logMessages`: the arguments of `logMessage` for each message, one behind the other. */
  logMessages(number: number, parts: unknown[]): Begun
  /** `MessageLogger.getMessages` */
  getMessages(number: number, limit: unknown, offset: unknown, cursor: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.cursorAfter`: the moment is the whole one, as text. */
  cursorAfter(timestamp: unknown, id: unknown): string | Failure
  /** `MessageLogger.getMessageById` */
  getMessageById(number: number, id: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.getMessageCount` */
  getMessageCount(number: number, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.iterMessages`, a page at a time. */
  iterMessages(provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, oldestFirst: unknown): MessagePages | Failure
  /** `MessageLogger.searchMessages` */
  searchMessages(number: number, query: unknown, limit: unknown, offset: unknown, cursor: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.getAnalytics` */
  getAnalytics(number: number, startDate: unknown, endDate: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.countOldMessages` */
  countOldMessages(number: number, days: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.deleteOldMessages` */
  deleteOldMessages(number: number, days: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.exportForFineTuning` */
  exportForFineTuning(number: number, format: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.exportStream`, a page at a time. */
  exportPages(format: unknown, provider: unknown, model: unknown, startDate: unknown, endDate: unknown, metadata: unknown): MessagePages | Failure
  /** `MessageLogger.checkTotals` */
  checkTotals(number: number, abort?: Abort | undefined | null): Begun
  /** `MessageLogger.rebuildTotals` */
  rebuildTotals(number: number, abort?: Abort | undefined | null): Begun
  /** The URL without its password; null where the store was not used yet. */
  shown(): string | null
  /** `Chatkeep.flush` */
  flush(number: number, timeout: unknown, abort?: Abort | undefined | null): Begun
  /** `Chatkeep.close` */
  close(number: number, timeout: unknown): Begun
  /** `TokenManager.createToken` */
  createToken(number: number, description: unknown, expiresDays: unknown): Begun
  /** What `TokenManager.verifyToken` answers, if it can without asking the database. */
  verifyAtOnce(token: unknown): null | boolean | Failure
  /** `TokenManager.verifyToken` */
  verifyToken(number: number, token: unknown): Begun
  /** What `TokenManager.checkToken` answers, if it can without asking the database: its JSON. */
  checkAtOnce(token: unknown): null | string | Failure
  /** `TokenManager.checkToken` */
  checkToken(number: number, token: unknown): Begun
  /** `TokenManager.listTokens` */
  listTokens(number: number): Begun
  /** `TokenManager.getTokenInfo` */
  getTokenInfo(number: number, id: unknown): Begun
  /** `TokenManager.revokeToken` */
  revokeToken(number: number, tokenId: unknown): Begun
  /** `TokenManager.deleteExpiredTokens` */
  deleteExpiredTokens(number: number): Begun
}

/**
 * The store that the variables of the environment name. None is read before its first use. All environments of the
 * process share it.
 */
export declare function environmentStore(mailbox: Mailbox): Store;

/** A store of its own. */
export declare function openStore(mailbox: Mailbox, url: unknown, poolSize: unknown, maxOverflow: unknown, poolTimeout: unknown, poolRecycle: unknown, poolPrePing: unknown, connectTimeout: unknown, queryTimeout: unknown, maxRetries: unknown, retryDelay: unknown, autoMigrate: unknown, writers: unknown, tokenCache: unknown): Store | Failure;

/**
 * Runs the `chatkeep` command on the standard streams of this process. The first argument is the program's name. Returns
 * the exit code.
 */
export declare function runCommand(line: Array<string>): number;
