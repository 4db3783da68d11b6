/** The store, the entry point of the API. */

import { type InspectOptions, inspect } from 'node:util';
import type { Store } from './addon.js';
import { mailbox, unwrapObject } from './calls.js';
import { asyncDispose } from './dispose.js';
import { wrongType } from './errors.js';
import { StoreWithManagers } from './generated/managers.js';
import { SETTINGS } from './generated/settings.js';
import { native } from './native.js';
import { storeOf } from './operations.js';
import { optionsOf } from './options.js';
import type { ChatkeepOptions } from './types.js';

const OPTIONS = new Set<string>(SETTINGS);

export { asyncDispose };

/** Private marker, passed as the URL, that selects the environment's store. */
const ENVIRONMENT = Symbol('environment');

/**
 * The database of a chat backend: users, sessions, tokens, conversations, messages.
 *
 * The first call connects, and creates or upgrades the schema. No call blocks the event loop, and
 * an idle store does not keep the process alive.
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
export class Chatkeep extends StoreWithManagers {
  /**
   * Creates a store. It connects at the first call.
   *
   * @param url The database, for example `sqlite:///chat.db` or
   * `postgresql://user:password@host/name`. By default `DATABASE_URL` and the other environment
   * variables.
   * @param options Settings that override the environment's.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` if the URL or a setting is invalid.
   */
  constructor(url?: string | null, options?: ChatkeepOptions) {
    super((url as unknown) === ENVIRONMENT ? native.environmentStore(mailbox) : open(url, options));
  }

  /** Closes the store, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Shows the URL without its password. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const url = storeOf(this).displayUrl();
    const text = url === null ? 'from the environment, not yet used' : inspect(url, options);
    return `Chatkeep <${text}>`;
  }
}

function open(url: unknown, options: unknown): Store {
  const checked = optionsOf('Chatkeep', options, OPTIONS);
  const settings = SETTINGS.map((name) => checked[name]);
  const store = native.openStore(mailbox, url, settings);
  return unwrapObject<Store>(store);
}

const environment = new Chatkeep(ENVIRONMENT as unknown as string);

/**
 * Returns the store that the environment variables configure. They are read at its first use. All
 * threads of the process share it.
 *
 * @returns The same store at every call.
 */
export function fromEnvironment(): Chatkeep {
  return environment;
}

/**
 * Returns the store that the argument of an integration names: a database URL, a store, or the
 * environment's.
 *
 * @internal
 */
export function chatOf(operation: string, chat: unknown): Chatkeep {
  if (chat === undefined || chat === null) return fromEnvironment();
  if (typeof chat === 'string') return new Chatkeep(chat);
  if (chat instanceof Chatkeep) return chat;
  throw wrongType(operation, 'chat', 'a database URL or a Chatkeep', chat);
}
