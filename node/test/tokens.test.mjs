/** API tokens. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Chatkeep } from 'chatkeep';
import { DOWN } from './support/databases.mjs';
import { memoryStore, onEachEngine, openStore } from './support/stores.mjs';

onEachEngine('a token is valid from creation to revocation', async (t, { tokens, database }) => {
  const created = await tokens.createToken({ description: 'web app', expiresDays: 90 });
  assert.match(created.token, /^ck_[0-9A-Za-z]{49}$/);
  assert.equal(created.tokenId, created.id);
  assert.equal(created.expiresAt - created.createdAt, 90 * 86_400_000);
  assert.equal(await tokens.verifyToken(created.token), true);
  const { valid, reason, token } = await tokens.checkToken(created.token);
  assert.deepStrictEqual([valid, reason], [true, 'valid']);
  assert.deepStrictEqual(Object.keys(token), [
    'id',
    'tokenId',
    'description',
    'createdAt',
    'expiresAt',
    'isActive',
    'lastUsedAt',
    'tokenStart',
    'userId',
    'scopes',
  ]);
  const info = await tokens.getTokenInfo(created.id);
  assert.equal(info.description, 'web app');
  assert.equal(info.tokenStart, created.token.slice(0, 8));
  assert.ok(info.createdAt instanceof Date && info.isActive);
  const other = openStore(t, database, { tokenCache: 0 }).tokenManager;
  assert.equal(await other.revokeToken(created.id), true);
  assert.equal(await other.revokeToken(created.id), false);
  assert.equal((await other.checkToken(created.token)).reason, 'revoked');
  assert.equal(await tokens.revokeToken(BigInt(created.id)), false);
  assert.equal(
    await tokens.verifyToken(created.token),
    false,
    'immediately, in the process that revoked it',
  );
  assert.deepStrictEqual(
    (await tokens.listTokens()).map(({ id, isActive }) => [id, isActive]),
    [[created.id, false]],
  );
  assert.equal(await tokens.getTokenInfo(10 ** 6), null);
  assert.equal(await tokens.deleteExpiredTokens(), 0);
});

test('a malformed token is invalid without a database query', async (t) => {
  const { tokenManager: tokens } = openStore(t, { url: DOWN });
  for (const text of [
    '',
    ' ',
    'a b',
    'a\nb',
    'a\ud800',
    '\0',
    'x'.repeat(1_000_000),
    `ck_${'0'.repeat(49)}`,
  ]) {
    assert.equal(await tokens.verifyToken(text), false);
    const check = await tokens.checkToken(text);
    assert.deepStrictEqual(check, { valid: false, reason: 'malformed', token: null });
  }
  for (const value of [undefined, null, 5, {}, Buffer.from('ck_')]) {
    await assert.rejects(tokens.verifyToken(value), {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'token',
    });
    await assert.rejects(tokens.checkToken(value), {
      code: 'CHATKEEP_INVALID_INPUT',
      field: 'token',
    });
  }
});

test('inspecting a new token shows only its start', async (t) => {
  const created = await memoryStore(t).tokenManager.createToken('plain');
  const shown = inspect({ created }, { depth: 5 });
  assert.ok(
    !shown.includes(created.token) && shown.includes(`${created.token.slice(0, 8)}…`),
    shown,
  );
  assert.ok(!`${created}`.includes(created.token));
  assert.equal(
    JSON.parse(JSON.stringify(created)).token,
    created.token,
    'JSON for its owner contains the token',
  );
  assert.deepStrictEqual(Object.keys({ ...created }), [
    'token',
    'id',
    'tokenId',
    'description',
    'createdAt',
    'expiresAt',
    'userId',
    'scopes',
  ]);
});

test('an unavailable database is an error, not an invalid token', async () => {
  process.env.DB_MAX_RETRIES = '0';
  const chat = new Chatkeep(DOWN, { connectTimeout: 2 });
  delete process.env.DB_MAX_RETRIES;
  for (const call of ['verifyToken', 'checkToken']) {
    await assert.rejects(chat.tokenManager[call]('sk-imported-token'), {
      code: 'CHATKEEP_UNAVAILABLE',
      operation: call,
      retryable: true,
    });
  }
  await chat.close();
});

test('a cached token check resolves without a query', async (t) => {
  const { tokenManager: tokens } = memoryStore(t);
  const { token } = await tokens.createToken();
  assert.equal(await tokens.verifyToken(token), true);
  // Resolved in the same turn of the event loop, so no other thread was involved.
  let answer;
  tokens.verifyToken(token).then((verdict) => {
    answer = verdict;
  });
  await Promise.resolve();
  assert.equal(answer, true);
});
