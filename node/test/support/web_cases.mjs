/** What a request is told, the same with every framework. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { before, describe, test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { DOWN } from './databases.mjs';

// What is not there is not waited for. Every file of tests is a process of its own.
process.env.DB_MAX_RETRIES = '0';

export function bearer(token, scheme = 'Bearer') {
  return { headers: { Authorization: `${scheme} ${token}` } };
}

/** An error as chatkeep makes them. */
export function failure(code) {
  return Object.assign(new Error('no'), { code, field: 'provider', operation: 'logMessage' });
}

async function told(answer) {
  return (await answer.json()).detail;
}

/**
 * The cases.
 *
 * `serve(t, chat, options)` serves until the test ends, and gives `{ url, notes }`, the base of the addresses and what was noted. There
 * are `/whoami` behind a guard with `retryAfter` 7, `/messages?limit=`, `/raise?code=`, which throws, and `/health/db-pool`;
 * `options.healthTimeout` is the health check's.
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

    test('a valid token passes, and its record is there', async (t) => {
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

    test('without a token the challenge is plain', async (t) => {
      const { url } = await serve(t, memory);
      for (const Authorization of [undefined, 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer ', '']) {
        const answer = await fetch(`${url}/whoami`, {
          headers: Authorization === undefined ? {} : { Authorization },
        });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get('WWW-Authenticate'), 'Bearer');
        assert.match(answer.headers.get('Content-Type'), /^application\/json/);
        assert.equal(await told(answer), 'A bearer token is needed');
      }
    });

    async function assertTold(answer, reason) {
      assert.equal(answer.status, 401);
      const detail = await told(answer);
      assert.ok(detail.includes(reason), detail);
      assert.equal(
        answer.headers.get('WWW-Authenticate'),
        `Bearer error="invalid_token", error_description="${detail}"`,
      );
    }

    test('a bad token is told so', async (t) => {
      const revoked = await memory.tokenManager.createToken();
      await memory.tokenManager.revokeToken(revoked.id);
      const { url } = await serve(t, memory);
      for (const [presented, reason] of [
        ['ck_two words', 'malformed'],
        ['sk-imported', 'unknown'],
        [revoked.token, 'revoked'],
      ]) {
        await assertTold(await fetch(`${url}/whoami`, bearer(presented)), reason);
      }
    });

    test('an expired token is told so', async (t) => {
      const check = { valid: false, reason: 'expired', token: null };
      const chat = standIn({ checkToken: async () => check });
      const { url } = await serve(t, chat);
      await assertTold(await fetch(`${url}/whoami`, bearer('any')), 'expired');
    });

    test('a database that is down is 503 and never 401', async (t) => {
      const { url, notes } = await serve(t, down());
      const answer = await fetch(`${url}/whoami`, bearer('sk-s3cret-token'));
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get('Retry-After'), '7');
      assert.equal(answer.headers.get('WWW-Authenticate'), null);
      assert.deepEqual(await answer.json(), { detail: 'The database is not available' });
      assert.match(notes.join('\n'), /answered 503: check_?[tT]oken/);
      assert.ok(!notes.join('\n').includes('s3cret'));
      // What needs no database is still told.
      assert.equal((await fetch(`${url}/whoami`)).status, 401);
    });

    test('a guard that fails in another way is no verdict either', async (t) => {
      for (const error of [failure('CHATKEEP_INTERNAL'), new TypeError('a mistake')]) {
        const chat = standIn({ checkToken: () => Promise.reject(error) });
        const { url } = await serve(t, chat);
        assert.equal((await fetch(`${url}/whoami`, bearer('any'))).status, 500);
      }
    });

    test('errors in routes become answers', async (t) => {
      const there = await serve(t, memory);
      const notThere = await serve(t, down());
      const refused = await fetch(`${notThere.url}/messages`);
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('Retry-After'), '5');
      const answer = await fetch(`${there.url}/messages?limit=0`);
      assert.equal(answer.status, 422);
      const [detail] = await told(answer);
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
      test(`${code} is ${status}${invites ? ', and to be tried again' : ''}`, async (t) => {
        const { url, notes } = await serve(t, memory);
        const answer = await fetch(`${url}/raise?code=${code}`);
        assert.equal(answer.status, status);
        assert.equal(answer.headers.has('Retry-After'), invites);
        assert.equal(notes.length, status === 503 ? 1 : 0);
      });
    }

    test('the health check says how the pool is, and nothing of where', async (t) => {
      const there = await serve(t, memory);
      const answer = await fetch(`${there.url}/health/db-pool`);
      assert.equal(answer.status, 200);
      const health = await answer.json();
      assert.deepEqual(Object.keys(health), HEALTH);
      assert.deepEqual(Object.keys(health.pool), POOL);
      assert.deepEqual(
        [health.status, health.engine, health.schema, health.error],
        ['healthy', 'sqlite', 'head', null],
      );
      assert.ok(health.latency_ms > 0);

      const notThere = await serve(t, down());
      const refused = await fetch(`${notThere.url}/health/db-pool`);
      assert.equal(refused.status, 503);
      assert.equal(refused.headers.get('Retry-After'), '5');
      const body = await refused.text();
      const unwell = JSON.parse(body);
      assert.deepEqual(Object.keys(unwell), HEALTH);
      assert.deepEqual([unwell.status, unwell.error], ['unhealthy', 'Unavailable']);
      assert.ok(!body.includes('127.0.0.1'));
    });

    test('a database that does not answer in time is unhealthy', async (t) => {
      const chat = standIn({});
      chat.dbManager.health = ({ signal }) =>
        new Promise((_, reject) => {
          // As chatkeep does it; without it, this would wait for ever.
          signal.addEventListener('abort', () => reject(signal.reason));
        });
      const { url } = await serve(t, chat, { healthTimeout: 0.01 });
      const answer = await fetch(`${url}/health/db-pool`);
      assert.equal(answer.status, 503);
      assert.equal((await answer.json()).error, 'Unavailable');
    });

    /** A store of which only the calls are there that are named. */
    function standIn(tokenManager) {
      const { dbType } = memory.dbManager;
      const poolStatus = () => memory.dbManager.poolStatus();
      return { tokenManager, dbManager: { dbType, poolStatus }, messageLogger: { flush() {} } };
    }
  });
}

const HEALTH = ['status', 'engine', 'latency_ms', 'schema', 'error', 'pool'];
const POOL = ['pool_size', 'checked_in', 'checked_out', 'overflow', 'total', 'max', 'waiting'];
