/** The managers of a store. Made from the descriptions in crates/ by `make generate`. */

import { DatabaseManager } from './database.js';
import { FeedbackManager } from './feedback.js';
import { MessageLogger } from './messages.js';
import { StoreOperations } from './store.js';
import { TokenManager } from './tokens.js';

/** A store with its managers. */
export class StoreWithManagers extends StoreOperations {
  /** Logs, reads, searches and deletes messages. */
  readonly messageLogger: MessageLogger;
  /** Creates, checks and revokes API tokens. */
  readonly tokenManager: TokenManager;
  /** Stores users' ratings of responses, such as thumbs up and down. */
  readonly feedbackManager: FeedbackManager;
  /** Reports the database's status and health, and runs its migrations. */
  readonly dbManager: DatabaseManager;

  /** @internal */
  constructor(store: unknown) {
    super(store);
    this.messageLogger = new MessageLogger(store);
    this.tokenManager = new TokenManager(store);
    this.feedbackManager = new FeedbackManager(store);
    this.dbManager = new DatabaseManager(store);
  }
}
