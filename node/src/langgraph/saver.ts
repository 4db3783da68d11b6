/** The class `ChatkeepSaver`, for one copy of LangGraph's package. */

import type {
  ChannelVersions,
  Checkpoint,
  CheckpointMetadata,
  PendingWrite,
  SerializerProtocol,
} from '@langchain/langgraph-checkpoint' with { 'resolution-mode': 'import' };
import { invalidInput } from '../errors.js';
import { optionsOf } from '../options.js';
import { asyncDispose, type Chatkeep, chatOf } from '../store.js';
import type { FlushOptions } from '../types.js';
import type { Context, Framework } from './framework.js';
import { deltaHistory } from './history.js';
import { listTuples } from './listing.js';
import * as operations from './operations.js';
import { newCheckpoint } from './records.js';
import { configOf, idText, requiredTarget } from './target.js';
import type {
  CheckpointConfig,
  ListOptions,
  PruneOptions,
  Saver,
  SaverConfig,
  SaverConstructor,
  SaverOptions,
  ThreadId,
} from './types.js';

const OPTIONS = new Set(['serde']);

/** Returns the class. LangGraph has other classes in ES modules than in CommonJS modules. */
export function saverClass(framework: Framework): SaverConstructor {
  return class extends framework.BaseCheckpointSaver implements Saver {
    readonly chat: Chatkeep;
    readonly #isOwner: boolean;

    constructor(chat?: string | Chatkeep | null, options?: SaverOptions) {
      super(serdeOf(options));
      this.chat = chatOf('ChatkeepSaver', chat);
      this.#isOwner = typeof chat === 'string';
    }

    static fromConnString(connString: string, options?: SaverOptions) {
      return new this(connString, options);
    }

    get #context(): Context {
      return { framework, graph: this.chat.graphManager, serde: this.serde };
    }

    async setup() {
      await this.chat.dbManager.upgrade();
    }

    async close(options?: FlushOptions) {
      if (this.#isOwner) await this.chat.close(options);
    }

    end() {
      return this.close();
    }

    [asyncDispose]() {
      return this.close();
    }

    getTuple(config: SaverConfig) {
      return operations.load(this.#context, config);
    }

    list(config: SaverConfig, options?: ListOptions) {
      return listTuples(this.#context, config, options);
    }

    async put(
      config: SaverConfig,
      checkpoint: Checkpoint,
      metadata: CheckpointMetadata,
      newVersions: ChannelVersions,
    ): Promise<CheckpointConfig> {
      const target = requiredTarget(config, 'put');
      const { serde, graph } = this.#context;
      const record = await newCheckpoint(serde, target, config, checkpoint, metadata, newVersions);
      await graph.putCheckpoint(target.thread, record);
      return configOf(target.threadId, target.namespace ?? '', record.id);
    }

    putWrites(config: SaverConfig, writes: PendingWrite[], taskId: string, taskPath?: string) {
      return operations.putWrites(this.#context, config, writes, taskId, taskPath);
    }

    async deleteThread(threadId: ThreadId) {
      const thread = idText(threadId, 'threadId', 'deleteThread');
      await this.chat.graphManager.deleteThread(thread);
    }

    deleteForRuns(runIds: readonly ThreadId[]) {
      return operations.deleteForRuns(this.#context, runIds);
    }

    copyThread(sourceThreadId: ThreadId, targetThreadId: ThreadId) {
      return operations.copyThread(this.#context, sourceThreadId, targetThreadId);
    }

    prune(threadIds: readonly ThreadId[], options?: PruneOptions) {
      return operations.prune(this.#context, threadIds, options);
    }

    getDeltaChannelHistory(options: { config: SaverConfig; channels: string[] }) {
      return deltaHistory(this.#context, options.config, options.channels);
    }
  };
}

function serdeOf(options: unknown): SerializerProtocol | undefined {
  // In LangGraph's savers the serializer is the second parameter.
  if (typeof options === 'object' && options !== null && 'dumpsTyped' in options) {
    throw invalidInput('ChatkeepSaver', 'options', 'must be an object with the key serde');
  }
  const { serde } = optionsOf('ChatkeepSaver', options, OPTIONS);
  return serde as SerializerProtocol | undefined;
}
