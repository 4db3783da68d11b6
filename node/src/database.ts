/** The database itself. */

import type { Store } from './addon.js';
import { ask, call, nothing, now, same } from './calls.js';
import { migrationStatus } from './rows.js';
import type {
  Abortable,
  Health,
  MigrationStatus,
  Patience,
  PoolStatus,
  SearchIndexState,
} from './types.js';
import { close } from './waiting.js';

const SIGNAL = new Set(['signal']);
const PATIENCE = new Set(['timeout', 'signal']);

/**
 * The database itself: where it is, how it is, which schema it has.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { dbManager } = new Chatkeep('postgresql://bot:secret@db.example/chat');
 * console.log(dbManager.dbType, dbManager.databaseUrl); // postgresql postgresql://bot:***@db.example/chat
 * ```
 */
export class DatabaseManager {
  readonly #store: Store;

  /** @internal */
  constructor(store: unknown) {
    this.#store = store as Store;
  }

  /** The engine that the URL names: `sqlite`, `postgresql`, `mysql` or `mariadb`. */
  get dbType(): string {
    return now<string>(this.#store.dbType());
  }

  /** The URL, with `***` in the password's place. */
  get databaseUrl(): string {
    return now<string>(this.#store.databaseUrl());
  }

  /** How many connections there are, and who has them. Nothing is waited for. */
  poolStatus(): PoolStatus {
    return JSON.parse(now<string>(this.#store.poolStatus())) as PoolStatus;
  }

  /**
   * Waits until the database answers and its schema is as it should be.
   *
   * @param options For how long: `DB_MAX_RETRIES` x `DB_RETRY_DELAY` where nothing is said, and no longer in any case.
   * @throws `CHATKEEP_UNAVAILABLE` when the time is over; `CHATKEEP_CONFIGURATION` at once when waiting would not help, as with a
   * wrong password.
   */
  waitUntilReady(options?: Patience & Abortable): Promise<void> {
    return ask(
      'waitUntilReady',
      options,
      PATIENCE,
      (number, { timeout }, abort) => this.#store.waitUntilReady(number, timeout, abort),
      nothing,
    );
  }

  /**
   * Asks the database for a sign of life.
   *
   * @param options What breaks the call off.
   * @throws `CHATKEEP_UNAVAILABLE` and others: what is wrong with it.
   */
  health(options?: Abortable): Promise<Health> {
    return ask(
      'health',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.health(number, abort),
      (json: string) => JSON.parse(json) as Health,
    );
  }

  /**
   * Where the database stands among this version's migrations. Nothing changes, whatever `DB_AUTO_MIGRATE` says.
   *
   * @param options What breaks the call off.
   */
  migrationStatus(options?: Abortable): Promise<MigrationStatus> {
    return ask(
      'migrationStatus',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.migrationStatus(number, abort),
      migrationStatus,
    );
  }

  /**
   * Runs the migrations that are pending, whatever `DB_AUTO_MIGRATE` says.
   *
   * @returns Their names.
   * @throws `CHATKEEP_SCHEMA` when the schema is newer than this version.
   */
  upgrade(): Promise<string[]> {
    return call(
      (number) => this.#store.upgrade(number),
      (json: string) => JSON.parse(json) as string[],
    );
  }

  /**
   * Whether there is a search index.
   *
   * @param options What breaks the call off.
   */
  searchIndex(options?: Abortable): Promise<SearchIndexState> {
    return ask(
      'searchIndex',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.searchIndex(number, abort),
      same<SearchIndexState>,
    );
  }

  /**
   * Makes a search index, with which rare words are found at once in a large log, for some room and time at every message. On
   * SQLite and MySQL writers wait meanwhile.
   *
   * @returns False when it is there already.
   * @throws `CHATKEEP_CONFIGURATION` on MariaDB, which has none, and where `pg_trgm` may not be added.
   */
  createSearchIndex(): Promise<boolean> {
    return call((number) => this.#store.createSearchIndex(number), same<boolean>);
  }

  /**
   * Drops the search index.
   *
   * @returns False when there was none.
   */
  dropSearchIndex(): Promise<boolean> {
    return call((number) => this.#store.dropSearchIndex(number), same<boolean>);
  }

  /**
   * As {@link Chatkeep.close}. The environment's store is opened anew at its next use.
   *
   * @param options For how long calls under way are waited for: 30 s where nothing is said.
   * @throws `CHATKEEP_UNAVAILABLE` when calls had not ended by then.
   */
  close(options?: Patience): Promise<void> {
    return close(this.#store, options);
  }
}
