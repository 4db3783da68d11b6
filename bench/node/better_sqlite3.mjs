// better-sqlite3 with prepared statements, in WAL with FULL. It knows no promises: callers come one after the other, and
// wait for each other.

import { FIELDS, PAGE, VERIFY, argumentsOf, checkPage, checkToken, hashOf, load, questionsOf, versionOf } from './protocol.mjs';

const Database = load('better-sqlite3');

export function connect(setup) {
  const database = new Database(setup.file, { timeout: 120_000 });
  for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON']) database.pragma(pragma);
  return database;
}

export function ready(setup, database, versions) {
  const ask = (sql) => String(database.prepare(sql).pluck().get());
  const durability = Object.fromEntries(
    Object.entries(questionsOf(setup)).map(([name, sql]) => [name, ask(sql)]),
  );
  const all = { 'better-sqlite3': versionOf('better-sqlite3'), sqlite: ask('SELECT sqlite_version()'), ...versions };
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
      checkPage(page.all(setup.page).map((message) => ({ ...message, metadata: JSON.parse(message.metadata) }))),
    verify: (token) => checkToken(verify.get(hashOf(token))),
  };
}
