/**
 * AI SDK integration: chats on every database of chatkeep, and streams that a client can resume.
 *
 * The AI SDK is not a dependency of chatkeep. It is loaded only to validate messages.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const store = new ChatkeepChatStore(chat);
 * const chatId = await store.createChat();
 * await store.saveChat({
 *   chatId,
 *   messages: [{ id: '1', role: 'user', parts: [{ type: 'text', text: 'Hello' }] }],
 * });
 * console.log(await store.loadChat(chatId)); // [ { id: '1', role: 'user', parts: [Array] } ]
 * await chat.close();
 * ```
 *
 * @module
 */

export { ChatkeepChatStore } from './ai_sdk/chat_store.js';
export type * from './ai_sdk/types.js';
