/** The managers of a store. Made from the descriptions in crates/ by `make generate`. */

import { AppSettingManager } from './app_settings.js';
import { AuditManager } from './audit.js';
import { ConversationManager } from './conversations.js';
import { CredentialManager } from './credentials.js';
import { DatabaseManager } from './database.js';
import { FeedbackManager } from './feedback.js';
import { GraphManager } from './graph.js';
import { MemoryManager } from './memory.js';
import { MessageLogger } from './messages.js';
import { ProviderManager } from './providers.js';
import { RoutingManager } from './routing.js';
import { SessionManager } from './sessions.js';
import { StoreOperations } from './store.js';
import { StreamManager } from './streams.js';
import { TaskManager } from './tasks.js';
import { TokenManager } from './tokens.js';
import { UserManager } from './users.js';

/** A store with its managers. */
export class StoreWithManagers extends StoreOperations {
  /** Logs, reads, searches and deletes messages. */
  readonly messageLogger: MessageLogger;
  /** Creates, checks and revokes API tokens. */
  readonly tokenManager: TokenManager;
  /** Stores users' ratings of responses, such as thumbs up and down. */
  readonly feedbackManager: FeedbackManager;
  /** Users, and how they sign in. */
  readonly userManager: UserManager;
  /** Creates, checks, rotates and ends sessions of users. */
  readonly sessionManager: SessionManager;
  /** Records which account did what to which object. */
  readonly auditManager: AuditManager;
  /** Stores and reads streamed responses. */
  readonly streamManager: StreamManager;
  /** Keeps conversations, their turns and their items. */
  readonly conversationManager: ConversationManager;
  /** Stores checkpoints of agents, for frameworks such as LangGraph. */
  readonly graphManager: GraphManager;
  /** Stores the long-term memory of agents, as JSON objects that outlive a conversation. */
  readonly memoryManager: MemoryManager;
  /**
   * Stores settings of the application, such as feature switches and limits, with their history.
   */
  readonly appSettingManager: AppSettingManager;
  /** Stores tasks, and distributes them to workers in any process. */
  readonly taskManager: TaskManager;
  /** Stores providers of models, their models and prices, and the default model of each purpose. */
  readonly providerManager: ProviderManager;
  /** Stores encrypted secrets, such as API keys of providers. */
  readonly credentialManager: CredentialManager;
  /** Records requests to models of providers, with their outcomes, latencies, tokens and costs. */
  readonly routingManager: RoutingManager;
  /** Reports the database's status and health, and runs its migrations. */
  readonly dbManager: DatabaseManager;

  /** @internal */
  constructor(store: unknown) {
    super(store);
    this.messageLogger = new MessageLogger(store);
    this.tokenManager = new TokenManager(store);
    this.feedbackManager = new FeedbackManager(store);
    this.userManager = new UserManager(store);
    this.sessionManager = new SessionManager(store);
    this.auditManager = new AuditManager(store);
    this.streamManager = new StreamManager(store);
    this.conversationManager = new ConversationManager(store);
    this.graphManager = new GraphManager(store);
    this.memoryManager = new MemoryManager(store);
    this.appSettingManager = new AppSettingManager(store);
    this.taskManager = new TaskManager(store);
    this.providerManager = new ProviderManager(store);
    this.credentialManager = new CredentialManager(store);
    this.routingManager = new RoutingManager(store);
    this.dbManager = new DatabaseManager(store);
  }
}
