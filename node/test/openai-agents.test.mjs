/** Sessions of the OpenAI Agents SDK: values, order, ids, and the same results as in memory. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { MemorySession } from '@openai/agents';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSession } from 'chatkeep/openai-agents';
import {
  HOSTILE_VALUES,
  hostileIds,
  keysOf,
  randomIntegers,
  UNSUPPORTED_VALUES,
} from './support/conversations.mjs';
import { onEachSharedStore } from './support/shared_stores.mjs';

/** Defines a test per engine. `body` gets a new session, the store and its URL. */
function onEachEngine(name, body) {
  onEachSharedStore(name, (chat, url, t) => body(new ChatkeepSession(chat), chat, url, t));
}

const user = (content, more) => ({ type: 'message', role: 'user', content, ...more });
const toolCall = (callId, number = 0) => ({
  type: 'function_call',
  callId,
  name: 'look_up',
  arguments: `{"number":${number}}`,
});
const texts = (items) => items.map(({ content }) => content);
const invalid = (field) => ({ code: 'CHATKEEP_INVALID_INPUT', field });

onEachEngine('hostile values are stored exactly', async (session) => {
  const items = [
    ...HOSTILE_VALUES.map((value) => user('a', { providerData: { value } })),
    ...HOSTILE_VALUES.map((value) => ({ role: 'user', type: value, content: 'no type' })),
    ...HOSTILE_VALUES.map((value) => ({ role: value, content: 'no role' })),
    { role: 'chatkeep', type: 'operation', operationId: 'a', digest: 'b' },
    {
      type: 'function_call_result',
      output: [{ type: 'image', image: { data: new Uint8Array([0, 255]) } }],
    },
    {},
  ];
  await session.addItems(items);
  const found = await session.getItems();
  assert.deepEqual(found, items);
  assert.deepEqual(keysOf(found), keysOf(items));
  assert.deepEqual(await session.getItems(3), items.slice(-3));
  for (const item of [...items].reverse()) assert.deepEqual(await session.popItem(), item);
  assert.equal(await session.popItem(), undefined);
});

onEachEngine('items are readable for other programs', async (session, chat) => {
  await session.addItems([
    user([{ type: 'input_text', text: 'Hi' }]),
    toolCall('1'),
    { type: 'function_call_result', callId: '1', name: 'look_up', output: 'found' },
    { type: 'reasoning', content: [] },
    { role: 'assistant', type: 'x'.repeat(51), status: 'completed', content: [] },
  ]);
  const stored = await chat.conversationManager.getItems(session.conversationId);
  assert.deepEqual(
    stored.map(({ role, kind }) => [role, kind]),
    [
      ['user', 'message'],
      ['assistant', 'function_call'],
      ['tool', 'function_call_result'],
      ['assistant', 'reasoning'],
      ['assistant', 'message'],
    ],
  );
  assert.deepEqual(stored[0].content.content[0].text, 'Hi');
  // Another program changed the content.
  const [first] = await chat.conversationManager.getItems(session.conversationId, { after: 0 });
  const content = { ...first.content, note: 'new' };
  await chat.conversationManager.replaceItems(session.conversationId, 1, [
    { role: 'user', content },
    { role: 'user', content: { text: 'plain' } },
  ]);
  const [changed, plain] = await session.getItems();
  assert.deepEqual(changed, { ...user([{ type: 'input_text', text: 'Hi' }]), note: 'new' });
  assert.deepEqual(plain, { text: 'plain' });
});

onEachEngine('values that JSON cannot represent are rejected by name', async (session) => {
  for (const [value, end] of UNSUPPORTED_VALUES) {
    const field = `items[1].providerData${end}`;
    const call = session.addItems([user('a'), user('b', { providerData: value })]);
    await assert.rejects(call, invalid(field));
  }
  const cycle = {};
  cycle.self = cycle;
  for (const items of [[cycle], [5], [null], [[]], ['a'], [new Uint8Array(1)], 'a', undefined]) {
    await assert.rejects(session.addItems(items), { code: 'CHATKEEP_INVALID_INPUT' });
  }
  assert.deepEqual(await session.getItems(), []);
});

onEachEngine('dates become texts, and keys without a value are omitted', async (session) => {
  await session.addItems([user('a', { at: new Date(0), none: undefined })]);
  assert.deepEqual(await session.getItems(), [user('a', { at: '1970-01-01T00:00:00.000Z' })]);
});

onEachEngine('values are those at the time of the call', async (session) => {
  const item = user('before');
  const added = session.addItems([item]);
  item.content = 'after';
  await added;
  const [found] = await session.getItems();
  found.content = 'changed';
  assert.deepEqual(texts(await session.getItems()), ['before']);
});

