/** The class `ChatkeepChatStore`. */

import type { UIMessage } from 'ai' with { 'resolution-mode': 'import' };
import { isPublicId } from '../conversation_items/ids.js';
import { ItemList } from '../conversation_items/item_list.js';
import { ChatkeepError, invalidInput, withField, wrongType } from '../errors.js';
import type { Conversation } from '../generated/types.js';
import { optionsOf } from '../options.js';
import { asyncDispose, type Chatkeep, chatOf } from '../store.js';
import type { FlushOptions } from '../types.js';
import { loadMessages, newItems, saveMessages } from './messages.js';
import * as streams from './streams.js';
import type {
  ChatPage,
  ChatSummary,
  ChatToSave,
  CreateChatOptions,
  ListChatsOptions,
  LoadChatOptions,
  OfUser,
  StoredChat,
  StoredStream,
  StreamToStore,
} from './types.js';

const CREATE = new Set(['id', 'userId', 'title', 'metadata', 'messages']);
const LOAD = new Set(['userId', 'validate']);
const SAVE = new Set(['chatId', 'id', 'userId', 'messages', 'activeStreamId']);
const LIST = new Set(['limit', 'cursor', 'archived']);
const STORE = new Set(['chatId', 'stream', 'streamId', 'userId', 'abortController', 'report']);
const OF_USER = new Set(['userId']);

/**
 * Stores the chats of the AI SDK: the messages of `useChat`, and the streams that clients resume.
 *
 * It is made from a database URL, a store, or the environment. It closes a store that it opened
 * from a URL: use `await using`, or call `close`. Errors are those of chatkeep; `field` names the
 * value.
 *
 * A chat is a conversation, and a message is one of its items.
 *
 * @example
 * ```ts
 * import { ChatkeepChatStore } from 'chatkeep/ai-sdk';
 *
 * const store = new ChatkeepChatStore('sqlite:///:memory:');
 * const chatId = await store.createChat({ title: 'WAL' });
 * console.log((await store.readChat(chatId))?.messages); // []
 * await store.close();
 * ```
 */
export class ChatkeepChatStore {
  /** The store with the chats. */
  readonly chat: Chatkeep;
  readonly #isOwner: boolean;

  /**
   * Creates a store of chats. It connects at the first call.
   *
   * @param chat Database URL, or store to use. By default the store that the environment variables
   * configure.
   * @throws ChatkeepError `CHATKEEP_CONFIGURATION` if the URL is invalid.
   */
  constructor(chat?: string | Chatkeep | null) {
    this.chat = chatOf('ChatkeepChatStore', chat);
    this.#isOwner = typeof chat === 'string';
  }

