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
  const settings = {
    CHAT_INSECURE: '1',
    DB_QUERY_TIMEOUT: '2',
    DB_POOL_TIMEOUT: '10',
    DB_CONNECT_TIMEOUT: '5',
  };
  return webServer(t, {
    folder: await installedExample(t, 'express'),
    program: 'main.js',
    variables: { ...settings, DATABASE_URL: url, ...variables },
  });
}

const ACCOUNT = { email: 'ada@example.org', password: 'correct horse' };

/** Returns a client, with a cookie if it is given. It keeps the cookie that it receives. */
function client(server, cookie) {
  const caller = {
    cookie,
    async send(method, path, content, more = {}) {
      const headers = { ...more };
      if (caller.cookie) headers.Cookie = caller.cookie;
      const options = { method, headers };
      if (content !== undefined) {
        headers['Content-Type'] = 'application/json';
        options.body = JSON.stringify(content);
      }
      const answer = await fetch(server.url + path, options);
      const [set] = answer.headers.getSetCookie();
      if (set) caller.cookie = set.split(';', 1)[0];
      return answer;
    },
    get: (path, headers) => caller.send('GET', path, undefined, headers),
    post: (path, content, headers) => caller.send('POST', path, content, headers),
  };
  return caller;
}

async function body(answer, status = 200) {
  const text = await answer.text();
  assert.equal(answer.status, status, text);
  return text === '' ? null : JSON.parse(text);
}

/** Returns a client that has signed up. */
async function signedUp(server, account = ACCOUNT) {
  const caller = client(server);
  await body(await caller.post('/sign-up', account));
  return caller;
}

async function newConversation(caller, title = 'a') {
  return (await body(await caller.post('/conversations', { title }))).id;
}

async function ask(caller, conversation, message) {
  const path = `/conversations/${conversation}/messages`;
  return (await body(await caller.post(path, { message }), 202)).stream_id;
}

/** Reads server-sent events: the text, the last id, and the status if the stream has ended. */
async function events(caller, streamId, { after = 0, limit = Number.POSITIVE_INFINITY } = {}) {
  const headers = after > 0 ? { 'Last-Event-ID': String(after) } : {};
  const answer = await caller.get(`/streams/${streamId}`, headers);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('Content-Type'), /^text\/event-stream/);
  const decoder = new TextDecoder();
  let received = '';
  let text = '';
  let last = after;
  let count = 0;
  for await (const bytes of answer.body) {
    received += decoder.decode(bytes, { stream: true });
    const blocks = received.split('\n\n');
    received = blocks.pop();
    for (const block of blocks) {
      const data = JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '""');
      if (block.startsWith('event: end')) return { text, last, status: data };
      if (block.startsWith(':')) continue;
      last += 1;
      assert.equal(Number(/^id: (\d+)$/m.exec(block)[1]), last, 'the chunks have no gaps');
      text += data;
      count += 1;
      if (count === limit) return { text, last, status: null };
    }
  }
  return { text, last, status: null };
}

function expected(question) {
  return `You asked: ${question} I repeat it, because I am only an example. `;
}

