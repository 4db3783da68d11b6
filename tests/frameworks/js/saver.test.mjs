/**
 * LangGraph's tests of savers, with chatkeep's. `CHATKEEP_FRAMEWORKS_URL` names the database, which
 * each saver finds empty.
 */

import { BaseCheckpointSaver } from '@langchain/langgraph-checkpoint';
import { deltaChannelHistoryTests, validate } from '@langchain/langgraph-checkpoint-validation';
import { Chatkeep } from 'chatkeep';
import { ChatkeepSaver } from 'chatkeep/langgraph';
import { afterAll, expect } from 'vitest';

const chat = new Chatkeep(process.env.CHATKEEP_FRAMEWORKS_URL);
const { graphManager } = chat;

const saver = {
  checkpointerName: 'ChatkeepSaver',
  beforeAll: () => chat.dbManager.upgrade(),
  beforeAllTimeout: 60_000,
  async createCheckpointer() {
    for (const { thread } of await graphManager.listThreads({ limit: 10_000 })) {
      await graphManager.deleteThread(thread);
    }
    const created = new ChatkeepSaver(chat);
    // Otherwise the package of LangGraph was loaded twice.
    expect(created).toBeInstanceOf(BaseCheckpointSaver);
    return created;
  },
};

validate(saver);
deltaChannelHistoryTests(saver);

afterAll(() => chat.close());
