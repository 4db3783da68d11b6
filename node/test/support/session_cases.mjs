/** Tests of the sessions of the web integrations, the same for every framework. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { DOWN } from './databases.mjs';
import { failure } from './web_cases.mjs';

function cookie(secret, name = '__Host-chat-session') {
  return { Cookie: `other=1; ${name}=${secret}` };
}

/**
 * Defines the tests.
 *
 * `serve(t, chat, options)` starts a server that ends with the test, and returns `{ url, notes }`:
 * its base URL and the logged messages. The server has `/me`, which requires a session for GET, POST
 * and DELETE, `POST /sign-in?user=`, `POST /sign-out`, and `POST /users?email=`, which creates a
 * user. `options` are those of `sessionRequired`; `retryAfter` is 7.
 */
export function sessionCases(framework, serve) {
  describe(`sessions with ${framework}`, () => {
    let memory;
    let user;
    before(async () => {
      memory = new Chatkeep('sqlite:///:memory:');
      const email = `${framework}@example.org`;
      user = await memory.userManager.createUser({ email, password: 'correct horse' });
    });

    async function newSecret() {
      return (await memory.sessionManager.createSession(user.publicId)).secret;
    }

    /** Returns a store whose rotations fail. */
    function failing(code) {
      const sessionManager = {
        checkSession: (secret) => memory.sessionManager.checkSession(secret),
        rotateSession: () => Promise.reject(failure(code)),
      };
      return { sessionManager, messageLogger: { flush() {} } };
    }

    test('a sign-in sets the cookie and a sign-out deletes it', async (t) => {
      const { url } = await serve(t, memory);
      const method = 'POST';
      const signedIn = await fetch(`${url}/sign-in?user=${user.publicId}`, { method });
      const { secret } = await signedIn.json();
      const [value] = signedIn.headers.getSetCookie();
      const form =
        /^__Host-chat-session=(cs_\w+); Max-Age=(\d+); Path=\/; HttpOnly; SameSite=Lax; Secure$/;
      const [, presented, age] = form.exec(value);
      assert.equal(presented, secret);
      assert.ok(age >= 3590 && age <= 3600, age);
      assert.equal(signedIn.headers.get('Vary'), 'Cookie');

      const me = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.equal((await me.json()).userId, user.publicId);
      const out = await fetch(`${url}/sign-out`, { method, headers: cookie(secret) });
      assert.equal(out.headers.get('Vary'), 'Cookie');
      assert.deepEqual(out.headers.getSetCookie(), [
        '__Host-chat-session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure',
      ]);
      const ended = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.equal(ended.status, 401);
      assert.match(ended.headers.get('WWW-Authenticate'), /error="invalid_token"/);
      assert.deepEqual(await ended.json(), { detail: 'The session was ended' });
    });

    test('the cookie for HTTP has no prefix', async (t) => {
      const { url } = await serve(t, memory, { secure: false, cookie: 'dev' });
      const signedIn = await fetch(`${url}/sign-in?user=${user.publicId}`, { method: 'POST' });
      const [value] = signedIn.headers.getSetCookie();
      assert.match(value, /^dev=cs_/);
      assert.ok(!value.includes('Secure'));
      const secret = await newSecret();
      const own = await fetch(`${url}/me`, { headers: cookie(secret, 'dev') });
      assert.equal(own.status, 200);
      assert.equal((await fetch(`${url}/me`, { headers: cookie(secret) })).status, 401);
    });

    test('a session in the Authorization header is accepted', async (t) => {
      const { url } = await serve(t, memory, { rotateAfter: 0 });
      const headers = {
        Authorization: `Bearer ${await newSecret()}`,
        'Sec-Fetch-Site': 'cross-site',
      };
      const me = await fetch(`${url}/me`, { method: 'DELETE', headers });
      assert.equal((await me.json()).userId, user.publicId);
      // A client of this kind would not read the new cookie.
      assert.deepEqual(me.headers.getSetCookie(), []);
    });

    test('a missing or ended session is 401 with the reason', async (t) => {
      const { url } = await serve(t, memory);
      for (const headers of [{}, cookie(''), cookie('cs_x', 'chat-session')]) {
        const answer = await fetch(`${url}/me`, { headers });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer');
        assert.deepEqual(await answer.json(), { detail: 'Sign in first' });
      }
      const malformed = await fetch(`${url}/me`, { headers: cookie('no-secret') });
      assert.deepEqual(await malformed.json(), { detail: 'The session is malformed' });
      const other = await memory.userManager.createUser({
        username: framework,
        password: 'correct horse',
      });
      const { secret } = await memory.sessionManager.createSession(other.publicId);
      await memory.userManager.setActive(other.publicId, false);
      const inactive = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.deepEqual(await inactive.json(), { detail: 'The user is not active' });
    });

    test('requests of other sites may not change data', async (t) => {
      const trustedOrigins = ['https://app.example.org'];
      const { url } = await serve(t, memory, { trustedOrigins });
      const secret = await newSecret();
      for (const [headers, status] of [
        [{}, 200],
        [{ 'Sec-Fetch-Site': 'same-origin' }, 200],
        [{ 'Sec-Fetch-Site': 'none' }, 200],
        [{ 'Sec-Fetch-Site': 'same-site' }, 403],
        [{ 'Sec-Fetch-Site': 'cross-site' }, 403],
        [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://app.example.org' }, 200],
        [{ 'Sec-Fetch-Site': 'cross-site', Origin: 'https://app.example.org:444' }, 403],
        [{ Origin: new URL(url).origin }, 200],
        [{ Origin: 'https://app.example.org' }, 200],
        [{ Origin: 'https://evil.example.org' }, 403],
        [{ Origin: 'null' }, 403],
        [{ Origin: 'http://[' }, 403],
      ]) {
        const all = { ...headers, ...cookie(secret) };
        const answer = await fetch(`${url}/me`, { method: 'POST', headers: all });
        assert.equal(answer.status, status, JSON.stringify(headers));
        assert.equal((await fetch(`${url}/me`, { headers: all })).status, 200);
        const path = `${url}/sign-in?user=${user.publicId}`;
        const signedIn = await fetch(path, { method: 'POST', headers });
        assert.equal(signedIn.status, status, JSON.stringify(headers));
      }
    });

    test('a session is rotated, also if the response was lost', async (t) => {
      const { url } = await serve(t, memory, { rotateAfter: 0 });
      const secret = await newSecret();
      const first = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.equal(first.headers.get('Vary'), 'Cookie');
      const [value] = first.headers.getSetCookie();
      const [, replaced] = /^__Host-chat-session=(cs_\w+);/.exec(value);
      assert.notEqual(replaced, secret);
      const again = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.match(again.headers.getSetCookie()[0], new RegExp(`=${replaced};`));
      const current = await fetch(`${url}/me`, { headers: cookie(replaced) });
      assert.deepEqual(current.headers.getSetCookie(), []);
      // A sign-out in the same response takes precedence.
      const headers = cookie(secret);
      const out = await fetch(`${url}/sign-out`, { method: 'POST', headers });
      assert.equal(out.headers.getSetCookie().length, 1);
      assert.match(out.headers.getSetCookie()[0], /Max-Age=0/);
    });

    test('a new session is not rotated', async (t) => {
      for (const options of [{}, { rotateAfter: null }]) {
        const { url } = await serve(t, memory, options);
        const answer = await fetch(`${url}/me`, { headers: cookie(await newSecret()) });
        assert.deepEqual(answer.headers.getSetCookie(), []);
      }
    });

    test('a failed rotation leaves the session valid', async (t) => {
      const { url, notes } = await serve(t, failing('CHATKEEP_READ_ONLY'), { rotateAfter: 0 });
      const answer = await fetch(`${url}/me`, { headers: cookie(await newSecret()) });
      assert.deepEqual([answer.status, answer.headers.getSetCookie()], [200, []]);
      assert.equal(answer.headers.get('Vary'), null);
      assert.deepEqual(notes, ['a session was not rotated: no']);
    });

    test('a rotation that fails with another error fails the request', async (t) => {
      t.mock.method(console, 'error', () => {}); // Express prints the error.
      const { url, notes } = await serve(t, failing('ENOENT'), { rotateAfter: 0 });
      const answer = await fetch(`${url}/me`, { headers: cookie(await newSecret()) });
      assert.deepEqual([answer.status, notes], [500, []]);
    });

    test('a check whose outcome is unknown is 503 with Retry-After', async (t) => {
      // The check of a replaced secret ends the session.
      const checkSession = () => Promise.reject(failure('CHATKEEP_OUTCOME_UNKNOWN'));
      const chat = { sessionManager: { checkSession }, messageLogger: { flush() {} } };
      const { url } = await serve(t, chat);
      const answer = await fetch(`${url}/me`, { headers: cookie(await newSecret()) });
      assert.deepEqual([answer.status, answer.headers.get('Retry-After')], [503, '7']);
      assert.deepEqual(await answer.json(), { detail: 'The database is not available' });
    });

    test('an unavailable database is 503 and never 401', async (t) => {
      const { url, notes } = await serve(t, new Chatkeep(DOWN, { connectTimeout: 2 }));
      const secret = await newSecret();
      const answer = await fetch(`${url}/me`, { headers: cookie(secret) });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('Retry-After'), '7');
      assert.equal(answer.headers.get('WWW-Authenticate'), null);
      assert.deepEqual(await answer.json(), { detail: 'The database is not available' });
      assert.match(notes.join('\n'), /answered 503: check_?[sS]ession/);
      assert.ok(!notes.join('\n').includes(secret));
      // A missing session needs no database.
      assert.equal((await fetch(`${url}/me`)).status, 401);
    });

    test('a taken address is 409 with the field', async (t) => {
      const { url } = await serve(t, memory);
      const answer = await fetch(`${url}/users?email=${user.email}`, { method: 'POST' });
      assert.equal(answer.status, 409);
      assert.equal(answer.headers.get('Retry-After'), null);
      const [detail] = (await answer.json()).detail;
      assert.deepEqual([detail.type, detail.loc], ['conflict', ['email']]);
    });
  });
}
