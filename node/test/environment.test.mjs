/** The store of the environment, and opening and closing stores. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Chatkeep, dbManager, fromEnvironment, messageLogger, tokenManager } from 'chatkeep';
import { emptyDatabase, temporaryFolder } from './support/databases.mjs';
import { whileLocked } from './support/locked_file.mjs';
import { run } from './support/programs.mjs';
import { onEachEngine } from './support/stores.mjs';

test('the environment is read and the store is opened at the first use', async (t) => {
  const folder = await temporaryFolder(t);
  assert.match(inspect(fromEnvironment()), /not yet used/);
  assert.equal(fromEnvironment().messageLogger, messageLogger);
  t.after(() => delete process.env.DATABASE_URL);
  process.env.DATABASE_URL = `sqlite:///${folder}/later.db`;
  const id = await messageLogger.logMessage('a');
  assert.ok(existsSync(join(folder, 'later.db')));
  assert.equal(dbManager.dbType, 'sqlite');
  assert.equal((await messageLogger.getMessageById(id)).userMessage, 'a');
  await dbManager.close();
  // It reopens with the current settings.
  process.env.DATABASE_URL = `sqlite:///${folder}/other.db`;
  assert.equal(await messageLogger.getMessageCount(), 0);
  await dbManager.close();
  process.env.DATABASE_URL = 'postgresql://bot:s3cret@host/db?nonsense=1';
  const wrong = { code: 'CHATKEEP_CONFIGURATION', operation: 'listTokens' };
  const error = await tokenManager.listTokens().catch((thrown) => thrown);
  assert.deepEqual({ code: error.code, operation: error.operation }, wrong);
  assert.ok(!inspect(error).includes('s3cret'));
  assert.throws(() => dbManager.dbType, { code: 'CHATKEEP_CONFIGURATION' });
});

test('importing creates no file, reads no setting and lets the process end', async (t) => {
  const folder = await temporaryFolder(t);
  const { stdout } = await run(
    `
    process.chdir(process.argv[1]);
    const chatkeep = await import('chatkeep');
    console.log(typeof chatkeep.messageLogger.logMessage);
    `,
    { args: [folder], variables: { DB_TYPE: 'nonsense' } },
  );
  assert.equal(stdout, 'function\n');
  assert.deepEqual(await readdir(folder), []);
});

test('Symbol.asyncDispose closes the store', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(database.url);
  await chat.messageLogger.logMessage('a');
  const dispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
  await chat[dispose]();
  await assert.rejects(chat.messageLogger.logMessage('b'), {
    code: 'CHATKEEP_UNAVAILABLE',
    message: /closed/,
  });
});

test('closing and flushing wait for submitted messages', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(database.url);
  const logged = Array.from({ length: 200 }, (_, index) =>
    chat.messageLogger.logMessage(String(index)),
  );
  await chat.close();
  assert.equal(new Set(await Promise.all(logged)).size, 200);
  const again = new Chatkeep(database.url);
  again.messageLogger.logMessage('last').catch(() => {});
  await again.flush();
  assert.equal(await again.messageLogger.getMessageCount(), 201);
  await again.close({ timeout: 5 });
});

test('flush ends at its timeout or abort signal', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(database.url);
  await chat.messageLogger.logMessage('first');
  let logged;
  await whileLocked(database.file, async () => {
    logged = chat.messageLogger.logMessage('held up');
    const late = { code: 'CHATKEEP_UNAVAILABLE', operation: 'flush', message: /0\.1 s/ };
    await assert.rejects(chat.flush({ timeout: 0.1 }), late);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(chat.messageLogger.flush({ signal }), { name: 'TimeoutError' });
  });
  assert.equal(await logged, 2);
  await chat.close();
});

onEachEngine(
  'the database reports its health, pool and migrations',
  async (_, { chat: { dbManager: db }, database }) => {
    await db.waitUntilReady();
    const health = await db.health();
    assert.deepEqual(Object.keys(health), [
      'ok',
      'engine',
      'serverVersion',
      'latencyMs',
      'schema',
      'pool',
    ]);
    assert.deepEqual([health.ok, health.engine, health.schema], [true, database.engine, 'head']);
    assert.equal(db.dbType, database.engine);
    const status = db.poolStatus();
    assert.deepEqual(Object.keys(status), [
      'poolSize',
      'checkedIn',
      'checkedOut',
      'overflow',
      'total',
      'max',
      'waiting',
    ]);
    assert.equal(status.total, status.checkedIn + status.checkedOut);
    const { applied, pending } = await db.migrationStatus();
    assert.deepEqual(pending, []);
    assert.ok(applied.length > 0 && applied.every(({ appliedAt }) => appliedAt instanceof Date));
    assert.deepEqual(await db.upgrade(), []);
    assert.equal(await db.searchIndex(), database.engine === 'mariadb' ? 'unsupported' : 'absent');
  },
);

test('a search index is created and dropped', async (t) => {
  const chat = new Chatkeep((await emptyDatabase(t, 'sqlite')).url);
  t.after(() => chat.close());
  assert.deepEqual(
    [
      await chat.dbManager.createSearchIndex(),
      await chat.dbManager.createSearchIndex(),
      await chat.dbManager.searchIndex(),
    ],
    [true, false, 'ready'],
  );
  assert.deepEqual(
    [await chat.dbManager.dropSearchIndex(), await chat.dbManager.dropSearchIndex()],
    [true, false],
  );
});
