/**
 * OpenAI Agents integration: sessions on every database of chatkeep.
 *
 * The OpenAI Agents SDK is not a dependency of chatkeep, and nothing of it is loaded.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 * import { ChatkeepSession } from 'chatkeep/openai-agents';
 *
 * const chat = new Chatkeep('sqlite:///:memory:');
 * const session = new ChatkeepSession(chat, { sessionId: 'ada-1' });
 * // await run(agent, 'What is WAL?', { session });
 * await session.addItems([{ role: 'user', content: 'What is WAL?' }]);
 * console.log(await session.getItems()); // [ { role: 'user', content: 'What is WAL?' } ]
 * await chat.close();
 * ```
 *
 * @module
 */

export { ChatkeepSession } from './openai_agents/session.js';
export type * from './openai_agents/types.js';
