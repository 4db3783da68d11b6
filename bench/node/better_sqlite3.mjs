// better-sqlite3 with prepared statements, in WAL mode with FULL. Its API is synchronous, so
// callers run one after the other.

import {
  FIELDS,
  PAGE,
  VERIFY,
  argumentsOf,
  checkPage,
  checkToken,
  hashOf,
  load,
  queriesOf,
  versionOf,
} from './protocol.mjs';

const Database = load('better-sqlite3');

export function connect(setup) {
  const database = new Database(setup.file, { timeout: 120_000 });
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON'])
    database.pragma(pragma);
  return database;
}

export function ready(setup, database, versions) {
  const query = (sql) => String(database.prepare(sql).pluck().get());
  const durability = Object.fromEntries(
    Object.entries(queriesOf(setup)).map(([name, sql]) => [name, query(sql)]),
  );
  const all = {
    'better-sqlite3': versionOf('better-sqlite3'),
    sqlite: query('SELECT sqlite_version()'),
    ...versions,
  };
  return { versions: all, durability };
}

export function open(setup) {
  const database = connect(setup);
  const insert = database.prepare(`INSERT INTO messages (${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const page = database.prepare(`${PAGE}?`);
  const verify = database.prepare(`${VERIFY}?`);
  const log = () => [insert.run(argumentsOf(setup)).lastInsertRowid];
  const many = database.transaction(() => Array.from({ length: setup.batch }, () => log()[0]));
  return {
    ready: () => ready(setup, database, {}),
    log,
    bulk: () => many.immediate(),
    page: () =>
      checkPage(
        page
          .all(setup.page)
          .map((message) => ({ ...message, metadata: JSON.parse(message.metadata) })),
      ),
    verify: (token) => checkToken(verify.get(hashOf(token))),
  };
}
