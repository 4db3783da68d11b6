/** Tests of the web integrations, the same for every framework. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { before, describe, test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { DOWN } from './databases.mjs';

// Do not wait for databases that are down. Every test file runs in its own process.
process.env.DB_MAX_RETRIES = '0';

export function bearer(token, scheme = 'Bearer') {
  return { headers: { Authorization: `${scheme} ${token}` } };
}

/** Creates an error like those of chatkeep. */
export function failure(code, retryable = code === 'CHATKEEP_CONFLICT') {
  const details = { code, retryable, field: 'provider', operation: 'logMessage' };
  return Object.assign(new Error('no'), details);
}

async function detailOf(answer) {
  return (await answer.json()).detail;
}

/**
 * Defines the tests.
 *
 * `serve(t, chat, options)` starts a server that ends with the test, and returns `{ url, notes }`:
 * its base URL and the logged messages. The server has `/whoami`, which requires a token and has a
 * `retryAfter` of 7, `/admin`, which requires the scope `admin`, `/messages?limit=`,
 * `/raise?code=`, which throws, and `/health/db-pool` with the timeout `options.healthTimeout`.
 */
export function webCases(framework, serve) {
  describe(framework, () => {
    let memory;
    before(() => {
      memory = new Chatkeep('sqlite:///:memory:');
    });

    function down() {
      return new Chatkeep(DOWN, { connectTimeout: 2 });
    }

    test('a valid token is accepted and its record is available', async (t) => {
      const created = await memory.tokenManager.createToken('web app');
      const { url } = await serve(t, memory);
      for (const scheme of ['Bearer', 'bearer', 'BEARER ']) {
        const answer = await fetch(`${url}/whoami`, bearer(created.token, scheme));
        assert.equal(answer.status, 200);
        const body = await answer.text();
        assert.equal(JSON.parse(body).id, created.id);
        assert.equal(JSON.parse(body).description, 'web app');
        assert.ok(!body.includes(created.token));
      }
    });

    test('a request without a token gets a challenge without an error code', async (t) => {
      const { url } = await serve(t, memory);
      for (const Authorization of [undefined, 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', '']) {
        const answer = await fetch(`${url}/whoami`, {
          headers: Authorization === undefined ? {} : { Authorization },
        });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer');
        assert.match(answer.headers.get('Content-Type'), /^application\/json/);
        assert.equal(await detailOf(answer), 'A bearer token is needed');
      }
    });

    async function assertInvalid(answer, reason) {
      assert.equal(answer.status, 401);
      const detail = await detailOf(answer);
      assert.ok(detail.includes(reason), detail);
      assert.equal(
        answer.headers.get('WWW-Authenticate'),
        `Bearer error="invalid_token", error_description="${detail}"`,
      );
    }

    test('an invalid token is rejected with its reason', async (t) => {
      const revoked = await memory.tokenManager.createToken();
      await memory.tokenManager.revokeToken(revoked.id);
      const { url } = await serve(t, memory);
      for (const [presented, reason] of [
        ['ck_two words', 'malformed'],
        ['sk-imported', 'unknown'],
        [revoked.token, 'revoked'],
      ]) {
        await assertInvalid(await fetch(`${url}/whoami`, bearer(presented)), reason);
      }
    });

    test('a token without the scope is 403', async (t) => {
      const { url } = await serve(t, memory);
      const admin = await memory.tokenManager.createToken({ scopes: ['admin'] });
      assert.equal((await fetch(`${url}/admin`, bearer(admin.token))).status, 200);
      const other = await memory.tokenManager.createToken({ scopes: ['chat'] });
      const answer = await fetch(`${url}/admin`, bearer(other.token));
      assert.equal(answer.status, 403);
      const detail = await detailOf(answer);
      assert.equal(detail, 'The token does not have the scope admin');
      assert.equal(
        answer.headers.get('WWW-Authenticate'),
        `Bearer error="insufficient_scope", error_description="${detail}", scope="admin"`,
      );
    });

    test('a token of an inactive user is rejected with the reason', async (t) => {
      const { url } = await serve(t, memory);
      const users = memory.userManager;
      const user = await users.createUser({ username: 'ada', password: 'correct horse' });
      const created = await memory.tokenManager.createToken({ userId: user.publicId });
      await users.setActive(user.publicId, false);
      await assertInvalid(await fetch(`${url}/whoami`, bearer(created.token)), 'not active');
    });

    for (const [reason, text] of [
      ['expired', 'has expired'],
      ['rotated', 'was replaced'],
    ]) {
      test(`an ${reason} token is rejected with the reason`, async (t) => {
        const check = { valid: false, reason, token: null };
        const chat = fakeStore({ checkToken: async () => check });
        const { url } = await serve(t, chat);
        await assertInvalid(await fetch(`${url}/whoami`, bearer('any')), text);
      });
    }

    test('an unavailable database is 503 and never 401', async (t) => {
      const { url, notes } = await serve(t, down());
      const answer = await fetch(`${url}/whoami`, bearer('sk-s3cret-token'));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('Retry-After'), '7');
      assert.equal(answer.headers.get('WWW-Authenticate'), null);
      assert.deepEqual(await answer.json(), { detail: 'The database is not available' });
      assert.match(notes.join('\n'), /answered 503: check_?[tT]oken/);
      assert.ok(!notes.join('\n').includes('s3cret'));
      // A request without a token needs no database.
      assert.equal((await fetch(`${url}/whoami`)).status, 401);
    });

    test('other errors of a token check are 500', async (t) => {
      for (const error of [failure('CHATKEEP_INTERNAL'), new TypeError('a mistake')]) {
        const chat = fakeStore({ checkToken: () => Promise.reject(error) });
        const { url } = await serve(t, chat);
        assert.equal((await fetch(`${url}/whoami`, bearer('any'))).status, 500);
      }
    });

    test('errors in routes become responses', async (t) => {
      const healthy = await serve(t, memory);
      const unavailable = await serve(t, down());
      const refused = await fetch(`${unavailable.url}/messages`);
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('Retry-After'), '5');
      const answer = await fetch(`${healthy.url}/messages?limit=0`);
      assert.equal(answer.status, 422);
      const [detail] = await detailOf(answer);
      assert.deepEqual([detail.type, detail.loc], ['invalid_input', ['limit']]);
      assert.ok(detail.msg.includes('limit'));
    });

    for (const [code, status, invites] of [
      ['CHATKEEP_UNAVAILABLE', 503, true],
      ['CHATKEEP_POOL_TIMEOUT', 503, true],
      ['CHATKEEP_CONFLICT', 503, true],
      ['CHATKEEP_OUTCOME_UNKNOWN', 503, false],
      ['CHATKEEP_INVALID_INPUT', 422, false],
      ['CHATKEEP_INTERNAL', 500, false],
      ['ECONNREFUSED', 500, false],
    ]) {
      test(`${code} is ${status}${invites ? ' with Retry-After' : ''}`, async (t) => {
        const { url, notes } = await serve(t, memory);
        const answer = await fetch(`${url}/raise?code=${code}`);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.has('Retry-After'), invites);
        assert.equal(notes.length, status === 503 ? 1 : 0);
      });
    }

    test('the health check reports the pool but not the host', async (t) => {
      const healthy = await serve(t, memory);
      const answer = await fetch(`${healthy.url}/health/db-pool`);
      assert.equal(answer.status, 200);
      const health = await answer.json();
      assert.deepEqual(Object.keys(health), HEALTH);
      assert.deepEqual(Object.keys(health.pool), POOL);
      assert.deepEqual(
        [health.status, health.engine, health.schema, health.error],
        ['healthy', 'sqlite', 'head', null],
      );
      assert.ok(health.latency_ms > 0);

      const unavailable = await serve(t, down());
      const refused = await fetch(`${unavailable.url}/health/db-pool`);
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('Retry-After'), '5');
      const body = await refused.text();
      const unhealthy = JSON.parse(body);
      assert.deepEqual(Object.keys(unhealthy), HEALTH);
      assert.deepEqual([unhealthy.status, unhealthy.error], ['unhealthy', 'Unavailable']);
      assert.ok(!body.includes('127.0.0.1'));
    });

    test('a database that does not respond in time is unhealthy', async (t) => {
      const chat = fakeStore({});
      chat.dbManager.health = ({ signal }) =>
        new Promise((_, reject) => {
          // As chatkeep does; otherwise the promise would never settle.
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      const { url } = await serve(t, chat, { healthTimeout: 0.01 });
      const answer = await fetch(`${url}/health/db-pool`);
      assert.equal(answer.status, 503);
      assert.equal((await answer.json()).error, 'Unavailable');
    });

    /** Creates a fake store with the given calls. */
    function fakeStore(tokenManager) {
      const { dbType } = memory.dbManager;
      const poolStatus = () => memory.dbManager.poolStatus();
      return { tokenManager, dbManager: { dbType, poolStatus }, messageLogger: { flush() {} } };
    }
  });
}

const HEALTH = ['status', 'engine', 'latency_ms', 'schema', 'error', 'pool'];
const POOL = ['pool_size', 'checked_in', 'checked_out', 'overflow', 'total', 'max', 'waiting'];
