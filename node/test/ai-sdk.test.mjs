/** Chats of the AI SDK: messages, lists, ids, and the same results as with files. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Chatkeep } from 'chatkeep';
import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
import { z } from 'zod';
import {
  HOSTILE_VALUES,
  hostileIds,
  keysOf,
  randomIntegers,
  UNSUPPORTED_VALUES,
} from './support/conversations.mjs';
import { onEachSharedStore } from './support/shared_stores.mjs';

/** Defines a test per engine. `body` gets a store of chats, the store and its URL. */
function onEachEngine(name, body) {
  onEachSharedStore(name, (chat, url, t) => body(new ChatkeepChatStore(chat), chat, url, t));
}

function message(text, { role = 'user', ...more } = {}) {
  return { id: `id ${text}`, role, parts: [{ type: 'text', text }], ...more };
}

const texts = (messages) => messages.map(({ parts }) => parts[0].text);
const invalid = (field) => ({ code: 'CHATKEEP_INVALID_INPUT', field });

onEachEngine('hostile values are stored exactly', async (store) => {
  const messages = HOSTILE_VALUES.flatMap((value) => [
    message('a', { metadata: value }),
    message('b', { role: 'assistant', parts: [{ type: 'tool-a', output: value }], more: value }),
  ]);
  const chatId = await store.createChat({ messages: messages.slice(0, 3) });
  await store.saveChat({ chatId, messages });
  const found = await store.loadChat(chatId);
  assert.deepEqual(found, messages);
  assert.deepEqual(keysOf(found), keysOf(messages));
  assert.deepEqual(await store.loadChat(chatId, { validate: false }), messages);
});

onEachEngine('values that JSON cannot represent are rejected by name', async (store) => {
  const chatId = await store.createChat({ messages: [message('a')] });
  for (const [value, end] of UNSUPPORTED_VALUES) {
    const messages = [message('b'), message('c', { metadata: value })];
    await assert.rejects(
      store.saveChat({ chatId, messages }),
      invalid(`messages[1].metadata${end}`),
    );
  }
  assert.deepEqual(texts(await store.loadChat(chatId)), ['a']);
});

onEachEngine('values are those at the time of the call', async (store) => {
  const messages = [message('before')];
  const chatId = await store.createChat();
  const saved = store.saveChat({ chatId, messages });
  messages[0].parts[0].text = 'after';
  messages.push(message('another'));
  await saved;
  assert.deepEqual(texts(await store.loadChat(chatId)), ['before']);
});

onEachEngine('saving writes only messages after the first difference', async (store, chat) => {
  const chatId = await store.createChat();
  const messages = Array.from({ length: 10 }, (_, number) => message(`${number}`));
  await store.saveChat({ id: chatId, messages });
  const times = async () => {
    const items = await chat.conversationManager.getItems(chatId);
    return items.map(
      ({ createdAt, position, role }) => `${position} ${role} ${createdAt.toJSON()}`,
    );
  };
  const before = await times();
  await store.saveChat({ chatId, messages });
  assert.deepEqual(await times(), before);
  messages[8] = message('changed', { role: 'assistant' });
  messages.push(message('new'));
  await store.saveChat({ chatId, messages });
  assert.deepEqual((await times()).slice(0, 8), before.slice(0, 8));
  assert.deepEqual(await store.loadChat(chatId), messages);
  await store.saveChat({ chatId, messages: messages.slice(0, 4) });
  assert.deepEqual(await times(), before.slice(0, 4));
  await store.saveChat({ chatId, messages: [] });
  assert.deepEqual(await store.loadChat(chatId), []);
});

onEachEngine('messages with large integers of other programs are replaced', async (store, chat) => {
  const chatId = await store.createChat();
  const content = { ...message('a'), metadata: { number: 2n ** 60n } };
  await chat.conversationManager.appendItems(chatId, [{ role: 'user', content }]);
  assert.deepEqual(await store.loadChat(chatId), [content]);
  await store.saveChat({ chatId, messages: [message('a')] });
  assert.deepEqual(await store.loadChat(chatId), [message('a')]);
});