  /**
   * Closes the store if this object opened it.
   *
   * @param options Options: `timeout` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired while calls were active.
   */
  async close(options?: FlushOptions): Promise<void> {
    if (this.#isOwner) await this.chat.close(options);
  }

  /** Closes the store if this object opened it, for `await using`. */
  [asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Creates a chat. If storing its messages fails, the chat exists without messages.
   *
   * @param options Options: `id`, `userId`, `title`, `metadata` and `messages`.
   * @returns The id of the chat.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or no user has the id.
   * @throws `CHATKEEP_CONFLICT`: another chat has this id.
   */
  async createChat(options?: CreateChatOptions): Promise<string> {
    const operation = 'createChat';
    const checked: CreateChatOptions = optionsOf(operation, options, CREATE);
    const { id, messages = [], ...others } = checked;
    if (id !== undefined) chatIdOf(operation, id);
    const items = newItems(operation, messages);
    try {
      const created = await this.chat.conversationManager.createConversation({
        ...others,
        publicId: id,
      });
      await this.#list(created.publicId).append(items);
      return created.publicId;
    } catch (error) {
      const isId = error instanceof ChatkeepError && error.field === 'publicId';
      throw isId ? withField(error, 'id') : error;
    }
  }

  /**
   * Returns the messages of a chat.
   *
   * @param chatId Id of the chat.
   * @param options Options: `userId` and `validate`.
   * @returns The messages. A chat that does not exist has none.
   * @throws `CHATKEEP_INVALID_INPUT`: the chat belongs to another user.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. This is never reported as an
   * empty chat.
   * @throws An error of the AI SDK: a message does not match the schemas.
   */
  async loadChat<M extends UIMessage = UIMessage>(
    chatId: string,
    options?: LoadChatOptions<M>,
  ): Promise<M[]> {
    const checked: LoadChatOptions<M> = optionsOf('loadChat', options, LOAD);
    const id = existingId('loadChat', chatId);
    return id === undefined ? [] : await loadMessages(this.#list(id, checked), checked);
  }

  /**
   * Returns a chat with its messages and the id of its active stream.
   *
   * @param chatId Id of the chat.
   * @param options Options: `userId` and `validate`.
   * @returns The chat, or `null` if it does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: the chat belongs to another user.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer.
   * @throws An error of the AI SDK: a message does not match the schemas.
   */
  async readChat<M extends UIMessage = UIMessage>(
    chatId: string,
    options?: LoadChatOptions<M>,
  ): Promise<StoredChat<M> | null> {
    const checked: LoadChatOptions<M> = optionsOf('readChat', options, LOAD);
    const id = existingId('readChat', chatId);
    if (id === undefined) return null;
    const found = await this.chat.conversationManager.getConversation(id);
    if (found === null) return null;
    const [messages, activeStreamId] = await Promise.all([
      loadMessages(this.#list(id, checked), checked),
      streams.activeStreamId(this.#streams(id, {})),
    ]);
    return { ...summaryOf(found), messages, activeStreamId };
  }

  /**
   * Saves the messages of a chat, the id of its active stream, or both. A chat that does not exist
   * is created.
   *
   * The messages replace the stored ones in one transaction. Only those after the first difference
   * are written.
   *
   * @param chat The chat, with `chatId` or `id`.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or the chat belongs to another user.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * same call may be repeated.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was stored.
   */
  async saveChat(chat: ChatToSave): Promise<void> {
    const operation = 'saveChat';
    const checked = optionsOf(operation, chat, SAVE) as unknown as ChatToSave;
    const id = chatIdOf(operation, checked.chatId ?? checked.id);
    const list = this.#list(id, checked);
    const items = checked.messages && newItems(operation, checked.messages);
    if (items !== undefined) {
      await list.change(async () => {
        await saveMessages(list, items);
        if (items.length === 0) await list.create();
      });
    }
    if (checked.activeStreamId !== undefined) {
      await this.setActiveStreamId(id, checked.activeStreamId, { userId: checked.userId });
    }
  }

  /**
   * Appends messages to a chat, all or none. Messages of concurrent calls are not mixed. A chat
   * that does not exist is created.
   *
   * @param chatId Id of the chat.
   * @param messages The messages.
   * @param options The user.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or the chat belongs to another user.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * messages may be stored.
   */
  async appendMessages(
    chatId: string,
    messages: readonly UIMessage[],
    options?: OfUser,
  ): Promise<void> {
    const operation = 'appendMessages';
    const list = this.#list(chatIdOf(operation, chatId), optionsOf(operation, options, OF_USER));
    const items = newItems(operation, messages);
    await list.change(() => list.append(items));
  }

  /**
   * Returns a page of a user's chats, those with the latest activity first.
   *
   * @param userId Public id of the user. `null` means the chats of all users, for administrators.
   * @param options Options: `limit`, `cursor` and `archived`.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid.
   */
  async listChats(userId: string | null, options?: ListChatsOptions): Promise<ChatPage> {
    const checked: ListChatsOptions = optionsOf('listChats', options, LIST);
    const manager = this.chat.conversationManager;
    if (userId !== null && typeof userId !== 'string') {
      throw wrongType('listChats', 'userId', 'a string or null', userId);
    }
    const page =
      userId === null
        ? await manager.listAllConversations(checked)
        : await manager.listConversations(userId, checked);
    return { chats: page.conversations.map(summaryOf), nextCursor: page.nextCursor };
  }

  /**
   * Deletes a chat with its messages and streams.
   *
   * @param chatId Id of the chat.
   * @param options The user.
   * @returns Whether the chat existed.
   * @throws `CHATKEEP_INVALID_INPUT`: the chat belongs to another user.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_OUTCOME_UNKNOWN` and others: a part may be deleted.
   */
  async deleteChat(chatId: string, options?: OfUser): Promise<boolean> {
    const checked = optionsOf('deleteChat', options, OF_USER);
    const id = existingId('deleteChat', chatId);
    if (id === undefined) return false;
    const list = this.#list(id, checked);
    return await list.change(async () => {
      if (!(await list.checkOwner())) return false;
      return await this.chat.conversationManager.deleteConversation(id);
    });
  }

  /**
   * Returns the id of the stream of a chat that can be resumed: the newest one that is running.
   *
   * @param chatId Id of the chat.
   * @param options The user.
   */
  async getActiveStreamId(chatId: string, options?: OfUser): Promise<string | null> {
    const operation = 'getActiveStreamId';
    const chat = this.#existing(operation, chatId, options);
    return chat && (await streams.activeStreamId(chat));
  }

  /**
   * Sets the id of a stream that another program stores, such as `resumable-stream` with Redis. The
   * earlier active stream ends. The id stays active until it is cleared, or until
   * `interruptStaleStreams` ends it.
   *
   * @param chatId Id of the chat, which is created if it does not exist.
   * @param streamId Id of the stream: 1–64 characters without whitespace. `null` ends the active
   * one.
   * @param options The user.
   * @throws `CHATKEEP_CONFLICT`: the id belongs to another chat, or its stream has ended.
   */
  async setActiveStreamId(
    chatId: string,
    streamId: string | null,
    options?: OfUser,
  ): Promise<void> {
    const operation = 'setActiveStreamId';
    const chat = this.#streams(chatIdOf(operation, chatId), optionsOf(operation, options, OF_USER));
    const id = streamId === null ? null : streams.streamIdOf(operation, streamId);
    await streams.setActive(chat, id);
  }

  /**
   * Ends a stream of a chat, unless it has ended. A stream that was started later stays active.
   *
   * @param chatId Id of the chat.
   * @param streamId Id of the stream.
   * @param options The user.
   * @returns Whether this call ended the stream.
   */
  async clearActiveStreamId(chatId: string, streamId: string, options?: OfUser): Promise<boolean> {
    const operation = 'clearActiveStreamId';
    const chat = this.#existing(operation, chatId, options);
    const id = streams.streamIdOf(operation, streamId);
    return chat !== null && (await streams.clearActive(chat, id));
  }

  /**
   * Stores a stream of server-sent events while it is generated, and makes it the active one of its
   * chat. It is meant for `consumeSseStream`.
   *
   * Errors are reported, and the promise resolves nevertheless: the AI SDK does not wait for it. On
   * serverless platforms pass the promise to `after` or `waitUntil`.
   *
   * @param options The chat and the stream, and optionally `streamId`, `userId`, `abortController`
   * and `report`.
   * @returns The id and the state of the stream after its end.
   * @throws `CHATKEEP_INVALID_INPUT`: an option is unknown, or `chatId` is invalid.
   */
  storeStream(options: StreamToStore): Promise<StoredStream> {
    const operation = 'storeStream';
    const checked = optionsOf(operation, options, STORE) as unknown as StreamToStore;
    const id = chatIdOf(operation, checked.chatId);
    return streams.store(this.#streams(id, checked), checked);
  }

  /**
   * Returns the active stream of a chat: the events from its start on, and those that follow. Any
   * number of readers in any process can read it.
   *
   * @param chatId Id of the chat.
   * @param options The user.
   * @returns The body of a response with `UI_MESSAGE_STREAM_HEADERS`, or `null` if there is no
   * active stream, which is a response with the status 204.
   */
  async resumeStream(chatId: string, options?: OfUser): Promise<ReadableStream<Uint8Array> | null> {
    const operation = 'resumeStream';
    const chat = this.#existing(operation, chatId, options);
    return chat && (await streams.resume(chat));
  }

  /**
   * Requests that the writer of a stream stops, in any process: its `abortController` is aborted
   * within seconds, and the stream ends.
   *
   * @param chatId Id of the chat.
   * @param streamId Id of the stream. By default the active one.
   * @param options The user.
   * @returns Whether a running stream of the chat was found, and was not stopped before.
   */
  async stopStream(chatId: string, streamId?: string, options?: OfUser): Promise<boolean> {
    const operation = 'stopStream';
    const chat = this.#existing(operation, chatId, options);
    const id = streamId === undefined ? undefined : streams.streamIdOf(operation, streamId);
    return chat !== null && (await streams.stop(chat, id));
  }

  #list(id: string, { userId }: OfUser = {}): ItemList {
    return new ItemList(this.chat, id, { userId }, true);
  }

  #streams(id: string, options: OfUser): streams.ChatStreams {
    return { chat: this.chat, conversation: id, list: this.#list(id, options) };
  }

  /** Returns the streams of a chat, or null if no chat can have the id. */
  #existing(operation: string, chatId: unknown, options: unknown): streams.ChatStreams | null {
    const checked = optionsOf(operation, options, OF_USER);
    const id = existingId(operation, chatId);
    return id === undefined ? null : this.#streams(id, checked);
  }
}

/** Returns the id of a chat that is written. */
function chatIdOf(operation: string, chatId: unknown): string {
  const id = existingId(operation, chatId);
  if (id !== undefined) return id;
  throw invalidInput(operation, 'chatId', 'must have 1–64 characters, without whitespace');
}

/** Returns the id of a chat that is read, or undefined if no chat can have it. */
function existingId(operation: string, chatId: unknown): string | undefined {
  if (typeof chatId !== 'string') throw wrongType(operation, 'chatId', 'a string', chatId);
  return isPublicId(chatId) ? chatId : undefined;
}

function summaryOf(conversation: Conversation): ChatSummary {
  const { id: _, itemVersion: _version, publicId, ...others } = conversation;
  return { id: publicId, ...others };
}
