/** `migrate` with its verbs, and with the migrations of an application. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { emptyDatabase, temporaryFolder } from './support/databases.mjs';
import { whileLocked } from './support/locked_file.mjs';
import { memoryStore, onEachEngine, openStore } from './support/stores.mjs';

const FILE = fileURLToPath(import.meta.url);
const USERS = '20270101000000_create_users';
const TITLE = `app:${USERS}`;

/** Creates the migrations folder of an application with one table. */
async function application(t) {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, USERS));
  const up = 'CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);';
  await writeFile(join(folder, USERS, 'up.sql'), up);
  await writeFile(join(folder, USERS, 'down.sql'), 'DROP TABLE users;');
  return folder;
}

onEachEngine('migrations of an application are applied and reverted', async (t, { chat }) => {
  const { dbManager: db } = chat;
  const folder = await application(t);
  const { applied } = await db.migrate('upgrade');
  const { migrations: own } = await db.migrate('history');
  assert.ok(own.length > 0);
  assert.deepEqual(
    applied,
    own.map(({ version, name }) => `${version}_${name}`),
  );

  const before = await db.migrate('current', null, { folder });
  assert.deepEqual(Object.keys(before), ['state', 'applied', 'pending', 'unknown']);
  assert.equal(before.state, 'behind');
  assert.deepEqual(before.pending, [{ version: 'app:20270101000000', name: 'create_users' }]);
  const { state, ...status } = await db.migrate('current');
  assert.equal(state, 'head');
  assert.deepEqual(status, await db.migrationStatus());
  assert.ok(status.applied[0].appliedAt instanceof Date);

  assert.deepEqual(await db.migrate('upgrade', 'head', { folder }), { applied: [TITLE] });
  assert.deepEqual(await db.migrate('upgrade', undefined, { folder }), { applied: [] });
  const { migrations } = await db.migrate('history', null, { folder });
  const last = migrations.at(-1);
  assert.deepEqual([last.version, last.name], ['app:20270101000000', 'create_users']);
  assert.deepEqual([last.state, last.recorded, last.error], ['applied', 'done', null]);
  assert.ok(last.startedAt instanceof Date && last.appliedAt >= last.startedAt);
  assert.match(last.checksum, /^[0-9a-f]{64}$/);

  const fits = { matches: true, state: 'head', differences: [], messages: [] };
  assert.deepEqual(await db.migrate('check', null, { folder }), fits);
  const { sql } = await db.migrate('sql', null, { folder, fromRevision: 'base' });
  assert.ok(sql.includes('CREATE TABLE users'));
  assert.ok(!(await db.migrate('sql', null, { folder })).sql.includes('CREATE TABLE users'));

  assert.deepEqual(await db.migrate('downgrade', null, { folder }), { reverted: [TITLE] });
  const changed = [`${TITLE} was run`];
  assert.deepEqual(await db.migrate('stamp', 'create_users', { folder }), { changed });
  const { matches, messages, differences } = await db.migrate('check', null, { folder });
  assert.deepEqual([matches, messages], [false, ['table users is missing']]);
  assert.deepEqual(Object.keys(differences[0]), ['table', 'kind', 'name', 'expected', 'found']);
  assert.deepEqual([differences[0].table, differences[0].kind], ['users', 'table']);
});

onEachEngine('a new migration is created, edited and applied', async (t, { chat }) => {
  const { dbManager: db } = chat;
  const folder = await temporaryFolder(t);
  const { files } = await db.migrate('new', null, { folder, description: 'Add rooms' });
  assert.deepEqual(
    files.map((file) => basename(file)),
    ['up.sql', 'down.sql'],
  );
  await assert.rejects(db.migrate('upgrade', null, { folder }), {
    code: 'CHATKEEP_INVALID_INPUT',
    message: /contains no statement/,
  });
  await writeFile(files[0], 'CREATE TABLE rooms (id BIGINT NOT NULL PRIMARY KEY);');
  await writeFile(files[1], 'DROP TABLE rooms;');
  const { applied } = await db.migrate('upgrade', null, { folder });
  assert.match(applied.at(-1), /^app:\d{14}_add_rooms$/);
  assert.equal((await db.migrate('check', null, { folder })).matches, true);
  assert.deepEqual(await db.migrate('downgrade', '-1', { folder }), {
    reverted: applied.slice(-1),
  });
});

test('a new migration can have files for each engine', async (t) => {
  const { dbManager: db } = memoryStore(t);
  const folder = await temporaryFolder(t);
  const { files } = await db.migrate('new', null, { folder, description: 'x', perEngine: true });
  const engines = files.map((file) => file.slice(folder.length + 1).split('/')[0]);
  assert.deepEqual([...new Set(engines)].sort(), ['mysql', 'postgresql', 'sqlite']);
  for (const file of files) assert.equal(typeof (await readFile(file, 'utf8')), 'string');
});

