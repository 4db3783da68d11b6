/** A program with the OpenAI Agents SDK. It is only type-checked, in a folder that has the package. */

import { Agent, type AgentInputItem, run, type Session } from '@openai/agents';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSession, type SessionOptions } from 'chatkeep/openai-agents';

const options: SessionOptions = { sessionId: 'ada-1', userId: 'ada' };
const session = new ChatkeepSession(new Chatkeep('sqlite:///:memory:'), options);

export async function calls(): Promise<AgentInputItem | undefined> {
  const base: Session = session;
  await run(new Agent({ name: 'assistant' }), 'Hello', { session });
  await base.addItems([{ role: 'user', content: 'Hello' }]);
  await session.applyHistoryTransaction({
    operationId: '1',
    transaction: { type: 'append_items', items: await session.getItems(1) },
  });
  // @ts-expect-error A limit is a number.
  await session.getItems('1');
  // @ts-expect-error An id is a text.
  new ChatkeepSession(null, { sessionId: 5 });
  await session.close({ timeout: 1 });
  return await base.popItem();
}
