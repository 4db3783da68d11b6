/** Invalid arguments: the call rejects with the field's name and stores nothing. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Chatkeep, ChatkeepError } from 'chatkeep';
import { memoryStore, onEachEngine } from './support/stores.mjs';

const LONE = 'a\ud800b';

function nested(depth) {
  let value = {};
  for (let level = 1; level < depth; level += 1) value = { a: value };
  return value;
}

function containingItself() {
  const value = {};
  value.self = [value];
  return value;
}

/** Thirty levels with ten references each: too large for any memory when serialized. */
function exponentialObject() {
  let value = [1];
  for (let level = 0; level < 27; level += 1) value = Array(10).fill(value);
  return { a: value };
}

const invalid = new Date('invalid');

/** Invalid messages, each with the invalid field. */
const MESSAGES = [
  [{ message: 'a\0b' }, 'message'],
  [{ message: LONE }, 'message'],
  [{ message: '\udc00\ud800' }, 'message'],
  [{ message: `\uFFFD${LONE}` }, 'message'],
  [{ userMessage: LONE }, 'userMessage'],
  [{ userMessage: '\0' }, 'userMessage'],
  [{ userMessage: 5 }, 'userMessage'],
  [{ userMessage: 'a', botResponse: '\0' }, 'botResponse'],
  [{ userMessage: 'a', botResponse: 5 }, 'botResponse'],
  [{ message: 'a', response: LONE }, 'response'],
  [{ message: 'a', response: '\0' }, 'response'],
  [{ message: 'a', provider: LONE }, 'provider'],
  [{ message: 'a', provider: 'p'.repeat(51) }, 'provider'],
  [{ message: 'a', model: 'é'.repeat(101) }, 'model'],
  [{ message: 'a', tokensUsed: -1 }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 2 ** 53 }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 2n ** 63n }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 10n ** 29n }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 10n ** 5000n }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 1e29 }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: 1.5 }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: Number.NaN }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: Infinity }, 'tokensUsed'],
  [{ message: 'a'.repeat(16 * 1024 * 1024 + 1) }, 'message'],
  [{ message: 'a', metadata: { n: Number.NaN } }, 'metadata'],
  [{ message: 'a', metadata: { n: [Infinity] } }, 'metadata'],
  [{ message: 'a', metadata: { n: -Infinity } }, 'metadata'],
  [{ message: 'a', metadata: { n: 2n ** 64n } }, 'metadata'],
  [{ message: 'a', metadata: { n: -(2n ** 63n) - 1n } }, 'metadata'],
  [{ message: 'a', metadata: { n: 10n ** 5000n } }, 'metadata'],
  [{ message: 'a', metadata: { s: LONE } }, 'metadata'],
  [{ message: 'a', metadata: { [LONE]: 1 } }, 'metadata'],
  [{ message: 'a', metadata: { s: '\0' } }, 'metadata'],
  [{ message: 'a', metadata: { '\0': 1 } }, 'metadata'],
  [{ message: 'a', metadata: { ['k'.repeat(65_536)]: 1 } }, 'metadata'],
  [{ message: 'a', metadata: nested(31) }, 'metadata'],
  [{ message: 'a', metadata: nested(900) }, 'metadata'],
  [{ message: 'a', metadata: nested(100_000) }, 'metadata'],
  [{ message: 'a', metadata: containingItself() }, 'metadata'],
  [{ message: 'a', metadata: exponentialObject() }, 'metadata'],
  [{ message: 'a', metadata: { at: invalid } }, 'metadata'],
  [{ message: 'a', metadata: { n: { toJSON: () => Number.NaN } } }, 'metadata'],
  [{ message: 'a', metadata: { n: { toJSON: () => containingItself() } } }, 'metadata'],
  [{ message: 'a', metadata: { toJSON: () => [1] } }, 'metadata'],
  [{ message: 'a', metadata: { toJSON: () => undefined } }, 'metadata'],
  [{ message: 'a', timestamp: invalid }, 'timestamp'],
  [{ message: 'a', timestamp: 'yesterday' }, 'timestamp'],
  [{ message: 'a', timestamp: '2023-11-14T22:13:20[America/New_York]' }, 'timestamp'],
  [{ message: 'a', timestamp: new Date('9999-12-31') }, 'timestamp'],
  [{ message: 'a', timestamp: LONE }, 'timestamp'],
  [{ message: 'a', timestamp: '10000-01-01' }, 'timestamp'],
  [{ message: 'a', timestamp: new Date(8.64e15) }, 'timestamp'],
  [{ message: 'a', timestamp: new Date(-8.64e15) }, 'timestamp'],
  [{ message: 'a', timestamp: new Date('0999-12-31') }, 'timestamp'],
  // Values of the wrong type.
  [undefined, 'message'],
  [null, 'message'],
  [5, 'message'],
  [['a'], 'message'],
  [() => 'a', 'message'],
  [{}, 'message'],
  [{ message: null }, 'message'],
  [{ message: 5 }, 'message'],
  [{ message: new String('a') }, 'message'],
  [{ message: Buffer.from('a') }, 'message'],
  [{ message: Symbol('a') }, 'message'],
  [{ message: 'a', response: Buffer.from('a') }, 'response'],
  [{ message: 'a', provider: 1 }, 'provider'],
  [{ message: 'a', model: ['m'] }, 'model'],
  [{ message: 'a', tokensUsed: true }, 'tokensUsed'],
  [{ message: 'a', tokensUsed: '12' }, 'tokensUsed'],
  [{ message: 'a', metadata: [] }, 'metadata'],
  [{ message: 'a', metadata: '{}' }, 'metadata'],
  [{ message: 'a', metadata: 5 }, 'metadata'],
  [{ message: 'a', metadata: new Map([['a', 1]]) }, 'metadata'],
  [{ message: 'a', metadata: { s: new Set([1]) } }, 'metadata'],
  [{ message: 'a', metadata: { s: new Uint8Array(2) } }, 'metadata'],
  [{ message: 'a', metadata: { s: /a/ } }, 'metadata'],
  [{ message: 'a', metadata: { s: () => 1 } }, 'metadata'],
  [{ message: 'a', metadata: { s: Symbol('s') } }, 'metadata'],
  [{ message: 'a', timestamp: 1_700_000_000 }, 'timestamp'],
  [{ message: 'a', timestamp: { year: 2024 } }, 'timestamp'],
  // Unknown or duplicate names.
  [{ message: 'a', modle: 'm' }, 'modle'],
  [{ message: 'a', tokens_used: 5 }, 'tokens_used'],
  [{ message: 'a', userMessage: 'b' }, 'userMessage'],
];

