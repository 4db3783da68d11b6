/**
 * The data layer of a chat backend: a message log and an API-token store.
 *
 * It works the same on SQLite, PostgreSQL, MySQL and MariaDB; `DATABASE_URL` selects the database.
 * Importing this module opens no connection and reads no environment variable; the first call does.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const { messageLogger } = chat;
 * await messageLogger.logMessage({ message: 'What is WAL?', response: 'Write-ahead logging.' });
 * const [newest] = await messageLogger.getMessages({ limit: 1 });
 * console.log(newest?.userMessage); // What is WAL?
 * ```
 *
 * @module
 */

import type { DatabaseManager } from './generated/database.js';
import type { MessageLogger } from './generated/messages.js';
import type { TokenManager } from './generated/tokens.js';
import { fromEnvironment } from './store.js';

export {
  ChatkeepError,
  type ChatkeepErrorDetails,
  type SchemaErrorState,
} from './errors.js';
export type { DatabaseManager } from './generated/database.js';
export type { MessageLogger } from './generated/messages.js';
export type { TokenManager } from './generated/tokens.js';
export { Chatkeep, fromEnvironment } from './store.js';
export type * from './types.js';

/** The message log of the database that the environment variables configure. */
export const messageLogger: MessageLogger = fromEnvironment().messageLogger;
/** The API tokens of the database that the environment variables configure. */
export const tokenManager: TokenManager = fromEnvironment().tokenManager;
/** The manager of the database that the environment variables configure. */
export const dbManager: DatabaseManager = fromEnvironment().dbManager;
