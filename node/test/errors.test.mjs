/** What chatkeep rejects with. */

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import * as chatkeep from 'chatkeep';
import { DOWN, ENGINES, emptyDatabase, temporaryFolder } from './support/databases.mjs';
import { relayTo } from './support/relay.mjs';
import { onEachEngine, openStore } from './support/stores.mjs';

const { Chatkeep, ChatkeepError } = chatkeep;

async function rejection(promise) {
  return promise.then(
    () => assert.fail('it was answered'),
    (error) => error,
  );
}

test('there is one class of errors, and one store of the environment, however it is imported', () => {
  const required = createRequire(import.meta.url)('chatkeep');
  const { __esModule, default: whole, ...imported } = chatkeep;
  assert.deepEqual({ ...required }, imported);
  for (const [name, value] of Object.entries(imported)) assert.equal(required[name], value, name);
});

test('an error is an Error with a code', async (t) => {
  const error = await rejection(
    openStore(t, { url: 'sqlite:///:memory:' }).messageLogger.getMessages({ limit: 0 }),
  );
  assert.ok(error instanceof ChatkeepError && error instanceof Error);
  assert.equal(error.name, 'ChatkeepError');
  assert.equal(String(error).startsWith('ChatkeepError: limit: must be between 1 and 10000'), true);
  assert.deepEqual(
    { ...error },
    {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'limit',
      retryable: false,
      operation: 'getMessages',
      state: undefined,
    },
  );
  assert.match(error.message, /for more, use iterMessages$/);
  assert.match(error.stack, /errors\.test\.mjs|calls\.js/);
});

test('what lies underneath is the cause', async () => {
  Object.assign(process.env, { DB_MAX_RETRIES: '1', DB_RETRY_DELAY: '0.2' });
  const chat = new Chatkeep('mysql://bot:s3cret@127.0.0.1:9/chat', { connectTimeout: 2 });
  delete process.env.DB_MAX_RETRIES;
  delete process.env.DB_RETRY_DELAY;
  const error = await rejection(chat.messageLogger.getMessageCount());
  assert.deepEqual(
    [error.code, error.operation, error.retryable],
    ['CHATKEEP_UNAVAILABLE', 'getMessageCount', true],
  );
  assert.ok(error.cause instanceof Error);
  assert.ok(!inspect(error, { depth: 10 }).includes('s3cret'));
  await chat.close();
});

test('a file that is no database is corrupt', async (t) => {
  const file = join(await temporaryFolder(t), 'a.db');
  await writeFile(file, 'no database at all, but long enough to have a header'.repeat(100));
  const { messageLogger } = openStore(t, { url: `sqlite:///${file}` });
  assert.equal((await rejection(messageLogger.getMessageCount())).code, 'CHATKEEP_CORRUPT');
});

test('a database that is only read takes no message, and checks tokens', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const writable = openStore(t, database);
  await writable.messageLogger.logMessage('a');
  const { token } = await writable.tokenManager.createToken();
  const { messageLogger: log, tokenManager } = openStore(t, { url: `${database.url}?mode=ro` });
  assert.equal((await rejection(log.logMessage('b'))).code, 'CHATKEEP_READ_ONLY');
  assert.equal(await log.getMessageCount(), 1);
  assert.equal(await tokenManager.verifyToken(token), true);
});

onEachEngine('a schema that is behind says which command helps', async (t, { database }) => {
  const { messageLogger: log, dbManager: db } = openStore(t, database, { autoMigrate: false });
  const error = await rejection(log.logMessage('a'));
  assert.deepEqual([error.code, error.state], ['CHATKEEP_SCHEMA', 'behind']);
  assert.match(error.message, /chatkeep migrate upgrade/);
  const { pending } = await db.migrationStatus();
  assert.deepEqual(
    await db.upgrade(),
    pending.map(({ version, name }) => `${version}_${name}`),
  );
  assert.ok((await log.logMessage('a')) > 0);
});

test('a wrong URL is a configuration error, shows no password, and makes no file', async (t) => {
  const folder = await temporaryFolder(t);
  const before = process.cwd();
  process.chdir(folder);
  try {
    for (const url of [
      'sqlit:///a.db',
      'a.db',
      'postgresql://host/db?sslmod=require',
      'mysql://u:s3cret%zz@host/db',
      '',
      'sqlite:///no/such/folder/a.db',
    ]) {
      let error;
      try {
        error = await rejection(new Chatkeep(url).messageLogger.getMessageCount());
      } catch (thrown) {
        error = thrown;
      }
      assert.equal(error.code, 'CHATKEEP_CONFIGURATION', `${url}: ${error}`);
      assert.ok(!inspect(error).includes('s3cret'));
    }
    assert.deepEqual(await readdir(folder), []);
  } finally {
    process.chdir(before);
  }
});

