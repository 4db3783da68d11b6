/** The constructor's options: one for every setting of the environment. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Chatkeep, ChatkeepError } from 'chatkeep';
import { camel } from './support/exact_json.mjs';

const FILE = new URL('../../tests/vectors/settings/constructor.json', import.meta.url);
const SETTINGS = JSON.parse(readFileSync(FILE, 'utf8')).settings.map(
  ({ argument, right, wrong }) => ({ option: camel(argument), right, wrong }),
);
const MEMORY = 'sqlite:///:memory:';
const DOWN = 'postgresql://127.0.0.1:9/chat';

function rejection(options) {
  try {
    new Chatkeep(MEMORY, options);
  } catch (error) {
    assert.ok(error instanceof ChatkeepError, String(error));
    return error;
  }
  assert.fail(`${JSON.stringify(options)} was accepted`);
}

test('every environment setting is a constructor option', () => {
  const { message } = rejection({ nonsense: 1 });
  const known = message.split('valid options: ')[1].split(', ');
  assert.deepEqual(known.sort(), SETTINGS.map(({ option }) => option).sort());
});

test('valid options are accepted and invalid ones rejected with their names', () => {
  for (const { option, right, wrong } of SETTINGS) {
    for (const value of [right, undefined, null]) new Chatkeep(MEMORY, { [option]: value });
    const isNumber = typeof right === 'number';
    for (const value of [...wrong, ...(isNumber ? [-3] : [])]) {
      const error = rejection({ [option]: value });
      assert.deepEqual([error.field, error.code], [option, 'CHATKEEP_CONFIGURATION']);
      assert.ok(error.message.startsWith(`${option}: must be `), error.message);
    }
    const error = rejection({ [option]: typeof right === 'string' ? 3 : '3' });
    assert.deepEqual([error.field, error.code], [option, 'CHATKEEP_INVALID_INPUT']);
  }
});

test('a connection lifetime can be unlimited', () => {
  for (const poolRecycle of [0, -1]) new Chatkeep(MEMORY, { poolRecycle });
});

test('the pool has the configured size', async () => {
  const chat = new Chatkeep(DOWN, { poolSize: 3, maxOverflow: 2 });
  const { poolSize, max } = chat.dbManager.poolStatus();
  assert.deepEqual([poolSize, max], [3, 5]);
});

test('an unavailable database is retried as configured', async () => {
  async function errorMessage(options) {
    const chat = new Chatkeep(DOWN, { connectTimeout: 2, ...options });
    const error = await chat.messageLogger.getMessageCount().catch((reason) => reason);
    assert.equal(error.code, 'CHATKEEP_UNAVAILABLE');
    return error.message;
  }
  assert.doesNotMatch(await errorMessage({ maxRetries: 0 }), /tried \d+ times/);
  assert.match(await errorMessage({ maxRetries: 3, retryDelay: 0.2 }), /tried \d+ times/);
});
