/**
 * The data layer of a chat backend: users, sessions, API tokens, conversations, streams, messages.
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

export {
  ChatkeepError,
  type ChatkeepErrorDetails,
  type SchemaErrorState,
} from './errors.js';
export * from './generated/environment.js';
export { Chatkeep, fromEnvironment } from './store.js';
export type * from './types.js';
export type { RunningTask } from './work/running_task.js';
export type { Work, WorkOptions } from './work/work.js';