onEachEngine('concurrent appends keep their order', async (session, chat, url, t) => {
  const other = new Chatkeep(url);
  t.after(() => other.close());
  const options = { sessionId: await session.getSessionId() };
  const writers = [chat, other, chat, other].map((store) => new ChatkeepSession(store, options));
  await Promise.all(
    writers.map(async (writer, name) => {
      // Without waiting for each other, except for each fifth.
      let calls = [];
      for (let number = 0; number < 15; number += 1) {
        const item = (part) => user(`${name} ${number} ${part}`);
        calls.push(writer.addItems([item(0), item(1), item(2)]));
        if (number % 5 === 4) calls = [await Promise.all(calls)];
      }
      await Promise.all(calls);
    }),
  );
  const found = texts(await session.getItems());
  assert.equal(found.length, 4 * 15 * 3);
  for (let index = 0; index < found.length; index += 3) {
    const start = found[index].slice(0, -1);
    assert.deepEqual(found.slice(index, index + 3), [`${start}0`, `${start}1`, `${start}2`]);
  }
  for (const name of writers.keys()) {
    const numbers = found.filter((text) => text.startsWith(`${name} `) && text.endsWith(' 0'));
    assert.deepEqual(
      numbers,
      Array.from({ length: 15 }, (_, number) => `${name} ${number} 0`),
    );
  }
});

onEachEngine('sessions with similar ids are separate', async (_, chat) => {
  const long = randomUUID().repeat(278).slice(0, 10_000);
  const ids = [
    ...hostileIds(),
    ...hostileIds().map((id) => `${id} with whitespace`),
    long,
    `${long}a`,
    `${long.slice(0, -1)}é`,
    `${long.slice(0, -1)}É`,
    ` ${long}`,
    `${long}\0`,
    `${long}\ud800`,
    `${long}\udfff`,
    `${long}\ufffd`,
  ];
  ids.push(new ChatkeepSession(chat, { sessionId: long }).conversationId);
  const open = (sessionId) => new ChatkeepSession(chat, { sessionId });
  for (const id of ids) await open(id).addItems([user(id), user('last')]);
  assert.equal(new Set(ids.map((id) => open(id).conversationId)).size, ids.length);
  for (const id of ids) {
    assert.equal(await open(id).getSessionId(), id);
    assert.deepEqual(texts(await open(id).getItems()), [id, 'last']);
  }
  await open(ids[0]).clearSession();
  await open(long).popItem();
  assert.deepEqual(await open(ids[0]).getItems(), []);
  assert.deepEqual(texts(await open(long).getItems()), [long]);
  for (const id of ids.slice(1).filter((one) => one !== long)) {
    assert.equal((await open(id).getItems()).length, 2);
  }
});

onEachEngine('limits select the last items', async (session) => {
  assert.deepEqual(await session.getItems(), []);
  assert.deepEqual(await session.getItems(5), []);
  assert.equal(await session.popItem(), undefined);
  await session.clearSession();
  await session.addItems([]);
  await session.addItems(Array.from({ length: 10_050 }, (_, number) => user(`${number}`)));
  const all = texts(await session.getItems());
  assert.deepEqual(
    all,
    Array.from({ length: 10_050 }, (_, number) => `${number}`),
  );
  for (const limit of [-1, 0, 1, 2, 9_999, 10_000, 10_001, 10_050, 10_051, Infinity]) {
    const expected = limit <= 0 ? [] : all.slice(-limit);
    assert.deepEqual(texts(await session.getItems(limit)), expected);
  }
  for (const limit of [1.5, Number.NaN, '5']) {
    await assert.rejects(session.getItems(limit), invalid('limit'));
  }
});

/** Returns a random call of a session. `known` are the items that it may have. */
function randomCall(random, known) {
  const item = () => (random(3) === 0 ? toolCall(`${random(4)}`, random(9)) : user(`${random(9)}`));
  const items = (limit) => Array.from({ length: random(limit) }, item);
  const operationId = `operation ${random(12)}`;
  const suffix = () => (random(3) === 0 ? items(3) : known.slice(known.length - random(4)));
  const callId = `${random(4)}`;
  const calls = [
    ['addItems', items(4)],
    ['addItems', items(4)],
    ['getItems', random(2) === 0 ? undefined : random(8) - 1],
    ['popItem'],
    ['popItem'],
    [
      'applyHistoryMutations',
      { mutations: [{ type: 'replace_function_call', callId, replacement: toolCall(callId, 10) }] },
    ],
    [
      'applyHistoryTransaction',
      { operationId, transaction: { type: 'append_items', items: items(3) } },
    ],
    [
      'applyHistoryTransaction',
      {
        operationId,
        transaction: { type: 'replace_suffix', expectedSuffix: suffix(), replacement: items(3) },
      },
    ],
  ];
  return random(40) === 0 ? ['clearSession'] : calls[random(calls.length)];
}

