/** A store: the way in. */

import { type InspectOptions, inspect } from 'node:util';
import type { Store } from './addon.js';
import { made, mailbox } from './calls.js';
import { DatabaseManager } from './database.js';
import { MessageLogger } from './messages.js';
import { native } from './native.js';
import { optionsOf } from './options.js';
import { TokenManager } from './tokens.js';
import type { ChatkeepOptions, Patience } from './types.js';
import { close, type FlushOptions, flush } from './waiting.js';

const OPTIONS = new Set([
  'poolSize',
  'maxOverflow',
  'poolTimeout',
  'poolRecycle',
  'poolPrePing',
  'connectTimeout',
  'queryTimeout',
  'maxRetries',
  'retryDelay',
  'autoMigrate',
  'writers',
  'tokenCache',
]);

// The first versions of Node 20 have no such symbol; what compilers make of `await using` then looks for this one.
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** Says that a store is the environment's; nobody else has it. */
const ENVIRONMENT = Symbol('environment');

/**
 * A chat backend's database: its messages, its tokens, and itself.
 *
 * Nothing is opened before the first call; the schema is made, or brought up to date, by then. No call blocks the event loop, and
 * a store that has nothing to do keeps no process alive.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const chat = new Chatkeep('sqlite:///:memory:', { poolSize: 5 });
 * const id = await chat.messageLogger.logMessage({ message: 'hello', response: 'hi' });
 * console.log((await chat.messageLogger.getMessageById(id))?.botResponse); // hi
 * await chat.close();
 * ```
 */
export class Chatkeep {
  readonly #store: Store;
  /** The message log. */
  readonly messageLogger: MessageLogger;
  /** The API tokens. */
  readonly tokenManager: TokenManager;
  /** The database itself. */
  readonly dbManager: DatabaseManager;

  /**
   * @param url The database, for example `sqlite:///chat.db` or `postgresql://user:password@host/name`. Without it,
   * `DATABASE_URL` and its like.
   * @param options Settings; what is not set here comes from the environment.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` when the URL or a setting cannot be understood.
   */
  constructor(url?: string | null, options?: ChatkeepOptions) {
    this.#store =
      (url as unknown) === ENVIRONMENT ? native.environmentStore(mailbox) : opened(url, options);
    this.messageLogger = new MessageLogger(this.#store);
    this.tokenManager = new TokenManager(this.#store);
    this.dbManager = new DatabaseManager(this.#store);
  }

  /**
   * Waits until everything that was handed in before has ended, and the noting of when tokens were used.
   *
   * @param options For how long: 30 s where nothing is said.
   * @throws `CHATKEEP_UNAVAILABLE` when it takes longer. What has not ended goes on.
   */
  flush(options?: FlushOptions): Promise<void> {
    return flush(this.#store, options);
  }

  /**
   * Takes no more calls, waits for those under way, and closes all connections. Later calls reject with
   * `CHATKEEP_UNAVAILABLE`. Closing twice does nothing more.
   *
   * @param options For how long calls under way are waited for: 30 s where nothing is said.
   * @throws `CHATKEEP_UNAVAILABLE` when calls had not ended by then.
   */
  close(options?: Patience): Promise<void> {
    return close(this.#store, options);
  }

  /** Closes; for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Shows where the database is, and no password. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const url = this.#store.shown();
    return `Chatkeep <${url === null ? 'of the environment, not yet used' : inspect(url, options)}>`;
  }
}

function opened(url: unknown, options: unknown): Store {
  const asked = optionsOf('Chatkeep', options, OPTIONS);
  const { poolSize, maxOverflow, poolTimeout, poolRecycle, poolPrePing, connectTimeout } = asked;
  const { queryTimeout, maxRetries, retryDelay, autoMigrate, writers, tokenCache } = asked;
  const store = native.openStore(
    mailbox,
    url,
    poolSize,
    maxOverflow,
    poolTimeout,
    poolRecycle,
    poolPrePing,
    connectTimeout,
    queryTimeout,
    maxRetries,
    retryDelay,
    autoMigrate,
    writers,
    tokenCache,
  );
  return made<Store>(store);
}

const environment = new Chatkeep(ENVIRONMENT as unknown as string);

/**
 * The store that the environment names. No variable is read before its first use; all threads of the process share it.
 *
 * @returns The same store at every call.
 */
export function fromEnvironment(): Chatkeep {
  return environment;
}
