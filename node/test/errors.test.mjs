/** Errors of rejected calls. */

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
    () => assert.fail('the promise was fulfilled'),
    (error) => error,
  );
}

test('import and require share the error class and the store of the environment', () => {
  const required = createRequire(import.meta.url)('chatkeep');
  const { __esModule, default: whole, ...imported } = chatkeep;
  assert.deepEqual({ ...required }, imported);
  for (const [name, value] of Object.entries(imported)) assert.equal(required[name], value, name);
});

test('an error is an instance of Error and has a code', async (t) => {
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

test('an error has the underlying error as its cause', async () => {
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

test('a file that is not a database is reported as corrupt', async (t) => {
  const file = join(await temporaryFolder(t), 'a.db');
  await writeFile(file, 'no database at all, but long enough to have a header'.repeat(100));
  const { messageLogger } = openStore(t, { url: `sqlite:///${file}` });
  assert.equal((await rejection(messageLogger.getMessageCount())).code, 'CHATKEEP_CORRUPT');
});

test('a read-only database rejects messages and checks tokens', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const writable = openStore(t, database);
  await writable.messageLogger.logMessage('a');
  const { token } = await writable.tokenManager.createToken();
  const { messageLogger: log, tokenManager } = openStore(t, { url: `${database.url}?mode=ro` });
  assert.equal((await rejection(log.logMessage('b'))).code, 'CHATKEEP_READ_ONLY');
  assert.equal(await log.getMessageCount(), 1);
  assert.equal(await tokenManager.verifyToken(token), true);
});

onEachEngine(
  'an outdated schema is an error that names the command to run',
  async (t, { database }) => {
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
  },
);

test('an invalid URL is a configuration error and creates no file', async (t) => {
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

test('inspected objects contain no password', () => {
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

test('a call to an unresponsive server ends at its timeout or abort signal', async (t) => {
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
  // An abort rejects with the signal's reason.
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
  // Aborted calls end, so closing does not have to wait for them.
  await db.close({ timeout: 20 });
});

onEachEngine(
  'a stopped server is an error and is used again after it restarts',
  async (t, { log: direct, database }) => {
    await direct.logMessage('made');
    const relay = await relayTo(t, database.url);
    const { messageLogger: log, tokenManager: tokens } = openStore(t, relay, { connectTimeout: 5 });
    const { token } = await tokens.createToken();
    assert.equal(await log.getMessageCount(), 1);
    relay.cut();
    for (const call of [() => log.getMessages(), () => tokens.verifyToken(token)]) {
      assert.equal((await rejection(call())).code, 'CHATKEEP_UNAVAILABLE');
    }
    const { code } = await rejection(log.logMessage('lost'));
    assert.ok(['CHATKEEP_UNAVAILABLE', 'CHATKEEP_OUTCOME_UNKNOWN'].includes(code), code);
    relay.restore();
    assert.ok((await log.logMessage('back')) > 1);
    assert.equal(await tokens.verifyToken(token), true);
    assert.equal(await direct.getMessageCount(), 2);
  },
  ENGINES.filter((engine) => engine !== 'sqlite'),
);

test('a refused connection is reported without delay', async () => {
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