for (const engine of ENGINES) {
  test(`an answer streams through another process and after a reload on ${engine}`, async (t) => {
    const { url } = await emptyDatabase(t, engine);
    const [server, other] = [await startServer(t, url), await startServer(t, url)];
    const caller = await signedUp(server);
    const conversation = await newConversation(caller, 'Words');
    const reader = client(other, caller.cookie);
    const question = Array.from({ length: 60 }, (_, number) => `wörd${number}`).join(' ');
    let streamId = await ask(caller, conversation, question);
    const started = await body(await reader.get(`/conversations/${conversation}`));
    assert.deepEqual(started.open, [{ stream_id: streamId, question }]);
    const first = await events(reader, streamId, { limit: 3 });
    assert.equal(first.status, null);
    const rest = await events(reader, streamId, { after: first.last });
    assert.deepEqual([first.text + rest.text, rest.status], [expected(question), 'completed']);
    assert.equal((await events(caller, streamId)).text, expected(question));
    assert.deepEqual(await body(await reader.get(`/conversations/${conversation}`)), {
      id: conversation,
      title: 'Words',
      messages: [{ question, answer: expected(question), status: 'completed' }],
      open: [],
    });

    const long = `${question} `.repeat(10).trim();
    streamId = await ask(caller, conversation, long);
    await events(reader, streamId, { limit: 1 });
    assert.equal(await body(await reader.post(`/streams/${streamId}/cancel`)), true);
    const part = await events(reader, streamId);
    assert.equal(part.status, 'cancelled');
    const { messages } = await body(await caller.get(`/conversations/${conversation}`));
    assert.deepEqual(messages[1], { question: long, answer: part.text, status: 'cancelled' });
    assert.ok(expected(long).startsWith(part.text));

    const listed = await body(await caller.get('/conversations'));
    assert.deepEqual(listed.conversations, [{ id: conversation, title: 'Words' }]);
    await body(await caller.send('DELETE', `/conversations/${conversation}`), 204);
    assert.deepEqual((await body(await caller.get('/conversations'))).conversations, []);
    assert.match(await (await caller.get('/')).text(), /^<!doctype html>/);
  });

  test(`accounts and data are protected on ${engine}`, async (t) => {
    const { url } = await emptyDatabase(t, engine);
    const chat = new Chatkeep(url);
    const { token } = await chat.tokenManager.createToken();
    await chat.close();
    const server = await startServer(t, url);
    const caller = await signedUp(server);
    const { cookie } = caller;
    const stranger = client(server);
    for (const path of ['/me', '/conversations', '/conversations/x', '/streams/x']) {
      const answer = await stranger.get(path);
      assert.deepEqual([answer.status, answer.headers.get('WWW-Authenticate')], [401, 'Bearer']);
    }
    const taken = await body(await stranger.post('/sign-up', ACCOUNT), 409);
    assert.deepEqual(taken.detail[0].loc, ['email']);
    const wrong = await stranger.post('/sign-in', { ...ACCOUNT, password: 'wrong' });
    assert.equal((await body(wrong, 401)).detail, 'Wrong address or password');

    const conversation = await newConversation(caller);
    const streamId = await ask(caller, conversation, 'private');
    await body(await stranger.post('/sign-up', { ...ACCOUNT, email: 'b@example.org' }));
    for (const [method, path] of [
      ['GET', `/conversations/${conversation}`],
      ['DELETE', `/conversations/${conversation}`],
      ['POST', `/conversations/${conversation}/messages`],
      ['GET', `/streams/${streamId}`],
      ['POST', `/streams/${streamId}/cancel`],
    ]) {
      const content = path.endsWith('messages') ? { message: 'a' } : undefined;
      assert.equal((await stranger.send(method, path, content)).status, 404, path);
    }
    for (const headers of [
      { 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'https://evil.example' },
    ]) {
      for (const path of ['/sign-in', '/sign-out', '/conversations']) {
        assert.equal((await caller.post(path, ACCOUNT, headers)).status, 403);
      }
    }
    for (const message of ['a\0', 7, undefined]) {
      const path = `/conversations/${conversation}/messages`;
      const { detail } = await body(await caller.post(path, { message }), 422);
      assert.deepEqual(detail[0].loc, ['message']);
    }
    const { detail } = await body(await caller.get('/conversations?cursor=no'), 422);
    assert.deepEqual(detail[0].loc, ['cursor']);
    assert.equal((await events(caller, streamId)).status, 'completed');

    assert.equal((await caller.get('/analytics')).status, 401);
    const program = await caller.get('/analytics', { Authorization: `Bearer ${token}` });
    assert.deepEqual((await body(program)).providers, { fake: 1 });
    assert.equal((await body(await stranger.get('/health/db-pool'))).engine, engine);
    await body(await caller.post('/sign-out'), 204);
    assert.equal(caller.cookie, 'chat-session=');
    const late = await client(server, cookie).get('/me');
    assert.equal((await body(late, 401)).detail, 'The session was ended');
    assert.equal((await body(await caller.post('/sign-in', ACCOUNT))).email, ACCOUNT.email);
    assert.equal(await server.stop(), 0);
    for (const text of [cookie.slice('chat-session='.length), token, ACCOUNT.password, 'private']) {
      assert.ok(!server.output().includes(text), server.output());
    }
  });

  test(`answers of 200 concurrent questions are stored before the exit on ${engine}`, async (t) => {
    const { url } = await emptyDatabase(t, engine);
    // All questions update the same conversation, so that many wait for its lock.
    const server = await startServer(t, url, { DB_QUERY_TIMEOUT: '30' });
    const caller = await signedUp(server);
    const conversation = await newConversation(caller);
    const numbers = Array.from({ length: 200 }, (_, number) => String(number));
    await Promise.all(numbers.map((number) => ask(caller, conversation, number)));
    assert.equal(await server.stop(), 0);
    assert.ok(!server.output().includes('    at '), server.output());

    const chat = new Chatkeep(url);
    const stored = new Map();
    for await (const row of chat.messageLogger.iterMessages()) stored.set(row.userMessage, row);
    const { streams } = await chat.streamManager.listStreams({ running: true });
    await chat.close();
    assert.equal(stored.size, 200);
    for (const number of numbers) {
      const { botResponse, status } = stored.get(number);
      assert.deepEqual([botResponse, status], [expected(number), 'completed']);
    }
    assert.deepEqual(streams, []);
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
    const chat = new Chatkeep(database.url);
    const { publicId } = await chat.userManager.createUser(ACCOUNT);
    const { secret } = await chat.sessionManager.createSession(publicId);
    await chat.close();
    const relay = await relayTo(t, database.url);
    // Lookups stay cached for the whole test.
    const server = await startServer(t, relay.url, { TOKEN_CACHE_SECONDS: '3600' });
    const known = client(server);
    await body(await known.post('/sign-in', ACCOUNT));
    await body(await known.get('/me'));
    const late = client(server, `chat-session=${secret}`);
    relay.cut();
    // The outcome of the call that was sent on the broken connection may be unknown.
    const first = await known.post('/conversations', {});
    const { detail } = await body(first, 503);
    assert.ok(first.headers.has('Retry-After') || detail.includes('not known'));
    // A cached session passes the check, another does not. Neither is reported as invalid.
    for (const caller of [known, late]) {
      await assertTemporary(await caller.post('/conversations', {}));
      await assertTemporary(await caller.get('/conversations'));
    }
    const health = await assertTemporary(await known.get('/health/db-pool'));
    assert.deepEqual([health.status, health.error], ['unhealthy', 'Unavailable']);
    relay.restore();
    for (const caller of [known, late]) await newConversation(caller);
    assert.equal((await body(await known.get('/health/db-pool'))).status, 'healthy');
    assert.equal(await server.stop(), 0);

    assert.match(server.output(), /answered 503: check_?[sS]ession/);
    assert.match(server.output(), /answered 503: create_?[cC]onversation/);
    const { password } = new URL(database.url);
    for (const text of [
      secret,
      known.cookie.slice('chat-session='.length),
      `:${password}@`,
      '    at ',
    ]) {
      assert.ok(!server.output().includes(text), server.output());
    }
  });
}

test('the example responds 503 while another program locks the file, and recovers', async (t) => {
  const database = await emptyDatabase(t, 'sqlite');
  const server = await startServer(t, database.url, { DB_QUERY_TIMEOUT: '1' });
  const caller = await signedUp(server);
  await newConversation(caller);
  await whileLocked(database.file, async () => {
    await assertTemporary(await caller.post('/conversations', {}));
    // Readers do not wait for the lock.
    assert.equal((await body(await caller.get('/conversations'))).conversations.length, 1);
  });
  await newConversation(caller);
});

test('the example does not start without a database', async (t) => {
  const server = await startServer(t, DOWN, { DB_MAX_RETRIES: '0' });
  assert.equal(server.url, undefined);
  assert.notEqual(await server.ended, 0);
  assert.match(server.output(), /CHATKEEP_UNAVAILABLE/);
  assert.ok(!server.output().includes('s3cret'));
});
