/** The database: its status, migrations and search index. */

import type { Store } from './addon.js';
import { call, callWithOptions, identity, noResult, unwrapSync } from './calls.js';
import { close } from './flush.js';
import { optionsOf, SIGNAL } from './options.js';
import { importReport, migrateResponse, migrationStatus } from './rows.js';
import type {
  Abortable,
  Health,
  ImportReport,
  MigrateOptions,
  MigrateResponses,
  MigrateVerb,
  MigrationStatus,
  PoolStatus,
  SearchIndexState,
  TimeoutOptions,
} from './types.js';

const MIGRATE = new Set(['folder', 'fromRevision', 'description', 'perEngine']);
const WAIT = new Set(['timeout', 'signal']);

/**
 * Manages the database: its status, its migrations and its search index.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { dbManager } = new Chatkeep('postgresql://bot:secret@db.example/chat');
 * console.log(dbManager.dbType); // postgresql
 * console.log(dbManager.databaseUrl); // postgresql://bot:***@db.example/chat
 * ```
 */
export class DatabaseManager {
  readonly #store: Store;

  /** @internal */
  constructor(store: unknown) {
    this.#store = store as Store;
  }

  /** The engine in the URL: `sqlite`, `postgresql`, `mysql` or `mariadb`. */
  get dbType(): string {
    return unwrapSync<string>(this.#store.dbType());
  }

  /** The URL, with `***` in place of the password. */
  get databaseUrl(): string {
    return unwrapSync<string>(this.#store.databaseUrl());
  }

  /** Returns the connection counts of the pool. It does not wait. */
  poolStatus(): PoolStatus {
    return JSON.parse(unwrapSync<string>(this.#store.poolStatus())) as PoolStatus;
  }

  /**
   * Waits until the database responds and its schema matches this version.
   *
   * @param options A timeout and an abort signal. The timeout is `DB_MAX_RETRIES` times
   * `DB_RETRY_DELAY` by default, and at most.
   * @throws `CHATKEEP_UNAVAILABLE` after the timeout. `CHATKEEP_CONFIGURATION` without waiting if
   * a retry cannot help, for example for a wrong password.
   */
  waitUntilReady(options?: TimeoutOptions & Abortable): Promise<void> {
    return callWithOptions(
      'waitUntilReady',
      options,
      WAIT,
      (number, { timeout }, abort) => this.#store.waitUntilReady(number, timeout, abort),
      noResult,
    );
  }

  /**
   * Runs a health check.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_UNAVAILABLE` or another connection error if the database does not respond.
   */
  health(options?: Abortable): Promise<Health> {
    return callWithOptions(
      'health',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.health(number, abort),
      (json: string) => JSON.parse(json) as Health,
    );
  }

  /**
   * Returns the applied and pending migrations. Changes nothing, regardless of `DB_AUTO_MIGRATE`.
   *
   * @param options An abort signal.
   */
  migrationStatus(options?: Abortable): Promise<MigrationStatus> {
    return callWithOptions(
      'migrationStatus',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.migrationStatus(number, abort),
      migrationStatus,
    );
  }

  /**
   * Runs all pending migrations, regardless of `DB_AUTO_MIGRATE`.
   *
   * @returns The names of the applied migrations.
   * @throws `CHATKEEP_SCHEMA` if the schema is newer than this version.
   */
  upgrade(): Promise<string[]> {
    return call(
      (number) => this.#store.upgrade(number),
      (json: string) => JSON.parse(json) as string[],
    );
  }

  /**
   * Runs a verb of the command `chatkeep migrate`. An application's own migrations run after those
   * of chatkeep.
   *
   * The result depends on the verb; see {@link MigrateResponses}. For `current`, it is the result
   * of {@link DatabaseManager.migrationStatus} with a `state`.
   *
   * @param verb `upgrade`, `downgrade`, `current`, `history`, `stamp`, `check`, `sql` or `new`.
   * @param revision The target: a version, its prefix, or a name. Default: `head`, or `-1` for
   * `downgrade`.
   * @param options The application's migrations and options of the verb.
   * @throws `CHATKEEP_SCHEMA` if the history does not match, or the database rejects a migration.
   * `CHATKEEP_INVALID_INPUT` if the verb or revision does not exist, or a file is invalid.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { dbManager } = new Chatkeep('sqlite:///:memory:');
   * const { matches, messages } = await dbManager.migrate('check');
   * console.assert(matches, messages.join());
   * // For your own tables: dbManager.migrate('current', null, { folder: 'migrations' })
   * const { pending } = await dbManager.migrate('current');
   * console.assert(pending.length === 0);
   * ```
   */
  migrate<V extends MigrateVerb>(
    verb: V,
    revision?: string | null,
    options?: MigrateOptions,
  ): Promise<MigrateResponses[V]> {
    return call(
      (number) => {
        const checked = optionsOf('migrate', options, MIGRATE);
        const { folder, fromRevision, description, perEngine } = checked;
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
      (json: string) => migrateResponse(verb, json),
    );
  }

  /**
   * Imports all messages and tokens from a SQLite file of another chat program, or none of them.
   *
   * The file is `chatbot.db`, `tokens.db`, or one that SQLAlchemy created. It is not modified. Rows
   * keep their ids where these are free, and tokens stay valid. Rows that an earlier run stored are
   * skipped.
   *
   * @param path Path of the file.
   * @returns The report, with the keys of `chatkeep db import-legacy --json` in camel case.
   * @throws `CHATKEEP_INVALID_INPUT` if a row is invalid, or a table has unknown columns; the
   * command lists such rows and can store them. `CHATKEEP_CORRUPT` if the file is damaged or is
   * not a SQLite file. `CHATKEEP_CONFIGURATION` if the file is unreadable.
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
   * Returns the state of the search index.
   *
   * @param options An abort signal.
   */
  searchIndex(options?: Abortable): Promise<SearchIndexState> {
    return callWithOptions(
      'searchIndex',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.searchIndex(number, abort),
      identity<SearchIndexState>,
    );
  }

  /**
   * Creates the search index, which speeds up searches for rare words in a large log. It uses disk
   * space and slows every insert. On SQLite and MySQL, writers wait until it is built.
   *
   * @returns False if the index already exists.
   * @throws `CHATKEEP_CONFIGURATION` on MariaDB, which does not support it, and on PostgreSQL
   * without the permission to create the extension `pg_trgm`.
   */
  createSearchIndex(): Promise<boolean> {
    return call((number) => this.#store.createSearchIndex(number), identity<boolean>);
  }

  /**
   * Drops the search index.
   *
   * @returns False if the index does not exist.
   */
  dropSearchIndex(): Promise<boolean> {
    return call((number) => this.#store.dropSearchIndex(number), identity<boolean>);
  }

  /**
   * Closes the store, as {@link Chatkeep.close} does. The environment's store reopens at its next
   * use.
   *
   * @param options The timeout for calls in progress; 30 s by default.
   * @throws `CHATKEEP_UNAVAILABLE` if calls are still in progress after the timeout.
   */
  close(options?: TimeoutOptions): Promise<void> {
    return close(this.#store, options);
  }
}
