/** The database itself. */

import type { Store } from './addon.js';
import { ask, call, nothing, now, same } from './calls.js';
import { optionsOf } from './options.js';
import { importReport, migrateAnswer, migrationStatus } from './rows.js';
import type {
  Abortable,
  Health,
  ImportReport,
  MigrateAnswers,
  MigrateOptions,
  MigrateVerb,
  MigrationStatus,
  Patience,
  PoolStatus,
  SearchIndexState,
} from './types.js';
import { close } from './waiting.js';

const SIGNAL = new Set(['signal']);
const MIGRATE = new Set(['folder', 'fromRevision', 'description', 'perEngine']);
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
   * Does what a verb of the command `chatkeep migrate` does, with an application's own migrations behind chatkeep's.
   *
   * What it resolves to depends on the verb: {@link MigrateAnswers}. Keys are in camel case and moments are `Date`s, as everywhere
   * here: `current` is what {@link DatabaseManager.migrationStatus} resolves to, with `state`.
   *
   * @param verb `upgrade`, `downgrade`, `current`, `history`, `stamp`, `check`, `sql` or `new`.
   * @param revision How far; `head`, or `-1` for `downgrade`, when left out. A version, the beginning of one, or a name.
   * @param options The application's migrations, and what else the verb is to know.
   * @throws `CHATKEEP_SCHEMA` when the history does not fit, or the database refuses a migration; `CHATKEEP_INVALID_INPUT` when
   * there is no such verb or revision, or a file is not as it should be.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { dbManager } = new Chatkeep('sqlite:///:memory:');
   * const { matches, messages } = await dbManager.migrate('check');
   * console.assert(matches, messages.join());
   * const { pending } = await dbManager.migrate('current'); // { folder: 'migrations' } for tables of your own
   * console.assert(pending.length === 0);
   * ```
   */
  migrate<V extends MigrateVerb>(
    verb: V,
    revision?: string | null,
    options?: MigrateOptions,
  ): Promise<MigrateAnswers[V]> {
    return call(
      (number) => {
        const asked = optionsOf('migrate', options, MIGRATE);
        const { folder, fromRevision, description, perEngine } = asked;
        return this.#store.migrate(
          number,
          verb,
          revision,
          folder,
          fromRevision,
          description,
          perEngine,
        );
      },
      (json: string) => migrateAnswer(verb, json),
    );
  }

  /**
   * Takes over the messages and tokens of a SQLite file that another chat program left behind (`chatbot.db`, `tokens.db`, or one
   * that SQLAlchemy made), all or none. The file is not changed. Ids are kept where they are free, tokens stay valid, and what an
   * earlier run has stored is passed over.
   *
   * @param path The file.
   * @returns What was found and stored: the keys of `chatkeep db import-legacy --json`, in camel case.
   * @throws `CHATKEEP_INVALID_INPUT` when a row cannot be stored as it is, or a table has columns with no place here: the command
   * lists such rows, and can store them; `CHATKEEP_CORRUPT` when the file is damaged, or no SQLite file; `CHATKEEP_CONFIGURATION`
   * when it cannot be read.
   *
   * @example
   * ```ts
   * import { Chatkeep, ChatkeepError } from 'chatkeep';
   *
   * const { dbManager } = new Chatkeep('sqlite:///:memory:');
   * try {
   *   const { files } = await dbManager.migrateFromOldSqlite('no-such-folder/chatbot.db');
   *   console.log(files[0]?.messages.stored);
   * } catch (error) {
   *   if (!(error instanceof ChatkeepError)) throw error;
   *   console.log(error.code, error.message);
   * }
   * ```
   */
  migrateFromOldSqlite(path: string): Promise<ImportReport> {
    return call((number) => this.#store.migrateFromOldSqlite(number, path), importReport);
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
