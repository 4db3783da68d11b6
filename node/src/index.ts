/**
 * A chat backend's data layer: one message log and one API-token store.
 *
 * It works the same over SQLite, PostgreSQL, MySQL and MariaDB, chosen by one `DATABASE_URL`. Importing this connects to nothing
 * and reads no variable; the first call does.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * await chat.messageLogger.logMessage({ message: 'What is WAL?', response: 'Write-ahead logging.' });
 * const [newest] = await chat.messageLogger.getMessages({ limit: 1 });
 * console.log(newest?.userMessage); // What is WAL?
 * ```
 *
 * @module
 */

import type { DatabaseManager } from './database.js';
import type { MessageLogger } from './messages.js';
import { fromEnvironment } from './store.js';
import type { TokenManager } from './tokens.js';

export type { DatabaseManager } from './database.js';
export {
  ChatkeepError,
  type ChatkeepErrorCode,
  type ChatkeepErrorDetails,
  type SchemaErrorState,
} from './errors.js';
export type { MessageLogger } from './messages.js';
export { Chatkeep, fromEnvironment } from './store.js';
export type { TokenManager } from './tokens.js';
export type * from './types.js';
export type { FlushOptions } from './waiting.js';

/** The message log of the database that the environment names. */
export const messageLogger: MessageLogger = fromEnvironment().messageLogger;
/** The API tokens of the database that the environment names. */
export const tokenManager: TokenManager = fromEnvironment().tokenManager;
/** The database that the environment names. */
export const dbManager: DatabaseManager = fromEnvironment().dbManager;
