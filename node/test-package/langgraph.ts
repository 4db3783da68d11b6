/** A program with LangGraph. It is only type-checked, in a folder that has the packages. */

import type { RunnableConfig } from '@langchain/core/runnables';
import { MessagesAnnotation, StateGraph } from '@langchain/langgraph';
import { type BaseCheckpointSaver, emptyCheckpoint } from '@langchain/langgraph-checkpoint';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSaver, type StoredCheckpoint } from 'chatkeep/langgraph';

const saver = new ChatkeepSaver(new Chatkeep('sqlite:///:memory:'));

export function compiled() {
  return new StateGraph(MessagesAnnotation)
    .addNode('answer', ({ messages }) => ({ messages }))
    .addEdge('__start__', 'answer')
    .compile({ checkpointer: saver });
}

export async function calls(config: RunnableConfig): Promise<string | undefined> {
  const base: BaseCheckpointSaver = saver;
  const stored: RunnableConfig = await saver.put(
    config,
    emptyCheckpoint(),
    { source: 'loop', step: 1, parents: {} },
    { messages: 1 },
  );
  await base.putWrites(stored, [['messages', 1]], 'task', 'path');
  for await (const { metadata } of base.list({}, { limit: 1, before: stored })) metadata?.step;
  const found: StoredCheckpoint | undefined = await saver.getTuple(stored);
  const pruned: number = await saver.prune([42, 'a'], { strategy: 'keep_latest', keepLast: 2 });
  // @ts-expect-error A strategy is one of two.
  await saver.prune(['a'], { strategy: 'oldest' });
  // @ts-expect-error An id of a thread is a string or an integer.
  await saver.deleteThread(null);
  const { messages } = await saver.getDeltaChannelHistory({ config, channels: ['messages'] });
  const own: ChatkeepSaver = ChatkeepSaver.fromConnString('sqlite:///:memory:', {
    serde: saver.serde,
  });
  await own.close({ timeout: pruned });
  await own.end();
  return found?.parentConfig?.configurable.checkpoint_id ?? messages?.writes[0]?.[1];
}