async function rejection(call) {
  let promise;
  try {
    promise = call();
  } catch (error) {
    return `threw ${error}`;
  }
  try {
    return `fulfilled with ${await promise}`;
  } catch (error) {
    return error;
  }
}

onEachEngine('an invalid message is rejected with the field name', async (_, { log }) => {
  for (const [index, [message, field]] of MESSAGES.entries()) {
    const error = await rejection(() => log.logMessage(message));
    assert.ok(error instanceof ChatkeepError, `${index}: ${error}`);
    const actual = [error.field, error.code, error.operation, error.retryable];
    assert.deepStrictEqual(
      actual,
      [field, 'CHATKEEP_INVALID_INPUT', 'logMessage', false],
      `${index}: ${error}`,
    );
    assert.ok(error.message.startsWith(`${field}: `) && error.message.length < 300, error.message);
    if (typeof message !== 'object' || message === null || Array.isArray(message)) continue;
    const batch = await rejection(() => log.logMessages([{ message: 'good' }, message]));
    assert.equal(batch.field, `messages[1].${field}`, `${index} in a batch: ${batch}`);
    assert.ok(batch.message.startsWith(`messages[1].${field}: `), batch.message);
  }
  assert.equal(await log.getMessageCount(), 0);
});

const QUERIES = [
  ['getMessages', [{ limit: 0 }], 'limit'],
  ['getMessages', [{ limit: -1 }], 'limit'],
  ['getMessages', [{ limit: 10_001 }], 'limit'],
  ['getMessages', [{ limit: 2 ** 63 }], 'limit'],
  ['getMessages', [{ limit: 2n ** 63n }], 'limit'],
  ['getMessages', [{ limit: true }], 'limit'],
  ['getMessages', [{ limit: '10' }], 'limit'],
  ['getMessages', [{ limit: Number.NaN }], 'limit'],
  ['getMessages', [{ offset: -1 }], 'offset'],
  ['getMessages', [{ offset: 1.5 }], 'offset'],
  ['getMessages', [{ cursor: 'nonsense' }], 'cursor'],
  ['getMessages', [{ cursor: 5 }], 'cursor'],
  ['getMessages', [{ cursor: { id: 1 } }], 'cursor'],
  ['getMessages', [{ cursor: { id: 1, timestamp: new Date() } }], 'cursor'],
  ['getMessages', [{ startDate: 'soon' }], 'startDate'],
  ['getMessages', [{ startDate: invalid }], 'startDate'],
  ['getMessages', [{ startDate: '2024-01-01T00:00[Europe/Berlin]' }], 'startDate'],
  ['getMessages', [{ endDate: 5 }], 'endDate'],
  ['getMessages', [{ metadata: { k: [1] } }], 'metadata'],
  ['getMessages', [{ metadata: [1] }], 'metadata'],
  ['getMessages', [{ metadata: { k: Number.NaN } }], 'metadata'],
  ['getMessages', [{ limt: 5 }], 'limt'],
  ['getMessages', [5], 'options'],
  ['getMessages', [{ signal: 'now' }], 'signal'],
  ['getMessageById', ['1'], 'id'],
  ['getMessageById', [undefined], 'id'],
  ['getMessageById', [2n ** 64n], 'id'],
  ['searchMessages', [''], 'query'],
  ['searchMessages', [Buffer.from('a')], 'query'],
  ['searchMessages', [LONE], 'query'],
  ['searchMessages', ['a'.repeat(100_000)], 'query'],
  ['searchMessages', ['a', { shade: 'x' }], 'shade'],
  ['deleteOldMessages', [0], 'days'],
  ['deleteOldMessages', [-1], 'days'],
  ['deleteOldMessages', [10 ** 9], 'days'],
  ['deleteOldMessages', [2n ** 70n], 'days'],
  ['deleteOldMessages', [null], 'days'],
  ['deleteOldMessages', ['30'], 'days'],
  ['getAnalytics', [{ startDate: '2024-02-01', endDate: '2024-01-01' }], 'startDate'],
  ['exportForFineTuning', ['xml'], 'format'],
  ['exportForFineTuning', [5], 'format'],
  ['flush', [{ timeout: -1 }], 'timeout'],
  ['flush', [{ timeout: Number.NaN }], 'timeout'],
  ['flush', [{ timeout: 1e300 }], 'timeout'],
  ['flush', [{ timeout: '1' }], 'timeout'],
  ['logMessages', ['abc'], 'messages'],
  ['logMessages', [{ message: 'a' }], 'messages'],
  ['logMessages', [undefined], 'messages'],
  ['logMessages', [[{ message: 'a' }, 'b']], 'messages[1]'],
  ['logMessages', [[{ message: 'a' }, {}]], 'messages[1].message'],
  ['logMessages', [[{ message: 'a' }, { message: 'b', modle: 'm' }]], 'messages[1].modle'],
];

