/** The constructor takes every setting that the environment has. */

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

function refusal(options) {
  try {
    new Chatkeep(MEMORY, options);
  } catch (error) {
    assert.ok(error instanceof ChatkeepError, String(error));
    return error;
  }
  assert.fail(`${JSON.stringify(options)} was taken`);
}

test('the options are the variables of the environment', () => {
  const { message } = refusal({ nonsense: 1 });
  const known = message.split('known are ')[1].split(', ');
  assert.deepEqual(known.sort(), SETTINGS.map(({ option }) => option).sort());
});

test('each is taken, and refused by its name', () => {
  for (const { option, right, wrong } of SETTINGS) {
    for (const value of [right, undefined, null]) new Chatkeep(MEMORY, { [option]: value });
    const isSwitch = typeof right === 'boolean';
    for (const value of [...wrong, ...(isSwitch ? [] : [-3])]) {
      const error = refusal({ [option]: value });
      assert.deepEqual([error.field, error.code], [option, 'CHATKEEP_CONFIGURATION']);
      assert.ok(error.message.startsWith(`${option}: must be `), error.message);
    }
    const error = refusal({ [option]: '3' });
    assert.deepEqual([error.field, error.code], [option, 'CHATKEEP_INVALID_INPUT']);
  }
});

test('a connection may live for ever', () => {
  for (const poolRecycle of [0, -1]) new Chatkeep(MEMORY, { poolRecycle });
});

test('the size of the pool is the one that was set', async () => {
  const chat = new Chatkeep(DOWN, { poolSize: 3, maxOverflow: 2 });
  const { poolSize, max } = chat.dbManager.poolStatus();
  assert.deepEqual([poolSize, max], [3, 5]);
});

test('a database that is down is waited for as long as was set', async () => {
  async function told(options) {
    const chat = new Chatkeep(DOWN, { connectTimeout: 2, ...options });
    const error = await chat.messageLogger.getMessageCount().catch((reason) => reason);
    assert.equal(error.code, 'CHATKEEP_UNAVAILABLE');
    return error.message;
  }
  assert.doesNotMatch(await told({ maxRetries: 0 }), /tried \d+ times/);
  assert.match(await told({ maxRetries: 3, retryDelay: 0.2 }), /tried \d+ times/);
});
