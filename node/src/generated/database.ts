/** DatabaseManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { DatabaseManagerBase } from '../database_manager.js';
import { call, callSync, operation } from '../operations.js';
import { integer, recordOf } from '../revive.js';
import { migrate, waitUntilReady } from '../tuned.js';
import type { Abortable, MigrateResponses, MigrateVerb, TimeoutOptions } from '../types.js';
import { health, importReport, migrationStatus, poolStatus } from './decode.js';
import type {
  Engine,
  Health,
  ImportReport,
  MigrateOptions,
  MigrationStatus,
  PoolStatus,
  SearchIndexState,
} from './types.js';

const DB_TYPE = operation('database', 'db_type', 'dbType', [], identity<Engine>);
const DATABASE_URL = operation('database', 'database_url', 'databaseUrl', [], identity<string>);
const POOL_STATUS = operation('database', 'pool_status', 'poolStatus', [], recordOf(poolStatus));
const WAIT_UNTIL_READY = operation(
  'database',
  'wait_until_ready',
  'waitUntilReady',
  ['timeout'],
  noResult,
);
const HEALTH = operation('database', 'health', 'health', [], recordOf(health));
const MIGRATION_STATUS = operation(
  'database',
  'migration_status',
  'migrationStatus',
  [],
  recordOf(migrationStatus),
);
const UPGRADE = operation('database', 'upgrade', 'upgrade', [], recordOf(identity<string[]>));
const MIGRATE = operation(
  'database',
  'migrate',
  'migrate',
  ['folder', 'fromRevision', 'description', 'perEngine'],
  identity<string>,
);
const SEARCH_INDEX = operation(
  'database',
  'search_index',
  'searchIndex',
  [],
  identity<SearchIndexState>,
);
const SEARCH_INDEX_MINIMUM = operation(
  'database',
  'search_index_minimum',
  'searchIndexMinimum',
  [],
  integer<number | null>,
);
const CREATE_SEARCH_INDEX = operation(
  'database',
  'create_search_index',
  'createSearchIndex',
  [],
  identity<boolean>,
);
const DROP_SEARCH_INDEX = operation(
  'database',
  'drop_search_index',
  'dropSearchIndex',
  [],
  identity<boolean>,
);
const RECLAIM = operation('database', 'reclaim', 'reclaim', [], noResult);
const MIGRATE_FROM_OLD_SQLITE = operation(
  'database',
  'migrate_from_old_sqlite',
  'migrateFromOldSqlite',
  [],
  recordOf(importReport),
);

/**
 * Reports the database's status and health, and runs its migrations.
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
export class DatabaseManager extends DatabaseManagerBase {
  /** The engine in the URL. */
  get dbType(): Engine {
    return callSync(this, DB_TYPE);
  }

  /** The URL, with the password replaced by `***`. */
  get databaseUrl(): string {
    return callSync(this, DATABASE_URL);
  }

  /** Returns the numbers of idle and used connections and of waiting calls. It does not wait. */
  poolStatus(): PoolStatus {
    return callSync(this, POOL_STATUS);
  }

  /**
   * Waits until the database answers and its schema matches.
   *
   * The maximum wait is `DB_MAX_RETRIES` × `DB_RETRY_DELAY`.
   *
   * @param options Options: `timeout`, the maximum wait in seconds, and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the time has elapsed.
   * @throws `CHATKEEP_CONFIGURATION`, `CHATKEEP_SCHEMA`: a retry would not help. It did not wait.
   */
  waitUntilReady(options?: TimeoutOptions & Abortable): Promise<void> {
    return waitUntilReady(this, WAIT_UNTIL_READY, options, () => []);
  }

  /**
   * Checks that the database answers, and that its schema matches.
   *
   * A schema mismatch is not an error here; the field `schema` reports it.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFIGURATION`: the database
   * does not answer, or connecting failed.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { dbManager } = new Chatkeep('sqlite:///:memory:');
   * const { ok, engine, schema } = await dbManager.health({ signal: AbortSignal.timeout(5000) });
   * console.log(ok, engine, schema); // true sqlite head
   * ```
   */
  health(options?: Abortable): Promise<Health> {
    return call(this, HEALTH, options, () => []);
  }

  /**
   * Returns the applied and pending migrations. It changes nothing, regardless of
   * `DB_AUTO_MIGRATE`.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  migrationStatus(options?: Abortable): Promise<MigrationStatus> {
    return call(this, MIGRATION_STATUS, options, () => []);
  }

  /**
   * Runs the pending migrations, regardless of `DB_AUTO_MIGRATE`.
   *
   * @param options An abort signal.
   * @returns The names of the migrations that were run.
   * @throws `CHATKEEP_SCHEMA`: the schema is newer than this program.
   * @throws `CHATKEEP_CONFLICT`: another program runs migrations for too long.
   */
  upgrade(options?: Abortable): Promise<string[]> {
    return call(this, UPGRADE, options, () => []);
  }

  /**
   * Runs a verb of the command `chatkeep migrate`.
   *
   * An application's migrations, if any, follow those of chatkeep.
   *
   * @param verb `upgrade`, `downgrade`, `current`, `history`, `stamp`, `check`, `sql` or `new`.
   * @param revision Target revision. The default is `-1` for `downgrade` and `head` for other
   * verbs; `stamp` requires it.
   * @param options Options: `folder`, `fromRevision`, `description`, `perEngine` and `signal`.
   * @returns The result, with keys that depend on the verb: `applied`, `reverted`, `changed`, `sql`
   * or `files`. `history` returns `migrations`. `current` returns `state` and the keys of
   * `migrationStatus`. `check` returns `matches`, `state`, `differences` and `messages`.
   * @throws `CHATKEEP_INVALID_INPUT`: the verb or revision does not exist, or an argument or a file
   * is invalid.
   * @throws `CHATKEEP_SCHEMA`: the history does not match, or the database rejects a statement.
   * @throws `CHATKEEP_CONFLICT`: another program runs migrations for too long.
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
    return migrate(this, MIGRATE, options, ({ folder, fromRevision, description, perEngine }) => [
      verb,
      revision,
      folder,
      fromRevision,
      description,
      perEngine,
    ]);
  }

  /**
   * Returns the state of the search index.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  searchIndex(options?: Abortable): Promise<SearchIndexState> {
    return call(this, SEARCH_INDEX, options, () => []);
  }

  /**
   * Returns the minimum number of characters of a search that uses the search index. Shorter
   * searches scan the messages, newest first.
   *
   * @param options An abort signal.
   * @returns `null` if no index is used.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  searchIndexMinimum(options?: Abortable): Promise<number | null> {
    return call(this, SEARCH_INDEX_MINIMUM, options, () => []);
  }

  /**
   * Creates a search index over all messages.
   *
   * The index finds rare words quickly in a large log. It uses disk space and slows every insert.
   * Searches return the same messages with and without it. PostgreSQL (with its extension
   * `pg_trgm`) builds it concurrently with writes. On SQLite and MySQL writers wait, so create it
   * while there is little traffic.
   *
   * @param options An abort signal.
   * @returns `false` if there already is one.
   * @throws `CHATKEEP_CONFIGURATION`: the engine is MariaDB, which does not support it, or the
   * account may not add `pg_trgm`.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger, dbManager } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage('Explain WAL.');
   * console.log(await dbManager.createSearchIndex()); // true
   * console.log(await dbManager.searchIndex()); // ready
   * ```
   */
  createSearchIndex(options?: Abortable): Promise<boolean> {
    return call(this, CREATE_SEARCH_INDEX, options, () => []);
  }

  /**
   * Drops the search index.
   *
   * @param options An abort signal.
   * @returns `false` if there was none.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  dropSearchIndex(options?: Abortable): Promise<boolean> {
    return call(this, DROP_SEARCH_INDEX, options, () => []);
  }

  /**
   * Rewrites a SQLite file, to return the space of deleted rows to the file system.
   *
   * It needs as much free disk space as the file's size, and blocks all writers. Servers reuse such
   * space automatically.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_CONFIGURATION`: the database is on a server.
   * @throws `CHATKEEP_STORAGE_FULL`: there is not enough disk space.
   * @throws `CHATKEEP_CONFLICT`: other connections keep reading or writing for too long.
   */
  reclaim(options?: Abortable): Promise<void> {
    return call(this, RECLAIM, options, () => []);
  }

  /**
   * Imports the messages and tokens of another chat program's SQLite file, all rows or none.
   *
   * The file may be a `chatbot.db`, a `tokens.db`, or a file that SQLAlchemy created. It is not
   * changed. A row keeps its id unless another row already has that id. Tokens remain valid. Rows
   * that an earlier run imported are skipped.
   *
   * @param path Path of the file.
   * @param options An abort signal.
   * @returns The rows found and stored, as in the output of `chatkeep db import-legacy --json`.
   * @throws `CHATKEEP_INVALID_INPUT`: a row has an invalid value, or a table has unknown columns.
   * The message names them. The command `chatkeep db import-legacy` lists such rows, and with
   * `--force` stores them where possible.
   * @throws `CHATKEEP_CORRUPT`: the file is damaged, or is not a SQLite file.
   * @throws `CHATKEEP_CONFIGURATION`: reading the file failed.
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
  migrateFromOldSqlite(path: string, options?: Abortable): Promise<ImportReport> {
    return call(this, MIGRATE_FROM_OLD_SQLITE, options, () => [path]);
  }
}
