/** The Fastify integration. */

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import * as chatkeep from 'chatkeep';
import {
  answerError,
  chatkeepPlugin,
  currentSession,
  currentToken,
  sessionRequired,
  tokenRequired,
} from 'chatkeep/fastify';
import Fastify from 'fastify';
import { DOWN, emptyDatabase } from './support/databases.mjs';
import { sessionCases } from './support/session_cases.mjs';
import { bearer, failure, webCases } from './support/web_cases.mjs';

const { Chatkeep } = chatkeep;

function loggerTo(notes) {
  const stream = new Writable({
    write(line, _encoding, done) {
      const { level, msg } = JSON.parse(line);
      if (level === 40) notes.push(msg);
      done();
    },
  });
  return { level: 'warn', stream };
}

async function listen(t, app) {
  t.after(() => app.close());
  return app.listen({ port: 0, host: '127.0.0.1' });
}

webCases('Fastify', async (t, chat, options) => {
  const notes = [];
  const app = Fastify({ logger: loggerTo(notes) });
  app.register(chatkeepPlugin, { chat, ...options });
  app.get('/whoami', { onRequest: tokenRequired(chat, { retryAfter: 7 }) }, async (request) => {
    assert.equal(currentToken(request), request.token);
    return request.token;
  });
  app.get('/admin', { onRequest: tokenRequired(chat, { scope: 'admin' }) }, async () => ({}));
  app.get('/messages', (request) =>
    chat.messageLogger.getMessages({ limit: Number(request.query.limit ?? 100) }),
  );
  app.get('/raise', async (request) => {
    throw failure(request.query.code);
  });
  return { url: await listen(t, app), notes };
});

sessionCases('Fastify', async (t, chat, options) => {
  const notes = [];
  const app = Fastify({ logger: loggerTo(notes) });
  app.register(chatkeepPlugin, { chat, healthPath: false });
  const session = sessionRequired(chat, { retryAfter: 7, ...options });
  const method = ['GET', 'POST', 'DELETE'];
  app.route({
    method,
    url: '/me',
    onRequest: session,
    handler: async (request) => {
      assert.equal(currentSession(request), request.userSession);
      return request.userSession;
    },
  });
  app.post('/sign-in', { onRequest: session.sameSite }, async (request, reply) => {
    const lifetime = { lifetimeSeconds: 3600 };
    const created = await chat.sessionManager.createSession(request.query.user, lifetime);
    session.setCookie(reply, created);
    return { secret: created.secret };
  });
  app.post('/sign-out', { onRequest: session }, async (request, reply) => {
    await chat.sessionManager.logout(session.secret(request));
    session.deleteCookie(reply);
    return {};
  });
  app.post('/users', async (request) => {
    const { email } = request.query;
    return chat.userManager.createUser({ email, password: 'correct horse' });
  });
  return { url: await listen(t, app), notes };
});

test('currentSession throws on a route without sessionRequired', () => {
  assert.throws(() => currentSession({ userSession: null }), /does not use sessionRequired/);
});

test('errors of other kinds reach the previous error handler', async (t) => {
  const chat = new Chatkeep('sqlite:///:memory:');
  const app = Fastify();
  app.setErrorHandler((error, _request, reply) => reply.code(418).send({ mine: error.message }));
  app.register(async (part) => {
    part.register(chatkeepPlugin, { chat, healthPath: false });
    part.get('/raise', async (request) => {
      throw failure(request.query.code);
    });
    part.get('/unguarded', async (request) => currentToken(request));
  });
  const url = await listen(t, app);
  assert.equal((await fetch(`${url}/raise?code=CHATKEEP_CONFLICT`)).status, 503);
  const answer = await fetch(`${url}/raise?code=ENOENT`);
  assert.deepEqual([answer.status, await answer.json()], [418, { mine: 'no' }]);
  const unguarded = await (await fetch(`${url}/unguarded`)).json();
  assert.match(unguarded.mine, /does not use tokenRequired/);
  assert.equal((await fetch(`${url}/health/db-pool`)).status, 404);
});

test('answerError works in the error handler of an application', async (t) => {
  const chat = new Chatkeep('sqlite:///:memory:');
  const app = Fastify({ allowErrorHandlerOverride: false });
  app.setErrorHandler((error, request, reply) => {
    return answerError(error, request, reply, { retryAfter: 9 }) ?? reply.code(418).send({});
  });
  app.register(chatkeepPlugin, { chat, errors: false });
  app.get('/raise', async (request) => {
    throw failure(request.query.code);
  });
  const url = await listen(t, app);
  const answer = await fetch(`${url}/raise?code=CHATKEEP_CONFLICT`);
  assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [503, '9']);
  assert.equal((await fetch(`${url}/raise?code=ENOENT`)).status, 418);
});

test('a token check of a plugin runs before the body is parsed', async (t) => {
  const chat = new Chatkeep('sqlite:///:memory:');
  const { token } = await chat.tokenManager.createToken('part');
  const app = Fastify();
  app.register(chatkeepPlugin, { chat });
  app.register(async (part) => {
    part.addHook('onRequest', tokenRequired(chat));
    part.post('/guarded', async (request) => ({ token: request.token.id, body: request.body }));
  });
  app.post('/open', async (request) => ({ token: request.token }));
  const url = await listen(t, app);
  const broken = { method: 'POST', body: '{', headers: { 'Content-Type': 'application/json' } };
  assert.equal((await fetch(`${url}/guarded`, broken)).status, 401);
  assert.equal((await fetch(`${url}/open`, broken)).status, 400);
  const post = { method: 'POST', ...bearer(token) };
  assert.equal((await fetch(`${url}/guarded`, post)).status, 200);
  assert.deepEqual(await (await fetch(`${url}/open`, post)).json(), { token: null });
});

test('without a store argument the store of the environment is used', async (t) => {
  const check = { valid: true, reason: 'valid', token: { id: 7 } };
  t.mock.method(chatkeep.tokenManager, 'checkToken', async () => check);
  const app = Fastify();
  app.get('/', { onRequest: tokenRequired() }, async (request) => request.token);
  assert.deepEqual(await (await fetch(await listen(t, app), bearer('any'))).json(), { id: 7 });
});

test('the plugin waits at startup, and flushes or closes at shutdown', async (t) => {
  const { url } = await emptyDatabase(t, 'sqlite');
  const chat = new Chatkeep(url);
  for (const [turn, close] of [
    [1, false],
    [2, true],
  ]) {
    const app = Fastify();
    app.register(chatkeepPlugin, { chat, wait: true, close });
    app.get('/', async () => {
      for (let number = 0; number < 300; number += 1) {
        chat.messageLogger.logMessage('not awaited').catch(() => {});
      }
      return {};
    });
    const address = await listen(t, app);
    assert.ok(chat.dbManager.poolStatus().total > 0);
    await fetch(address);
    await app.close();
    const after = new Chatkeep(url);
    assert.equal(await after.messageLogger.getMessageCount(), 300 * turn);
    await after.close();
  }
  await assert.rejects(chat.messageLogger.logMessage('late'), { code: 'CHATKEEP_UNAVAILABLE' });
});

test('an application with wait fails to start without its database', async (t) => {
  const app = Fastify();
  t.after(() => app.close());
  const chat = new Chatkeep(DOWN, { connectTimeout: 2 });
  app.register(chatkeepPlugin, { chat, wait: true });
  await assert.rejects(app.ready(), { code: 'CHATKEEP_UNAVAILABLE' });
});