onEachEngine('an inconsistent migration history is rejected', async (t, { chat }) => {
  const folder = await application(t);
  await chat.dbManager.migrate('upgrade', null, { folder });
  await writeFile(join(folder, USERS, 'up.sql'), 'SELECT 1');
  const changed = {
    code: 'CHATKEEP_SCHEMA',
    operation: 'migrate',
    message: /was changed after it had been run/,
  };
  await assert.rejects(chat.dbManager.migrate('upgrade', null, { folder }), changed);
  assert.equal((await chat.dbManager.migrate('current', null, { folder })).state, 'changed');

  // A migration that the database rejects.
  const other = '20270202000000_again';
  await writeFile(
    join(folder, USERS, 'up.sql'),
    'CREATE TABLE users (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL);',
  );
  await mkdir(join(folder, other));
  await writeFile(join(folder, other, 'up.sql'), 'ALTER TABLE nowhere ADD COLUMN x INT;');
  await writeFile(join(folder, other, 'down.sql'), 'DROP TABLE nowhere;');
  await assert.rejects(chat.dbManager.migrate('upgrade', null, { folder }), {
    code: 'CHATKEEP_SCHEMA',
    message: /again/,
  });

  // The application's migrations must be reverted first.
  await assert.rejects(chat.dbManager.migrate('downgrade', '-1'), {
    code: 'CHATKEEP_INVALID_INPUT',
    field: 'revision',
    message: /was run later; revert it first/,
  });
});

const STATES = new URL('../../tests/vectors/schema/states.json', import.meta.url);
for (const { state, sql } of JSON.parse(readFileSync(STATES, 'utf8')).cases) {
  onEachEngine(`an error reports the schema state: ${state}`, async (t, given) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, '20270101000000_spoil'));
    await writeFile(join(folder, '20270101000000_spoil', 'up.sql'), sql);
    const spoil = given.chat.dbManager.migrate('upgrade', null, { folder });
    const expected = { code: 'CHATKEEP_SCHEMA', state };
    if (state === 'failed') return assert.rejects(spoil, expected);
    await spoil;
    const { messageLogger: log } = openStore(t, given.database, { autoMigrate: false });
    return assert.rejects(log.getMessageCount(), expected);
  });
}

onEachEngine('a health check reports an outdated schema', async (t, { chat, database }) => {
  await chat.dbManager.upgrade();
  const { reverted } = await chat.dbManager.migrate('downgrade', '-1');
  assert.equal(reverted.length, 1);
  const behind = openStore(t, database, { autoMigrate: false });
  const { ok, schema } = await behind.dbManager.health();
  assert.deepEqual([ok, schema], [false, 'behind']);
});

test('invalid migrate arguments are rejected with their names', async (t) => {
  const { dbManager: db } = memoryStore(t);
  const before = await db.migrationStatus();
  for (const [field, ...given] of [
    ['verb', 'sideways'],
    ['verb', 7],
    ['verb'],
    ['revision', 'upgrade', 'nonsense'],
    ['revision', 'upgrade', 1],
    ['revision', 'upgrade', { folder: 'migrations' }],
    ['revision', 'stamp'],
    ['folder', 'new', null, { description: 'x' }],
    ['description', 'new', null, { folder: 'x' }],
    ['folder', 'upgrade', null, { folder: '/nowhere/at/all' }],
    ['folder', 'current', null, { folder: FILE }],
    ['folder', 'new', null, { folder: FILE, description: 'x' }],
    ['folder', 'upgrade', null, { folder: 7 }],
    ['folder', 'upgrade', null, { folder: new URL('file:///nowhere') }],
    ['folder', 'upgrade', null, { folder: Buffer.from('x') }],
    ['fromRevision', 'sql', null, { fromRevision: 1n }],
    ['description', 'new', null, { folder: 'x', description: ['x'] }],
    ['perEngine', 'new', null, { folder: 'x', description: 'x', perEngine: 1 }],
    ['options', 'upgrade', null, 'migrations'],
    ['dir', 'upgrade', null, { dir: 'migrations' }],
    ['from_revision', 'sql', null, { from_revision: 'base' }],
  ]) {
    const expected = { code: 'CHATKEEP_INVALID_INPUT', field, operation: 'migrate' };
    await assert.rejects(db.migrate(...given), expected, JSON.stringify(String(given)));
  }
  assert.deepEqual(await db.migrationStatus(), before);
});

test('a waiting migration does not block the event loop', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const { dbManager: db } = openStore(t, database);
  await db.upgrade();
  const folder = await application(t);
  let running;
  await whileLocked(database.file, async () => {
    let hasEnded = false;
    running = db.migrate('upgrade', null, { folder }).finally(() => {
      hasEnded = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(hasEnded, false);
  });
  assert.deepEqual(await running, { applied: [TITLE] });
});
