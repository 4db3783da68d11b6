/** Secrets of credentials in JavaScript. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Chatkeep } from 'chatkeep';
import { openStore } from './support/stores.mjs';

const KEYS = '2027:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const SECRET = 's3cret-0123456789';
const MEMORY = { url: 'sqlite:///:memory:' };

test('inspected values show only the start of tokens', async (t) => {
  const chat = openStore(t, MEMORY, { keys: KEYS });
  const added = await chat.credentialManager.addCredential('a', SECRET);
  const found = await chat.credentialManager.findCredential('a');
  assert.equal(found.secret, SECRET);
  for (const value of [found, added, chat]) {
    const shown = inspect(value, { depth: 10 });
    assert.ok(!shown.includes('s3cret') && !shown.includes(KEYS.slice(5, 20)), shown);
  }
  const created = await chat.tokenManager.createToken();
  assert.ok(inspect(created).includes(`${created.token.slice(0, 8)}…`));
});

test('errors about keys do not quote them', () => {
  assert.throws(
    () => new Chatkeep(MEMORY.url, { keys: KEYS.replace(':', '') }),
    (error) => error.field === 'keys' && !inspect(error).includes(KEYS.slice(5, 20)),
  );
});