onEachEngine('concurrent appends keep their order', async (store, _, url, t) => {
  const chat = new Chatkeep(url);
  t.after(() => chat.close());
  const stores = [store, new ChatkeepChatStore(chat), store, new ChatkeepChatStore(chat)];
  const chatId = randomUUID();
  await Promise.all(
    stores.map(async (one, name) => {
      for (let number = 0; number < 10; number += 1) {
        const pair = [message(`${name} ${number} a`), message(`${name} ${number} b`)];
        await one.appendMessages(chatId, pair);
      }
    }),
  );
  const found = texts(await store.loadChat(chatId));
  assert.equal(found.length, 80);
  for (let index = 0; index < 80; index += 2) {
    assert.equal(found[index + 1], found[index].replace('a', 'b'));
  }
  for (const name of stores.keys()) {
    const own = found.filter((text) => text.startsWith(`${name} `) && text.endsWith('a'));
    assert.deepEqual(
      own,
      Array.from({ length: 10 }, (__, number) => `${name} ${number} a`),
    );
  }
});

onEachEngine('chats with similar ids are separate', async (store) => {
  const ids = hostileIds();
  for (const id of ids) {
    assert.equal(await store.createChat({ id, messages: [message(id)] }), id);
  }
  for (const id of ids) assert.deepEqual(texts(await store.loadChat(id)), [id]);
  assert.equal(await store.deleteChat(ids[0]), true);
  assert.equal(await store.deleteChat(ids[0]), false);
  assert.deepEqual(await store.loadChat(ids[0]), []);
  for (const id of ids.slice(1)) assert.deepEqual(texts(await store.loadChat(id)), [id]);
  await assert.rejects(store.createChat({ id: ids[1] }), {
    code: 'CHATKEEP_CONFLICT',
    field: 'id',
    retryable: false,
  });
});

onEachEngine('ids that no chat can have are not found, and rejected by name', async (store) => {
  for (const id of ['', 'a b', 'a\0', '\ud800', `${ids64()}a`, 'a'.repeat(10_000), '\n', '%_ ']) {
    assert.deepEqual(await store.loadChat(id), []);
    assert.equal(await store.readChat(id), null);
    assert.equal(await store.deleteChat(id), false);
    assert.equal(await store.getActiveStreamId(id), null);
    assert.equal(await store.resumeStream(id), null);
    assert.equal(await store.stopStream(id), false);
    for (const call of [
      () => store.createChat({ id }),
      () => store.saveChat({ id, messages: [] }),
      () => store.appendMessages(id, []),
      () => store.setActiveStreamId(id, 'a'),
    ]) {
      await assert.rejects(call, invalid('chatId'));
    }
  }
});

const ids64 = () => 'é'.repeat(64);

onEachEngine('chats of users are listed, read and deleted', async (store, chat) => {
  const name = randomUUID();
  const [ada, bob] = await Promise.all(
    ['ada', 'bob'].map((user) => chat.userManager.createUser({ username: `${user}-${name}` })),
  );
  const userId = ada.publicId;
  const options = { userId, title: 'WAL', metadata: { a: { b: 1 } } };
  const first = await store.createChat({ ...options, messages: [message('1')] });
  const second = `second-${name}`;
  await store.saveChat({ id: second, userId, messages: [message('2')] });
  await store.createChat({ userId: bob.publicId });

  const { chats, nextCursor } = await store.listChats(userId, { limit: 1 });
  assert.deepEqual([chats.map(({ id }) => id), typeof nextCursor], [[second], 'string']);
  const rest = await store.listChats(userId, { limit: 10, cursor: nextCursor });
  const { createdAt, lastMessageAt, ...summary } = rest.chats[0];
  assert.ok(createdAt instanceof Date && lastMessageAt >= createdAt);
  assert.deepEqual(summary, { ...options, id: first, archivedAt: null });
  assert.equal(rest.nextCursor, null);
  assert.ok((await store.listChats(null, { limit: 10_000 })).chats.length >= 3);
  assert.deepEqual((await store.listChats(userId, { archived: true })).chats, []);

  const read = await store.readChat(first, { userId });
  assert.deepEqual(read, {
    ...rest.chats[0],
    messages: [message('1')],
    activeStreamId: null,
  });
  const other = { userId: bob.publicId };
  for (const call of [
    () => store.loadChat(first, other),
    () => store.readChat(first, other),
    () => store.saveChat({ id: first, messages: [], ...other }),
    () => store.saveChat({ id: first, activeStreamId: null, ...other }),
    () => store.appendMessages(first, [message('a')], other),
    () => store.deleteChat(first, other),
    () => store.getActiveStreamId(first, other),
    () => store.setActiveStreamId(first, 'a', other),
    () => store.clearActiveStreamId(first, 'a', other),
    () => store.resumeStream(first, other),
    () => store.stopStream(first, undefined, other),
  ]) {
    await assert.rejects(call, invalid('userId'), `${call}`);
  }
  assert.deepEqual(texts(await store.loadChat(first, { userId })), ['1']);
  assert.equal(await store.deleteChat(first, { userId }), true);
  assert.equal(await store.readChat(first), null);
});

