/** examples/express, in a process of its own, over HTTP. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { DOWN, ENGINES, emptyDatabase } from './support/databases.mjs';
import { installedExample } from './support/examples.mjs';
import { whileLocked } from './support/locked_file.mjs';
import { relayTo } from './support/relay.mjs';
import { webServer } from './support/web_servers.mjs';

/** The example on a database. What is told within a second is not waited for longer. */
async function served(t, url, variables = {}) {
  const settings = { DB_QUERY_TIMEOUT: '2', DB_POOL_TIMEOUT: '10', DB_CONNECT_TIMEOUT: '5' };
  return webServer(t, {
    folder: await installedExample(t, 'express'),
    program: 'main.js',
    variables: { ...settings, DATABASE_URL: url, ...variables },
  });
}

/** Tokens that were not made through the server. */
async function tokens(url, number) {
  const chat = new Chatkeep(url);
  const created = [];
  for (let turn = 0; turn < number; turn += 1)
    created.push(await chat.tokenManager.createToken('web app'));
  await chat.close();
  return created;
}

/** Calls of somebody with this token. */
function caller(server, token) {
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

test('a page that holds a bigint is answered with its digits', async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(url);
  await chat.messageLogger.logMessage({
    message: 'a',
    tokensUsed: 2n ** 60n,
    metadata: { guild: 1546130668394913822n },
  });
  await chat.close();
  const [created] = await tokens(url, 1);
  const user = caller(await served(t, url), created.token);
  const { messages } = await body(await user.get('/messages'));
  assert.deepEqual(messages[0].metadata, { guild: '1546130668394913822' });
  const { totalTokens } = await body(await user.get('/analytics'));
  assert.deepEqual(
    [messages[0].tokensUsed, totalTokens],
    ['1152921504606846976', '1152921504606846976'],
  );
});

for (const engine of ENGINES) {
  test(`it chats, pages, adds up and serves two hundred at a time on ${engine}`, async (t) => {
    const database = await emptyDatabase(t, engine);
    const [created] = await tokens(database.url, 1);
    const server = await served(t, database.url);
    const user = caller(server, created.token);
    const nobody = caller(server);

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
    const health = await body(await nobody.get('/health/db-pool'));
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

    const wrong = caller(server, 'sk-wr0ng');
    for (const call of [
      (who) => who.post('/chat', { message: 'no' }),
      (who) => who.get('/messages'),
      (who) => who.get('/analytics'),
    ]) {
      const without = await call(nobody);
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
      assert.ok(!server.told().includes(secret), server.told());
    }
  });
}

async function assertRefusedForNow(answer) {
  const told = await body(answer, 503);
  assert.ok(Number(answer.headers.get('Retry-After')) > 0);
  assert.equal(answer.headers.get('WWW-Authenticate'), null);
  return told;
}

for (const engine of ENGINES.filter((name) => name !== 'sqlite')) {
  test(`while ${engine} is down it says so, and heals`, async (t) => {
    const database = await emptyDatabase(t, engine);
    const [known, late] = (await tokens(database.url, 2)).map((created) => created.token);
    const relay = await relayTo(t, database.url);
    // What was said of a token is not forgotten within this test.
    const server = await served(t, relay.url, { TOKEN_CACHE_SECONDS: '3600' });
    const user = caller(server, known);
    await body(await user.post('/chat', { message: 'before' }));
    relay.cut();
    // Of the message that finds the connection broken, it may be that nobody knows whether it was stored.
    const first = await user.post('/chat', { message: 'just then' });
    const { detail } = await body(first, 503);
    assert.ok(first.headers.has('Retry-After') || detail.includes('not known'));
    // A token that the cache knows gets as far as the log, others do not; nobody is told that it is invalid.
    for (const token of [known, late, 'sk-nobody-knows']) {
      await assertRefusedForNow(
        await caller(server, token).post('/chat', { message: 'meanwhile' }),
      );
      await assertRefusedForNow(await caller(server, token).get('/messages'));
    }
    const health = await assertRefusedForNow(await user.get('/health/db-pool'));
    assert.deepEqual([health.status, health.error], ['unhealthy', 'Unavailable']);
    relay.restore();
    await body(await user.post('/chat', { message: 'after' }));
    const totals = await body(await caller(server, late).get('/analytics'));
    assert.equal(totals.totalMessages, 2);
    assert.equal((await body(await user.get('/health/db-pool'))).status, 'healthy');
    assert.equal(await server.stop(), 0);

    assert.match(server.told(), /answered 503: check_?[tT]oken/);
    assert.match(server.told(), /answered 503: log_?[mM]essage/);
    const { password } = new URL(database.url);
    for (const secret of [known, late, 'sk-nobody-knows', `:${password}@`, '    at ']) {
      assert.ok(!server.told().includes(secret), server.told());
    }
  });
}

test('while another program holds the file it says so, and heals', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const [{ token }] = await tokens(database.url, 1);
  const server = await served(t, database.url, { DB_QUERY_TIMEOUT: '1' });
  const user = caller(server, token);
  await body(await user.post('/chat', { message: 'before' }));
  await whileLocked(database.file, async () => {
    await assertRefusedForNow(await user.post('/chat', { message: 'meanwhile' }));
    // Readers are not held up.
    assert.equal((await body(await user.get('/analytics'))).totalMessages, 1);
  });
  await body(await user.post('/chat', { message: 'after' }));
  assert.equal((await body(await user.get('/analytics'))).totalMessages, 2);
  assert.ok(!server.told().includes(token));
});

test('without a database it does not start', async (t) => {
  const server = await served(t, DOWN, { DB_MAX_RETRIES: '0' });
  assert.equal(server.url, undefined);
  assert.notEqual(await server.ended, 0);
  assert.match(server.told(), /CHATKEEP_UNAVAILABLE/);
  assert.ok(!server.told().includes('s3cret'));
});