/** Makes a call, and returns its result or whether it failed. */
async function outcome(session, [name, ...args]) {
  try {
    return { result: await session[name](...args) };
  } catch (error) {
    return { failed: true, isInternal: error.code === 'CHATKEEP_INTERNAL' };
  }
}

onEachEngine('random calls have the same results as in memory', async (_, chat) => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const random = randomIntegers(seed);
    const sessionId = randomUUID();
    const memory = new MemorySession({ sessionId });
    // Two objects use the session in turns.
    const sessions = [0, 1].map(() => new ChatkeepSession(chat, { sessionId }));
    let last;
    for (let step = 0; step < 80; step += 1) {
      // Some calls are repeated, as after an error whose outcome is unknown.
      const isAgain = last?.[0] === 'applyHistoryTransaction' && random(3) === 0;
      last = isAgain ? last : randomCall(random, await memory.getItems());
      const expected = await outcome(memory, last);
      const found = await outcome(sessions[random(2)], last);
      const description = `seed ${seed}, step ${step}: ${JSON.stringify(last)}`;
      assert.deepEqual(found.result, expected.result, description);
      assert.equal(found.failed, expected.failed, description);
      assert.ok(!found.isInternal, description);
      assert.deepEqual(await sessions[random(2)].getItems(), await memory.getItems(), description);
    }
  }
});

onEachEngine('an operation is applied once', async (session, chat) => {
  const append = (operationId, ...items) => ({
    operationId,
    transaction: { type: 'append_items', items },
  });
  const other = new ChatkeepSession(chat, { sessionId: await session.getSessionId() });
  await Promise.all([
    session.applyHistoryTransaction(append('a\0\ud800', user('1'))),
    other.applyHistoryTransaction(
      append('a\0\ud800', { content: '1', role: 'user', type: 'message' }),
    ),
    session.addItems([user('2')]),
  ]);
  assert.deepEqual(texts(await session.getItems()), ['1', '2']);
  // The operation stays known after its items were removed.
  await other.popItem();
  await other.popItem();
  await other.applyHistoryTransaction(append('empty'));
  assert.equal(await other.popItem(), undefined);
  await other.replaceHistoryWithCompaction([{ type: 'compaction', encrypted_content: 'a' }]);
  await other.applyHistoryTransaction(append('a\0\ud800', user('1')));
  await other.applyHistoryTransaction(append('empty'));
  assert.deepEqual(await other.getItems(), [{ type: 'compaction', encrypted_content: 'a' }]);
  for (const args of [append('a\0\ud800', user('2')), append('empty', user('1'))]) {
    await assert.rejects(session.applyHistoryTransaction(args), {
      code: 'CHATKEEP_CONFLICT',
      field: 'operationId',
      retryable: false,
    });
  }
  const replace = {
    operationId: 'b',
    transaction: { type: 'replace_suffix', expectedSuffix: [user('no')], replacement: [] },
  };
  const changed = { code: 'CHATKEEP_CONFLICT', field: 'expectedSuffix' };
  await assert.rejects(session.applyHistoryTransaction(replace), changed);
  assert.equal((await session.getItems()).length, 1);
});

onEachEngine('sessions of different users are different', async (_, chat) => {
  const name = randomUUID();
  const [ada, bob] = await Promise.all(
    ['ada', 'bob'].map((user) => chat.userManager.createUser({ username: `${user}-${name}` })),
  );
  const open = (userId) => new ChatkeepSession(chat, { sessionId: name, userId });
  const userIds = [ada.publicId, bob.publicId, undefined];
  for (const userId of userIds) await open(userId).addItems([user(`of ${userId}`)]);
  for (const userId of userIds) {
    assert.deepEqual(texts(await open(userId).getItems()), [`of ${userId}`]);
  }
  const { conversations } = await chat.conversationManager.listConversations(ada.publicId);
  const [{ publicId, title, metadata }] = conversations;
  assert.equal(conversations.length, 1);
  assert.deepEqual([publicId, title], [open(ada.publicId).conversationId, name]);
  assert.equal(metadata.session_id, name);
  await assert.rejects(open('unknown').addItems([user('a')]), invalid('userId'));
});

onEachEngine('the id of a conversation is a hash, as in Python', async (_, chat) => {
  for (const [sessionId, userId, expected] of [
    ['a', undefined, '1bbb735c6a736a280f249db78ca34c6ef3ebde2e9ed6ddba3dead7ecec61a638'],
    [
      'é\ud800\0\u007f"\\\n🎉',
      'user',
      '21291512fe162d275212efa9292d7e4c5b38ede24cea39ccf51e62f2e026360e',
    ],
  ]) {
    const { conversationId } = new ChatkeepSession(chat, { sessionId, userId });
    assert.equal(conversationId, expected);
  }
});
