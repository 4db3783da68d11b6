/** A program with the AI SDK. It is only type-checked, in a folder that has the package. */

import type { InferUITools, Tool, UIMessage } from 'ai' with { 'resolution-mode': 'import' };
import { Chatkeep } from 'chatkeep';
import { ChatkeepChatStore, type StoredChat } from 'chatkeep/ai-sdk';

declare const tools: { weather: Tool<{ city: string }, { degrees: number }> };
type Message = UIMessage<{ at: number }, { note: string }, InferUITools<typeof tools>>;

const store = new ChatkeepChatStore(new Chatkeep('sqlite:///:memory:'));

export async function calls(messages: Message[]): Promise<Message | undefined> {
  const chatId = await store.createChat({ title: 'WAL', messages });
  await store.saveChat({ chatId, messages });
  await store.saveChat({ id: chatId, activeStreamId: null });
  await store.appendMessages(chatId, messages);
  const plain: UIMessage[] = await store.loadChat(chatId, { validate: true });
  const chat: StoredChat<Message> | null = await store.readChat<Message>(chatId, {
    validate: { tools },
  });
  // @ts-expect-error A chat has one id.
  await store.saveChat({ id: chatId, chatId, messages: plain });
  // @ts-expect-error The user is required; null means all users.
  await store.listChats();
  const { nextCursor } = await store.listChats('ada', { limit: 10 });
  await store.listChats(null, { cursor: nextCursor });
  return chat?.messages[0];
}

export async function streams(stream: ReadableStream<string>): Promise<Response> {
  const abortController = new AbortController();
  const { status } = await store.storeStream({ chatId: 'a', stream, abortController });
  if (status === 'completed') await store.stopStream('a');
  const resumed = await store.resumeStream('a', { userId: 'ada' });
  return resumed === null ? new Response(null, { status: 204 }) : new Response(resumed);
}
