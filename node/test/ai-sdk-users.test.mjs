/** Chats of the AI SDK that several users create at the same time. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
import { onEachSharedStore } from './support/shared_stores.mjs';

const message = (text) => ({ id: text, role: 'user', parts: [{ type: 'text', text }] });

onEachSharedStore('a chat that another user creates during a call stays separate', async (chat) => {
  const name = randomUUID();
  const [ada, bob] = await Promise.all(
    ['ada', 'bob'].map((user) => chat.userManager.createUser({ username: `${user}-${name}` })),
  );
  const other = { userId: bob.publicId };
  const calls = [
    (store, id) => store.loadChat(id, other),
    (store, id) => store.appendMessages(id, [message('a')], other),
    (store, id) => store.saveChat({ id, messages: [message('a')], ...other }),
    (store, id) => store.saveChat({ id, messages: [], ...other }),
    (store, id) => store.deleteChat(id, other),
    (store, id) => store.getActiveStreamId(id, other),
    (store, id) => store.setActiveStreamId(id, `stream-${name}`, other),
    (store, id) => store.clearActiveStreamId(id, `ada-${id}`, other),
    (store, id) => store.resumeStream(id, other),
  ];
  for (const [number, call] of calls.entries()) {
    const id = `${number}-${name}`;
    const store = new ChatkeepChatStore(chat);
    // The chat is created after the check of its user.
    const getConversation = chat.conversationManager.getConversation;
    chat.conversationManager.getConversation = async (...values) => {
      delete chat.conversationManager.getConversation;
      const found = await getConversation.apply(chat.conversationManager, values);
      await store.createChat({ id, userId: ada.publicId, messages: [message('1')] });
      await store.setActiveStreamId(id, `ada-${id}`);
      return found;
    };
    const result = await call(store, id).catch(({ field }) => field);
    const expected = [[], 'userId', 'userId', 'userId', false, null, 'userId', false, null];
    assert.deepEqual(result, expected[number], `${call}`);
    const read = await store.readChat(id, { userId: ada.publicId });
    assert.deepEqual([read.messages, read.activeStreamId], [[message('1')], `ada-${id}`]);
  }
});