test('nothing that is shown holds a password', () => {
  const chat = new Chatkeep('postgresql://bot:s3cret@db.example/chat');
  const { messageLogger, tokenManager, dbManager } = chat;
  const shown = inspect(
    { chat, messageLogger, tokenManager, dbManager },
    { depth: 10, showHidden: true },
  );
  assert.ok(!shown.includes('s3cret'), shown);
  assert.ok(inspect(chat).includes('db.example'));
  assert.equal(dbManager.databaseUrl, 'postgresql://bot:***@db.example/chat');
});

test('a server that does not answer is waited for as long as was said, and no longer', async (t) => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  t.after(() => silent.close());
  process.env.DB_MAX_RETRIES = '100';
  const url = `postgresql://bot:s3cret@127.0.0.1:${silent.address().port}/chat`;
  const { dbManager: db, messageLogger: log } = openStore(
    t,
    { url },
    { connectTimeout: 60, queryTimeout: 60 },
  );
  delete process.env.DB_MAX_RETRIES;
  const late = await rejection(db.waitUntilReady({ timeout: 0.2 }));
  assert.deepEqual(
    [late.code, late.operation, late.retryable],
    ['CHATKEEP_UNAVAILABLE', 'waitUntilReady', true],
  );
  assert.match(late.message, /0\.2 s/);
  // Broken off by a signal, with the signal's own reason.
  for (const call of [
    (signal) => db.waitUntilReady({ signal }),
    (signal) => log.getMessages({ signal }),
    (signal) => log.iterMessages({ signal }).next(),
  ]) {
    const reason = new Error('enough');
    const stop = new AbortController();
    const waiting = rejection(call(stop.signal));
    setTimeout(() => stop.abort(reason), 50);
    assert.equal(await waiting, reason);
    assert.equal(await rejection(call(AbortSignal.abort(reason))), reason);
  }
  const timeout = await rejection(db.health({ signal: AbortSignal.timeout(50) }));
  assert.equal(timeout.name, 'TimeoutError');
  // What was broken off goes, too: nothing is left to wait for.
  await db.close({ timeout: 20 });
});

onEachEngine(
  'a server that went away is an error, and one that is back is used again',
  async (t, { log: direct, database }) => {
    await direct.logMessage('made');
    const way = await relayTo(t, database.url);
    const { messageLogger: log, tokenManager: tokens } = openStore(t, way, { connectTimeout: 5 });
    const { token } = await tokens.createToken();
    assert.equal(await log.getMessageCount(), 1);
    way.cut();
    for (const call of [() => log.getMessages(), () => tokens.verifyToken(token)]) {
      assert.equal((await rejection(call())).code, 'CHATKEEP_UNAVAILABLE');
    }
    const { code } = await rejection(log.logMessage('lost'));
    assert.ok(['CHATKEEP_UNAVAILABLE', 'CHATKEEP_OUTCOME_UNKNOWN'].includes(code), code);
    way.restore();
    assert.ok((await log.logMessage('back')) > 1);
    assert.equal(await tokens.verifyToken(token), true);
    assert.equal(await direct.getMessageCount(), 2);
  },
  ENGINES.filter((engine) => engine !== 'sqlite'),
);

test('nothing listens: one clear error, and soon', async () => {
  process.env.DB_MAX_RETRIES = '0';
  const chat = new Chatkeep(DOWN, { connectTimeout: 2 });
  delete process.env.DB_MAX_RETRIES;
  for (const call of [
    () => chat.messageLogger.logMessage('a'),
    () => chat.dbManager.health(),
    () => chat.tokenManager.createToken(),
  ]) {
    assert.equal((await rejection(call())).code, 'CHATKEEP_UNAVAILABLE');
  }
  await chat.close();
  await assert.rejects(chat.messageLogger.logMessage('a'), {
    code: 'CHATKEEP_UNAVAILABLE',
    message: /closed/,
  });
  await assert.rejects(chat.messageLogger.getMessages(), {
    code: 'CHATKEEP_UNAVAILABLE',
    message: /closed/,
  });
  await chat.close();
});
