/** The managers of the environment's store. Made from the descriptions in crates/ by `make generate`. */

import { fromEnvironment } from '../store.js';
import type { AppSettingManager } from './app_settings.js';
import type { AuditManager } from './audit.js';
import type { ConversationManager } from './conversations.js';
import type { CredentialManager } from './credentials.js';
import type { DatabaseManager } from './database.js';
import type { FeedbackManager } from './feedback.js';
import type { GraphManager } from './graph.js';
import type { MemoryManager } from './memory.js';
import type { MessageLogger } from './messages.js';
import type { ProviderManager } from './providers.js';
import type { RoutingManager } from './routing.js';
import type { SessionManager } from './sessions.js';
import type { StreamManager } from './streams.js';
import type { TaskManager } from './tasks.js';
import type { TokenManager } from './tokens.js';
import type { UserManager } from './users.js';

export type {
  AppSettingManager,
  AuditManager,
  ConversationManager,
  CredentialManager,
  DatabaseManager,
  FeedbackManager,
  GraphManager,
  MemoryManager,
  MessageLogger,
  ProviderManager,
  RoutingManager,
  SessionManager,
  StreamManager,
  TaskManager,
  TokenManager,
  UserManager,
};

/** Logs, reads, searches and deletes messages. The environment variables configure the database. */
export const messageLogger: MessageLogger = fromEnvironment().messageLogger;

/** Creates, checks and revokes API tokens. The environment variables configure the database. */
export const tokenManager: TokenManager = fromEnvironment().tokenManager;

/**
 * Stores users' ratings of responses, such as thumbs up and down. The environment variables
 * configure the database.
 */
export const feedbackManager: FeedbackManager = fromEnvironment().feedbackManager;

/** Users, and how they sign in. The environment variables configure the database. */
export const userManager: UserManager = fromEnvironment().userManager;

/**
 * Creates, checks, rotates and ends sessions of users. The environment variables configure the
 * database.
 */
export const sessionManager: SessionManager = fromEnvironment().sessionManager;

/**
 * Records which account did what to which object. The environment variables configure the database.
 */
export const auditManager: AuditManager = fromEnvironment().auditManager;

/** Stores and reads streamed responses. The environment variables configure the database. */
export const streamManager: StreamManager = fromEnvironment().streamManager;

/**
 * Keeps conversations, their turns and their items. The environment variables configure the
 * database.
 */
export const conversationManager: ConversationManager = fromEnvironment().conversationManager;

/**
 * Stores checkpoints of agents, for frameworks such as LangGraph. The environment variables
 * configure the database.
 */
export const graphManager: GraphManager = fromEnvironment().graphManager;

/**
 * Stores the long-term memory of agents, as JSON objects that outlive a conversation. The
 * environment variables configure the database.
 */
export const memoryManager: MemoryManager = fromEnvironment().memoryManager;

/**
 * Stores settings of the application, such as feature switches and limits, with their history. The
 * environment variables configure the database.
 */
export const appSettingManager: AppSettingManager = fromEnvironment().appSettingManager;

/**
 * Stores tasks, and distributes them to workers in any process. The environment variables configure
 * the database.
 */
export const taskManager: TaskManager = fromEnvironment().taskManager;

/**
 * Stores providers of models, their models and prices, and the default model of each purpose. The
 * environment variables configure the database.
 */
export const providerManager: ProviderManager = fromEnvironment().providerManager;

/**
 * Stores encrypted secrets, such as API keys of providers. The environment variables configure the
 * database.
 */
export const credentialManager: CredentialManager = fromEnvironment().credentialManager;

/**
 * Records requests to models of providers, with their outcomes, latencies, tokens and costs. The
 * environment variables configure the database.
 */
export const routingManager: RoutingManager = fromEnvironment().routingManager;

/**
 * Reports the database's status and health, and runs its migrations. The environment variables
 * configure the database.
 */
export const dbManager: DatabaseManager = fromEnvironment().dbManager;
