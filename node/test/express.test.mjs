/** The Express integration. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import * as chatkeep from 'chatkeep';
import {
  currentSession,
  currentToken,
  handleErrors,
  healthCheck,
  sessionRequired,
  tokenRequired,
} from 'chatkeep/express';
import express from 'express';
import { sessionCases } from './support/session_cases.mjs';
import { bearer, failure, webCases } from './support/web_cases.mjs';

async function listen(t, handler) {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

function application(chat, notes, { healthTimeout = 5 } = {}) {
  const report = (message) => notes.push(message);
  const app = express();
  app.get('/health/db-pool', healthCheck(chat, { timeout: healthTimeout }));
  app.get('/whoami', tokenRequired(chat, { retryAfter: 7, report }), (request, response) => {
    assert.equal(currentToken(request), request.token);
    response.json(request.token);
  });
  app.get('/admin', tokenRequired(chat, { scope: 'admin', report }), (_request, response) => {
    response.json({});
  });
  app.get('/messages', async (request, response) => {
    const limit = Number(request.query.limit ?? 100);
    response.json(await chat.messageLogger.getMessages({ limit }));
  });
  app.get('/raise', (request) => {
    throw failure(request.query.code);
  });
  app.get('/half', (_request, response) => {
    response.write('half of a response');
    throw failure('CHATKEEP_UNAVAILABLE');
  });
  app.get('/unguarded', (request, response) => response.json(currentToken(request)));
  app.use(handleErrors({ report }));
  // Handles all other errors, because Express's own handler would print them.
  app.use((error, _request, response, next) => {
    if (response.headersSent) next(error);
    else response.status(500).json({ detail: error.message });
  });
  return app;
}

webCases('Express', async (t, chat, options) => {
  const notes = [];
  return { url: await listen(t, application(chat, notes, options)), notes };
});

sessionCases('Express', async (t, chat, options) => {
  const notes = [];
  const report = (message) => notes.push(message);
  const session = sessionRequired(chat, { retryAfter: 7, report, ...options });
  const app = express();
  app.all('/me', session, (request, response) => {
    assert.equal(currentSession(request), request.userSession);
    response.json(request.userSession);
  });
  app.post('/sign-in', session.sameSite, async (request, response) => {
    const lifetime = { lifetimeSeconds: 3600 };
    const created = await chat.sessionManager.createSession(request.query.user, lifetime);
    session.setCookie(response, created);
    response.json({ secret: created.secret });
  });
  app.post('/sign-out', session, async (request, response) => {
    await chat.sessionManager.logout(session.secret(request));
    session.deleteCookie(response);
    response.json({});
  });
  app.post('/users', async (request, response) => {
    const { email } = request.query;
    response.json(await chat.userManager.createUser({ email, password: 'correct horse' }));
  });
  app.use(handleErrors({ report }));
  return { url: await listen(t, app), notes };
});

test('currentSession throws on a route without sessionRequired', () => {
  assert.throws(() => currentSession({}), /does not use sessionRequired/);
});

test('origins are checked when sessionRequired is called', () => {
  for (const trustedOrigins of [
    ['example.org'],
    ['https://example.org/'],
    ['null'],
    ['https://Example.org'],
    ['https://example.org:443'],
    ['http://example.org:80'],
    ['https://ada@example.org'],
    ['http://['],
    'https://a.example',
  ]) {
    assert.throws(() => sessionRequired(undefined, { trustedOrigins }), TypeError);
  }
  const trustedOrigins = ['http://localhost:5173', 'https://example.org:80', 'http://[::1]:8080'];
  sessionRequired(undefined, { trustedOrigins });
});

test('an error after the headers closes the connection', async (t) => {
  t.mock.method(console, 'error', () => {});
  const url = await listen(t, application(new chatkeep.Chatkeep('sqlite:///:memory:'), []));
  const answer = await fetch(`${url}/half`);
  assert.equal(answer.status, 200);
  await assert.rejects(answer.text());
});

test('currentToken throws on a route without tokenRequired', async (t) => {
  const url = await listen(t, application(new chatkeep.Chatkeep('sqlite:///:memory:'), []));
  const answer = await fetch(`${url}/unguarded`);
  assert.equal(answer.status, 500);
  assert.match((await answer.json()).detail, /does not use tokenRequired/);
});

test('without arguments the store of the environment and console.warn are used', async (t) => {
  const warn = t.mock.method(console, 'warn', () => {});
  const check = {
    valid: true,
    reason: 'valid',
    token: { id: 7, description: 'of the environment' },
  };
  const asked = t.mock.method(chatkeep.tokenManager, 'checkToken', async () => check);
  const app = express();
  app.use(tokenRequired());
  app.get('/', (request, response) => response.json(request.token.id));
  const url = await listen(t, app);
  assert.equal(await (await fetch(url, bearer('any'))).json(), 7);
  assert.deepEqual(asked.mock.calls[0].arguments, ['any', undefined]);
  assert.equal(warn.mock.callCount(), 0);
  asked.mock.mockImplementation(() => Promise.reject(failure('CHATKEEP_UNAVAILABLE')));
  assert.equal((await fetch(url, bearer('any'))).status, 503);
  assert.deepEqual(warn.mock.calls[0].arguments, ['chatkeep: answered 503: logMessage: no']);
});

test('an error of a response that was sent already is passed on', async () => {
  const sent = new Error('the headers are sent');
  const setHeader = () => {
    throw sent;
  };
  const chat = new chatkeep.Chatkeep('sqlite:///:memory:');
  for (const handler of [tokenRequired(chat), sessionRequired(chat), healthCheck(chat)]) {
    const passed = new Promise((resolve) => {
      handler({ headers: {} }, { setHeader }, resolve);
    });
    assert.equal(await passed, sent);
  }
});

test('Cookie is added to the names in Vary, once', () => {
  const session = sessionRequired(new chatkeep.Chatkeep('sqlite:///:memory:'));
  for (const [before, after] of [
    ['Accept-Encoding', 'Accept-Encoding, Cookie'],
    [['Origin', 'Accept'], 'Origin, Accept, Cookie'],
    ['Origin, cookie', 'Origin, cookie'],
  ]) {
    const response = new http.ServerResponse({ method: 'POST' });
    response.setHeader('Vary', before);
    session.deleteCookie(response);
    session.deleteCookie(response);
    assert.equal(response.getHeader('Vary'), after);
  }
});

test('the middleware works without Express', async (t) => {
  const chat = new chatkeep.Chatkeep('sqlite:///:memory:');
  const { token } = await chat.tokenManager.createToken('plain');
  const guard = tokenRequired(chat);
  const url = await listen(t, (request, response) => {
    guard(request, response, () => response.end(request.token.description));
  });
  assert.equal((await fetch(url)).status, 401);
  assert.equal(await (await fetch(url, bearer(token))).text(), 'plain');
});
