/** Tests of examples/express, over HTTP. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { DOWN, ENGINES, emptyDatabase } from './support/databases.mjs';
import { installedExample } from './support/examples.mjs';
import { whileLocked } from './support/locked_file.mjs';
import { relayTo } from './support/relay.mjs';
import { webServer } from './support/web_servers.mjs';

/** Starts the example on a database, with short timeouts. */
async function startServer(t, url, variables = {}) {
  const settings = { DB_QUERY_TIMEOUT: '2', DB_POOL_TIMEOUT: '10', DB_CONNECT_TIMEOUT: '5' };
  return webServer(t, {
    folder: await installedExample(t, 'express'),
    program: 'main.js',
    variables: { ...settings, DATABASE_URL: url, ...variables },
  });
}

/** Creates tokens directly in the database. */
async function createTokens(url, count) {
  const chat = new Chatkeep(url);
  const created = [];
  for (let turn = 0; turn < count; turn += 1)
    created.push(await chat.tokenManager.createToken('web app'));
  await chat.close();
  return created;
}

/** Returns a client with the given token. */
function client(server, token) {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return {
    get: (path) => fetch(server.url + path, { headers }),
    post: (path, body) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}

async function body(answer, status = 200) {
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return JSON.parse(text);
}

test('a bigint in a page becomes a string of digits', async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(url);
  await chat.messageLogger.logMessage({
    message: 'a',
    tokensUsed: 2n ** 60n,
    metadata: { guild: 1546130668394913822n },
  });
  await chat.close();
  const [created] = await createTokens(url, 1);
  const user = client(await startServer(t, url), created.token);
  const { messages } = await body(await user.get('/messages'));
  assert.deepEqual(messages[0].metadata, { guild: '1546130668394913822' });
  const { totalTokens } = await body(await user.get('/analytics'));
  assert.deepEqual(
    [messages[0].tokensUsed, totalTokens],
    ['1152921504606846976', '1152921504606846976'],
  );
});

for (const engine of ENGINES) {
  test(`the example serves 200 concurrent requests and its routes on ${engine}`, async (t) => {
    const database = await emptyDatabase(t, engine);
    const [created] = await createTokens(database.url, 1);
    const server = await startServer(t, database.url);
    const user = client(server, created.token);
    const anonymous = client(server);

    let last;
    for (let number = 0; number < 5; number += 1) {
      const message = `héllo ${number} 🦀`;
      last = await body(await user.post('/chat', { message, session: 'a' }));
      assert.equal(last.reply, `You said: ${message}`);
    }
    await body(await user.post('/chat', { message: 'elsewhere' }));

    const seen = [];
    let cursor = null;
    do {
      const query = new URLSearchParams({ limit: 2, session: 'a', ...(cursor && { cursor }) });
      const page = await body(await user.get(`/messages?${query}`));
      seen.push(...page.messages);
      cursor = page.nextCursor;
    } while (cursor !== null);
    assert.deepEqual(
      seen.map((message) => message.userMessage),
      [4, 3, 2, 1, 0].map((number) => `héllo ${number} 🦀`),
    );
    assert.equal(seen[0].id, last.id);
    assert.deepEqual(seen[0].metadata, { session: 'a', tokenId: created.id });
    assert.ok(Math.abs(Date.parse(seen[0].timestamp) - Date.now()) < 600_000);

    const totals = await body(await user.get('/analytics'));
    assert.deepEqual([totals.totalMessages, totals.providers], [6, { echo: 6 }]);
    const none = await body(await user.get('/analytics?endDate=2001-01-01'));
    assert.equal(none.totalMessages, 0);
    const health = await body(await anonymous.get('/health/db-pool'));
    assert.equal(health.engine, engine);
    assert.ok(health.pool.total >= 1);

    for (const [query, field] of [
      ['limit=0', 'limit'],
      ['limit=some', 'limit'],
      ['cursor=no', 'cursor'],
    ]) {
      const { detail } = await body(await user.get(`/messages?${query}`), 422);
      assert.deepEqual(detail[0].loc, [field]);
    }
    const { detail } = await body(await user.post('/chat', { message: 'a\0' }), 422);
    assert.deepEqual(detail[0].loc, ['message']);
    await body(await user.post('/chat', { message: 7 }), 422);
    assert.equal((await body(await user.get('/analytics'))).totalMessages, 6);

    const wrong = client(server, 'sk-wr0ng');
    for (const call of [
      (caller) => caller.post('/chat', { message: 'no' }),
      (caller) => caller.get('/messages'),
      (caller) => caller.get('/analytics'),
    ]) {
      const without = await call(anonymous);
      assert.equal(without.status, 401);
      assert.equal(without.headers.get('WWW-Authenticate'), 'Bearer');
      const bad = await call(wrong);
      assert.equal(bad.status, 401);
      assert.match(bad.headers.get('WWW-Authenticate'), /error="invalid_token"/);
    }

    const numbers = Array.from({ length: 200 }, (_, number) => number);
    const answers = await Promise.all(
      numbers.map(async (number) => body(await user.post('/chat', { message: String(number) }))),
    );
    assert.equal(await server.stop(), 0);

    const chat = new Chatkeep(database.url);
    const stored = new Map();
    for await (const row of chat.messageLogger.iterMessages()) stored.set(row.id, row.botResponse);
    await chat.close();
    assert.equal(stored.size, 206);
    assert.equal(new Set(answers.map((answer) => answer.id)).size, 200);
    for (const { id, reply } of answers) assert.equal(stored.get(id), reply);
    for (const secret of [created.token, 'sk-wr0ng', '    at ']) {
      assert.ok(!server.output().includes(secret), server.output());
    }
  });
}