test('an invalid query argument is rejected with the field name', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  const id = await log.logMessage({ message: 'kept', timestamp: '2000-01-01' });
  for (const [call, given, field] of QUERIES) {
    const error = await rejection(() => log[call](...given));
    assert.ok(error instanceof ChatkeepError, `${call} ${field}: ${error}`);
    assert.deepStrictEqual(
      [error.field, error.operation, error.code],
      [field, call, 'CHATKEEP_INVALID_INPUT'],
    );
  }
  const kept = await log.getMessages();
  assert.deepStrictEqual(
    kept.map((message) => message.id),
    [id],
  );
});

test('messages of invalid arguments are exact', async (t) => {
  const { messageLogger: log, dbManager: db } = memoryStore(t);
  for (const [given, message] of [
    [{ tokensUsed: 1e29 }, 'tokensUsed: does not fit 64 bits'],
    [{ tokensUsed: 10n ** 29n }, 'tokensUsed: does not fit 64 bits'],
    [{ tokensUsed: Number.NaN }, 'tokensUsed: must be a whole number, not NaN'],
    [
      { tokensUsed: 2 ** 53 },
      'tokensUsed: 9.007199254740992e15 exceeds 2^53 - 1, the largest exact number; pass a bigint',
    ],
    [
      { timestamp: new Date('9999-12-31') },
      'timestamp: must be between 1000-01-01T00:00:00 and 9999-12-30T21:59:59.999999 in UTC',
    ],
  ]) {
    assert.equal(
      (await rejection(() => log.logMessage({ message: 'a', ...given }))).message,
      message,
    );
  }
  await log.logMessage({ message: 'a', tokensUsed: 1.0 });
  for (const [revision, options, field] of [
    [undefined, { fromRevision: 'nowhere' }, 'fromRevision'],
    ['nowhere', { fromRevision: 'base' }, 'revision'],
    ['nowhere', {}, 'revision'],
  ]) {
    assert.equal((await rejection(() => db.migrate('sql', revision, options))).field, field);
  }
});

test('an iteration with invalid options rejects at its first message', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  for (const [options, field] of [
    [{ oldestFirst: 1 }, 'oldestFirst'],
    [{ endDate: 5 }, 'endDate'],
    [{ limit: 5 }, 'limit'],
  ]) {
    const error = await rejection(() => log.iterMessages(options).next());
    assert.deepStrictEqual([error.field, error.operation], [field, 'iterMessages']);
    const streamed = await rejection(() => log.messageStream(options).toArray());
    assert.equal(streamed.field, field);
  }
  const error = await rejection(() => log.exportStream('xml').toArray());
  assert.deepStrictEqual([error.field, error.operation], ['format', 'exportForFineTuning']);
});