onEachEngine('messages are validated with the schemas of the AI SDK', async (store) => {
  const call = {
    type: 'tool-weather',
    toolCallId: 'call',
    state: 'output-available',
    input: { city: 'Paris' },
    output: { degrees: 7 },
  };
  const messages = [message('a'), message('b', { role: 'assistant', parts: [call] })];
  const chatId = await store.createChat({ messages });
  const weather = (city) => ({
    description: 'Returns the weather.',
    inputSchema: z.object({ city }),
    outputSchema: z.object({ degrees: z.number() }),
  });
  const valid = { tools: { weather: weather(z.string()) } };
  const rejected = { tools: { weather: weather(z.number()) } };
  assert.deepEqual(await store.loadChat(chatId, { validate: true }), messages);
  assert.deepEqual(await store.loadChat(chatId, { validate: valid }), messages);
  const { messages: read } = await store.readChat(chatId, { validate: valid });
  assert.deepEqual(read, messages);
  for (const validate of [rejected, { metadataSchema: z.object({ a: z.string() }) }]) {
    const error = { name: 'AI_TypeValidationError' };
    await assert.rejects(store.loadChat(chatId, { validate }), error);
    await assert.rejects(store.readChat(chatId, { validate }), error);
  }
  await store.saveChat({ chatId, messages: [{ id: 'a', role: 'user', parts: 'none' }] });
  await assert.rejects(store.loadChat(chatId, { validate: true }), {
    name: 'AI_TypeValidationError',
  });
  await store.saveChat({ chatId, messages: [] });
  assert.deepEqual(await store.loadChat(chatId, { validate: true }), []);
});

/** The chats of the AI SDK's guide, in memory instead of in files. */
class MemoryChats {
  #chats = new Map();

  createChat({ id, messages = [] }) {
    if (this.#chats.has(id)) throw new Error('it exists');
    this.#chats.set(id, structuredClone(messages));
    return id;
  }

  loadChat(id) {
    return structuredClone(this.#chats.get(id) ?? []);
  }

  saveChat({ chatId, messages }) {
    this.#chats.set(chatId, structuredClone(messages));
  }

  appendMessages(id, messages) {
    this.#chats.set(id, [...this.loadChat(id), ...structuredClone(messages)]);
  }

  deleteChat(id) {
    return this.#chats.delete(id);
  }
}

onEachEngine('random calls have the same results as in memory', async (store, chat) => {
  const outcome = async (chats, [name, ...args]) => {
    try {
      return (await chats[name](...args)) ?? null;
    } catch {
      return 'failed';
    }
  };
  for (let seed = 1; seed <= 4; seed += 1) {
    const random = randomIntegers(seed);
    const memory = new MemoryChats();
    const stores = [store, new ChatkeepChatStore(chat)];
    const ids = Array.from({ length: 3 }, () => randomUUID());
    for (let step = 0; step < 80; step += 1) {
      const id = ids[random(3)];
      const some = (limit) => Array.from({ length: random(limit) }, () => message(`${random(20)}`));
      const kept = memory.loadChat(id).slice(0, random(8));
      const calls = [
        ['createChat', { id, messages: some(3) }],
        ['loadChat', id],
        ['saveChat', { chatId: id, messages: [...kept, ...some(4)] }],
        ['saveChat', { chatId: id, messages: [...kept, ...some(4)] }],
        ['appendMessages', id, some(3)],
        ['appendMessages', id, some(3)],
      ];
      const call = random(20) === 0 ? ['deleteChat', id] : calls[random(calls.length)];
      // An append of nothing creates no chat.
      if (call[0] === 'appendMessages' && call[2].length === 0) continue;
      const description = `seed ${seed}, step ${step}: ${JSON.stringify(call)}`;
      const expected = await outcome(memory, call);
      assert.deepEqual(await outcome(stores[random(2)], call), expected, description);
      for (const one of ids) {
        assert.deepEqual(await store.loadChat(one), memory.loadChat(one), description);
      }
    }
  }
});