async function assertTemporary(answer) {
  const content = await body(answer, 503);
  assert.ok(Number(answer.headers.get('Retry-After')) > 0);
  assert.equal(answer.headers.get('WWW-Authenticate'), null);
  return content;
}

for (const engine of ENGINES.filter((name) => name !== 'sqlite')) {
  test(`the example responds 503 while ${engine} is down, and recovers`, async (t) => {
    const database = await emptyDatabase(t, engine);
    const [known, late] = (await createTokens(database.url, 2)).map((created) => created.token);
    const relay = await relayTo(t, database.url);
    // Token lookups stay cached for the whole test.
    const server = await startServer(t, relay.url, { TOKEN_CACHE_SECONDS: '3600' });
    const user = client(server, known);
    await body(await user.post('/chat', { message: 'before' }));
    relay.cut();
    // The outcome of the message that was sent on the broken connection may be unknown.
    const first = await user.post('/chat', { message: 'just then' });
    const { detail } = await body(first, 503);
    assert.ok(first.headers.has('Retry-After') || detail.includes('not known'));
    // A cached token passes the check and fails at the log; no token is reported as invalid.
    for (const token of [known, late, 'sk-unknown']) {
      await assertTemporary(
        await client(server, token).post('/chat', { message: 'during the outage' }),
      );
      await assertTemporary(await client(server, token).get('/messages'));
    }
    const health = await assertTemporary(await user.get('/health/db-pool'));
    assert.deepEqual([health.status, health.error], ['unhealthy', 'Unavailable']);
    relay.restore();
    await body(await user.post('/chat', { message: 'after' }));
    const totals = await body(await client(server, late).get('/analytics'));
    assert.equal(totals.totalMessages, 2);
    assert.equal((await body(await user.get('/health/db-pool'))).status, 'healthy');
    assert.equal(await server.stop(), 0);

    assert.match(server.output(), /answered 503: check_?[tT]oken/);
    assert.match(server.output(), /answered 503: log_?[mM]essage/);
    const { password } = new URL(database.url);
    for (const secret of [known, late, 'sk-unknown', `:${password}@`, '    at ']) {
      assert.ok(!server.output().includes(secret), server.output());
    }
  });
}

test('the example responds 503 while another program locks the file, and recovers', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const [{ token }] = await createTokens(database.url, 1);
  const server = await startServer(t, database.url, { DB_QUERY_TIMEOUT: '1' });
  const user = client(server, token);
  await body(await user.post('/chat', { message: 'before' }));
  await whileLocked(database.file, async () => {
    await assertTemporary(await user.post('/chat', { message: 'during the outage' }));
    // Readers do not wait for the lock.
    assert.equal((await body(await user.get('/analytics'))).totalMessages, 1);
  });
  await body(await user.post('/chat', { message: 'after' }));
  assert.equal((await body(await user.get('/analytics'))).totalMessages, 2);
  assert.ok(!server.output().includes(token));
});

test('the example does not start without a database', async (t) => {
  const server = await startServer(t, DOWN, { DB_MAX_RETRIES: '0' });
  assert.equal(server.url, undefined);
  assert.notEqual(await server.ended, 0);
  assert.match(server.output(), /CHATKEEP_UNAVAILABLE/);
  assert.ok(!server.output().includes('s3cret'));
});