onEachEngine('an invalid token option is rejected with the field name', async (_, { tokens }) => {
  for (const [options, field] of [
    [{ description: 'd'.repeat(256) }, 'description'],
    [{ description: LONE }, 'description'],
    [{ description: Buffer.from('d') }, 'description'],
    [{ description: null }, 'description'],
    [{ expiresDays: 0 }, 'expiresDays'],
    [{ expiresDays: -1 }, 'expiresDays'],
    [{ expiresDays: 10 ** 9 }, 'expiresDays'],
    [{ expiresDays: 2n ** 70n }, 'expiresDays'],
    [{ expiresDays: 1.5 }, 'expiresDays'],
    [{ expires: 5 }, 'expires'],
    [5, 'options'],
  ]) {
    const error = await rejection(() => tokens.createToken(options));
    assert.deepStrictEqual(
      [error.field, error.operation, error.code],
      [field, 'createToken', 'CHATKEEP_INVALID_INPUT'],
    );
  }
  assert.deepStrictEqual(await tokens.listTokens(), []);
  for (const id of ['1', undefined, 1.5, 2n ** 63n]) {
    assert.equal((await rejection(() => tokens.revokeToken(id))).field, 'tokenId');
    assert.equal((await rejection(() => tokens.getTokenInfo(id))).field, 'id');
  }
});

test('a value that null removes must be stated', async (t) => {
  const { conversationManager: conversations } = memoryStore(t);
  const { publicId } = await conversations.createConversation({ title: 'a', metadata: { b: 1 } });
  for (const [method, field] of [
    ['renameConversation', 'title'],
    ['setConversationMetadata', 'metadata'],
    ['moveConversation', 'userId'],
  ]) {
    for (const args of [[], [undefined], [undefined, {}]]) {
      const error = await rejection(() => conversations[method](publicId, ...args));
      assert.deepStrictEqual([error.field, error.operation], [field, method]);
      assert.match(error.message, /is required/);
    }
  }
  const { title, metadata } = await conversations.getConversation(publicId);
  assert.deepStrictEqual([title, { ...metadata }], ['a', { b: 1 }]);
  assert.equal(await conversations.setConversationMetadata(publicId, null), true);
  assert.equal((await conversations.getConversation(publicId)).metadata, null);
});

test('an invalid setting is rejected with its name', () => {
  for (const [given, field, code] of [
    [['sqlite:///:memory:', { poolSise: 5 }], 'poolSise', 'CHATKEEP_INVALID_INPUT'],
    [['sqlite:///:memory:', { poolSize: '5' }], 'poolSize', 'CHATKEEP_INVALID_INPUT'],
    [['sqlite:///:memory:', { poolSize: 0 }], 'poolSize', 'CHATKEEP_CONFIGURATION'],
    [['sqlite:///:memory:', { poolSize: -1 }], 'poolSize', 'CHATKEEP_CONFIGURATION'],
    [['sqlite:///:memory:', { queryTimeout: 0 }], 'queryTimeout', 'CHATKEEP_CONFIGURATION'],
    [
      ['sqlite:///:memory:', { queryTimeout: Number.NaN }],
      'queryTimeout',
      'CHATKEEP_CONFIGURATION',
    ],
    [['sqlite:///:memory:', { autoMigrate: 'yes' }], 'autoMigrate', 'CHATKEEP_INVALID_INPUT'],
    [[5], 'url', 'CHATKEEP_INVALID_INPUT'],
    [[{ poolSize: 5 }], 'url', 'CHATKEEP_INVALID_INPUT'],
  ]) {
    assert.throws(
      () => new Chatkeep(...given),
      (error) => {
        assert.ok(error instanceof ChatkeepError);
        assert.deepStrictEqual([error.field, error.code], [field, code]);
        return true;
      },
    );
  }
});

test('an exception in a callback of the caller is passed on unchanged', async (t) => {
  const { messageLogger: log } = memoryStore(t);
  const mine = new Error('mine');
  const thrower = () => {
    throw mine;
  };
  function* messages() {
    yield { message: 'a' };
    throw mine;
  }
  class Late extends Date {
    [Symbol.toPrimitive]() {
      throw mine;
    }
  }
  const getter = Object.defineProperty({}, 'message', { enumerable: true, get: thrower });
  for (const call of [
    () => log.logMessage({ message: 'a', metadata: { a: { toJSON: thrower } } }),
    () => log.logMessage({ message: 'a', timestamp: new Late() }),
    () => log.logMessage(getter),
    () => log.logMessages(messages()),
    () => log.getMessages({ startDate: new Late() }),
  ]) {
    assert.equal(await rejection(call), mine);
  }
  assert.equal(await log.getMessageCount(), 0);
  assert.equal(await log.logMessage('after'), 1);
});
