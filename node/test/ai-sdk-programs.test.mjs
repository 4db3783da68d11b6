/** Chats of the AI SDK: how a store is made and closed, and its errors. */

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { Chatkeep } from 'chatkeep';
import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
import { DOWN, temporaryFolder } from './support/databases.mjs';
import { run } from './support/programs.mjs';
import { assertInvalid } from './support/rejections.mjs';
import { memoryStore } from './support/stores.mjs';

const message = (text) => ({ id: text, role: 'user', parts: [{ type: 'text', text }] });

test('a store from a URL is closed, and one from a store leaves it open', async (t) => {
  const url = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const store = new ChatkeepChatStore(url);
  const chatId = await store.createChat({ messages: [message('a')] });
  await store[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
  await store.close();
  await assert.rejects(store.loadChat(chatId), { code: 'CHATKEEP_UNAVAILABLE' });
  const chat = new Chatkeep(url);
  t.after(() => chat.close());
  const shared = new ChatkeepChatStore(chat);
  await shared.close({ timeout: 1 });
  assert.deepEqual(await shared.loadChat(chatId), [message('a')]);
});

test('a store without an argument uses the environment and does not load the SDK', async (t) => {
  const DATABASE_URL = `sqlite:///${await temporaryFolder(t)}/chat.db`;
  const program = `
    import { register } from 'node:module';
    const hooks = \`
      export function resolve(name, context, next) {
        if (name === 'ai') throw new Error('the AI SDK is loaded');
        return next(name, context);
      }
    \`;
    register('data:text/javascript,' + encodeURIComponent(hooks));
    const { ChatkeepChatStore } = await import('chatkeep/ai-sdk');
    const store = new ChatkeepChatStore();
    const messages = [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'a' }] }];
    await store.saveChat({ chatId: 'a', messages });
    console.log((await new ChatkeepChatStore(null).loadChat('a')).length);
    await store.loadChat('a', { validate: true }).catch(({ message }) => console.log(message));
  `;
  const { stdout } = await run(program, { variables: { DATABASE_URL } });
  assert.equal(stdout, '1\nthe AI SDK is loaded\n');
});

test('import and require return the same class', () => {
  const required = createRequire(import.meta.url)('chatkeep/ai-sdk');
  assert.deepEqual(Object.keys(required), ['ChatkeepChatStore']);
  assert.equal(required.ChatkeepChatStore, ChatkeepChatStore);
});

test('a database that is down is never reported as an empty chat', async () => {
  const store = new ChatkeepChatStore(new Chatkeep(DOWN, { connectTimeout: 2, maxRetries: 0 }));
  const down = { code: 'CHATKEEP_UNAVAILABLE' };
  await assert.rejects(store.loadChat('a'), down);
  await assert.rejects(store.readChat('a'), down);
  await assert.rejects(store.listChats('a'), down);
  await assert.rejects(store.getActiveStreamId('a'), down);
  await assert.rejects(store.saveChat({ chatId: 'a', messages: [message('a')] }), down);
  await assert.rejects(store.deleteChat('a'), down);
});

const stream = new ReadableStream();
const WRONG = [
  ['chat', () => new ChatkeepChatStore(5)],
  ['chatId', (store) => store.loadChat(undefined)],
  ['chatId', (store) => store.readChat(5)],
  ['chatId', (store) => store.saveChat({ messages: [] })],
  ['chatId', (store) => store.saveChat(undefined)],
  ['name', (store) => store.saveChat({ chatId: 'a', name: 'a' })],
  ['messages', (store) => store.saveChat({ chatId: 'a', messages: 'a' })],
  ['messages[0]', (store) => store.saveChat({ chatId: 'a', messages: [null] })],
  ['messages[0].role', (store) => store.saveChat({ chatId: 'a', messages: [{}] })],
  ['messages[0].role', (store) => store.appendMessages('a', [{ role: 'tool' }])],
  ['messages', (store) => store.createChat({ messages: 5 })],
  ['title', (store) => store.createChat({ title: 'x'.repeat(256) })],
  ['metadata', (store) => store.createChat({ metadata: 5 })],
  ['userId', (store) => store.createChat({ userId: 'unknown' })],
  ['user', (store) => store.createChat({ user: 'a' })],
  ['userId', (store) => store.listChats(undefined)],
  ['limit', (store) => store.listChats('a', { limit: 0 })],
  ['cursor', (store) => store.listChats(null, { cursor: 'a' })],
  ['check', (store) => store.loadChat('a', { check: true })],
  ['streamId', (store) => store.setActiveStreamId('a', 5)],
  ['streamId', (store) => store.setActiveStreamId('a', 'b c')],
  ['streamId', (store) => store.clearActiveStreamId('a', undefined)],
  ['streamId', (store) => store.stopStream('a', 5)],
  ['chatId', (store) => store.storeStream({ stream })],
  ['signal', (store) => store.storeStream({ chatId: 'a', stream, signal: 5 })],
];

test('invalid arguments are rejected with the name of the field', async (t) => {
  const store = new ChatkeepChatStore(memoryStore(t));
  await assertInvalid(store, WRONG);
  assert.deepEqual((await store.listChats(null)).chats, []);
});
