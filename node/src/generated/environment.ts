/** The managers of the environment's store. Made from the descriptions in crates/ by `make generate`. */

import { fromEnvironment } from '../store.js';
import type { DatabaseManager } from './database.js';
import type { FeedbackManager } from './feedback.js';
import type { MessageLogger } from './messages.js';
import type { TokenManager } from './tokens.js';

export type { DatabaseManager, FeedbackManager, MessageLogger, TokenManager };

/** Logs, reads, searches and deletes messages. The environment variables configure the database. */
export const messageLogger: MessageLogger = fromEnvironment().messageLogger;

/** Creates, checks and revokes API tokens. The environment variables configure the database. */
export const tokenManager: TokenManager = fromEnvironment().tokenManager;

/**
 * Stores users' ratings of responses, such as thumbs up and down. The environment variables
 * configure the database.
 */
export const feedbackManager: FeedbackManager = fromEnvironment().feedbackManager;

/**
 * Reports the database's status and health, and runs its migrations. The environment variables
 * configure the database.
 */
export const dbManager: DatabaseManager = fromEnvironment().dbManager;
