/** ConversationManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { recordsArg } from '../records.js';
import { integer, listOf, optionalOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import { conversation, conversationItem, conversationPage, openTurn } from './decode.js';
import { newItemKeys } from './encode.js';
import type {
  AppendItemsOptions,
  AppendTurnOptions,
  BeginTurnOptions,
  ClearItemsOptions,
  Conversation,
  ConversationItem,
  ConversationPage,
  CopyConversationOptions,
  CreateConversationOptions,
  FinishInterruptedTurnsOptions,
  FinishTurnOptions,
  GetItemsOptions,
  ListAllConversationsOptions,
  ListConversationsOptions,
  ListOpenTurnsOptions,
  NewItem,
  OpenTurn,
  PopItemsOptions,
  ReplaceItemsOptions,
} from './types.js';

const CREATE_CONVERSATION = operation(
  'conversations',
  'create_conversation',
  'createConversation',
  ['userId', 'title', 'metadata', 'publicId'],
  recordOf(conversation),
);
const GET_CONVERSATION = operation(
  'conversations',
  'get_conversation',
  'getConversation',
  [],
  optionalOf(conversation),
);
const LIST_CONVERSATIONS = operation(
  'conversations',
  'list_conversations',
  'listConversations',
  ['limit', 'cursor', 'archived'],
  recordOf(conversationPage),
);
const LIST_ALL_CONVERSATIONS = operation(
  'conversations',
  'list_all_conversations',
  'listAllConversations',
  ['limit', 'cursor', 'archived'],
  recordOf(conversationPage),
);
const RENAME_CONVERSATION = operation(
  'conversations',
  'rename_conversation',
  'renameConversation',
  [],
  identity<boolean>,
);
const SET_CONVERSATION_METADATA = operation(
  'conversations',
  'set_conversation_metadata',
  'setConversationMetadata',
  [],
  identity<boolean>,
);
const ARCHIVE_CONVERSATION = operation(
  'conversations',
  'archive_conversation',
  'archiveConversation',
  [],
  identity<boolean>,
);
const UNARCHIVE_CONVERSATION = operation(
  'conversations',
  'unarchive_conversation',
  'unarchiveConversation',
  [],
  identity<boolean>,
);
const MOVE_CONVERSATION = operation(
  'conversations',
  'move_conversation',
  'moveConversation',
  [],
  identity<boolean>,
);
const COPY_CONVERSATION = operation(
  'conversations',
  'copy_conversation',
  'copyConversation',
  ['upToPosition', 'title'],
  recordOf(conversation),
);
const DELETE_CONVERSATION = operation(
  'conversations',
  'delete_conversation',
  'deleteConversation',
  [],
  identity<boolean>,
);
const PRUNE_CONVERSATIONS = operation(
  'conversations',
  'prune_conversations',
  'pruneConversations',
  [],
  integer<number>,
);
const APPEND_ITEMS = operation(
  'conversations',
  'append_items',
  'appendItems',
  ['expectedItemVersion'],
  listOf(integer<number>),
);
const GET_ITEMS = operation(
  'conversations',
  'get_items',
  'getItems',
  ['limit', 'before', 'after'],
  listOf(conversationItem),
);
const POP_ITEMS = operation(
  'conversations',
  'pop_items',
  'popItems',
  ['expectedItemVersion'],
  listOf(conversationItem),
);
const CLEAR_ITEMS = operation(
  'conversations',
  'clear_items',
  'clearItems',
  ['expectedItemVersion'],
  integer<number>,
);
const REPLACE_ITEMS = operation(
  'conversations',
  'replace_items',
  'replaceItems',
  ['expectedItemVersion'],
  listOf(integer<number>),
);
const APPEND_TURN = operation(
  'conversations',
  'append_turn',
  'appendTurn',
  ['response', 'provider', 'model', 'tokensUsed', 'metadata', 'timestamp', 'inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens', 'cost', 'latencyMs', 'ttftMs', 'status', 'error'],
  integer<number>,
);
const BEGIN_TURN = operation(
  'conversations',
  'begin_turn',
  'beginTurn',
  ['provider', 'model', 'metadata', 'leaseSeconds'],
  identity<string>,
);
const EXTEND_TURN = operation('conversations', 'extend_turn', 'extendTurn', [], identity<boolean>);
const FINISH_TURN = operation(
  'conversations',
  'finish_turn',
  'finishTurn',
  ['provider', 'model', 'tokensUsed', 'metadata', 'inputTokens', 'outputTokens', 'cachedTokens', 'reasoningTokens', 'cost', 'latencyMs', 'ttftMs', 'status', 'error'],
  integer<number | null>,
);
const LIST_OPEN_TURNS = operation(
  'conversations',
  'list_open_turns',
  'listOpenTurns',
  ['limit'],
  listOf(openTurn),
);
const FINISH_INTERRUPTED_TURNS = operation(
  'conversations',
  'finish_interrupted_turns',
  'finishInterruptedTurns',
  ['now'],
  integer<number>,
);

/**
 * Keeps conversations, their turns and their items.
 *
 * Turns are messages of the log. Items are the parts of which role-based programs build prompts.
 *
 * A conversation is identified by its `publicId`. It may belong to a user. Its items have positions
 * from 1 on, without gaps, also with concurrent writers.
 */
export class ConversationManager extends OperationGroup {
  /**
   * Creates a conversation.
   *
   * @param options Options: `userId`, `title`, `metadata`, `publicId` and `signal`.
   * @returns The conversation.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or no user has the id.
   * @throws `CHATKEEP_CONFLICT`: another conversation has this id. It is not retryable then, and
   * its field is `publicId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * conversation may exist.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createConversation(options?: CreateConversationOptions): Promise<Conversation> {
    return call(this, CREATE_CONVERSATION, options, ({ userId, title, metadata, publicId }) => [
      userId,
      title,
      metadataText(CREATE_CONVERSATION.name, metadata),
      publicId,
    ]);
  }

  /**
   * Returns a conversation.
   *
   * @param conversationId The conversation's public id.
   * @param options An abort signal.
   * @returns The conversation, or `null` if it does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. This is never reported as `null`.
   */
  getConversation(conversationId: string, options?: Abortable): Promise<Conversation | null> {
    return call(this, GET_CONVERSATION, options, () => [conversationId]);
  }

  /**
   * Returns a page of a user's conversations, those with the latest activity first.
   *
   * Conversations are read in the order of an index. Those in the other state of `archived` are
   * skipped, so a page takes longer if most are in that state.
   *
   * A conversation that becomes active between two pages moves to the first page.
   *
   * @param userId The user's public id.
   * @param options Options: `limit`, `cursor`, `archived` and `signal`.
   * @returns The conversations, and the cursor of the next page. An unknown user has none.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listConversations(userId: string, options?: ListConversationsOptions): Promise<ConversationPage> {
    return call(this, LIST_CONVERSATIONS, options, ({ limit, cursor, archived }) => [
      userId,
      limit,
      cursor,
      archived,
    ]);
  }

  /**
   * Returns a page of the conversations of all users, the latest activity first. It is for
   * administrators: a list of one user's conversations is
   * {@link ConversationManager.listConversations}.
   *
   * @param options Options: `limit`, `cursor`, `archived` and `signal`.
   * @returns The conversations, and the cursor of the next page.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listAllConversations(options?: ListAllConversationsOptions): Promise<ConversationPage> {
    return call(this, LIST_ALL_CONVERSATIONS, options, ({ limit, cursor, archived }) => [
      limit,
      cursor,
      archived,
    ]);
  }

  /**
   * Sets or removes the title of a conversation.
   *
   * @param conversationId The conversation's public id.
   * @param title The title, at most 255 characters. `null` removes the title.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `title` is too long.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  renameConversation(
    conversationId: string,
    title: string | null,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, RENAME_CONVERSATION, options, () => [conversationId, title]);
  }

  /**
   * Replaces the metadata of a conversation.
   *
   * @param conversationId The conversation's public id.
   * @param metadata The new metadata, as a JSON object. `null` removes the metadata.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `metadata` is larger than 16 MiB.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setConversationMetadata(
    conversationId: string,
    metadata: object | null,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, SET_CONVERSATION_METADATA, options, () => [
      conversationId,
      metadataText(SET_CONVERSATION_METADATA.name, metadata),
    ]);
  }

  /**
   * Archives a conversation: it is no longer in lists, unless they ask for archived ones.
   *
   * @param conversationId The conversation's public id.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist or was already archived.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  archiveConversation(conversationId: string, options?: Abortable): Promise<boolean> {
    return call(this, ARCHIVE_CONVERSATION, options, () => [conversationId]);
  }

  /**
   * Reverses {@link ConversationManager.archiveConversation}.
   *
   * @param conversationId The conversation's public id.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist or is not archived.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  unarchiveConversation(conversationId: string, options?: Abortable): Promise<boolean> {
    return call(this, UNARCHIVE_CONVERSATION, options, () => [conversationId]);
  }

  /**
   * Assigns a conversation to another user. Its messages in the log keep their user.
   *
   * @param conversationId The conversation's public id.
   * @param userId Public id of its new user. `null` means that it has none.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: no user has the id `userId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  moveConversation(
    conversationId: string,
    userId: string | null,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, MOVE_CONVERSATION, options, () => [conversationId, userId]);
  }

  /**
   * Copies a conversation with its items, so that it can be continued differently.
   *
   * The copy has the same user and metadata. The messages of the log are not copied: they count
   * once in the statistics.
   *
   * @param conversationId The conversation's public id.
   * @param options Options: `upToPosition`, `title` and `signal`.
   * @returns The new conversation.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist, `upToPosition` is negative,
   * or `title` is too long.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * copy may exist.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  copyConversation(
    conversationId: string,
    options?: CopyConversationOptions,
  ): Promise<Conversation> {
    return call(this, COPY_CONVERSATION, options, ({ upToPosition, title }) => [
      conversationId,
      upToPosition,
      title,
    ]);
  }

  /**
   * Deletes a conversation with its messages, items, open turns and streams.
   *
   * It deletes in batches of a few milliseconds, each in its own transaction, so that other callers
   * can write in between. After an error, call it again: the conversation itself is deleted last.
   *
   * @param conversationId The conversation's public id.
   * @param options An abort signal.
   * @returns `false` if the conversation does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: a part may be deleted.
   */
  deleteConversation(conversationId: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_CONVERSATION, options, () => [conversationId]);
  }

  /**
   * Deletes the conversations without activity for a number of days.
   *
   * Each is deleted as by {@link ConversationManager.deleteConversation}.
   *
   * @param days Days of 24 hours since the last activity, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted conversations.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some conversations may be deleted. Call it again.
   */
  pruneConversations(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, PRUNE_CONVERSATIONS, options, () => [days]);
  }

  /**
   * Appends items to a conversation, all or none.
   *
   * With the version of the items, a call can be repeated after `CHATKEEP_OUTCOME_UNKNOWN`:
   * `CHATKEEP_CONFLICT` then means that the items were stored, or that another caller changed them.
   *
   * @param conversationId The conversation's public id.
   * @param items The items.
   * @param options Options: `expectedItemVersion` and `signal`.
   * @returns The positions of the items.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist, or a value is invalid. The
   * field of an item is the position in the list and the name, such as `items[3].role`.
   * @throws `CHATKEEP_CONFLICT`: the items have another version. It is not retryable then, and its
   * field is `expectedItemVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * items may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  appendItems(
    conversationId: string,
    items: Iterable<NewItem>,
    options?: AppendItemsOptions,
  ): Promise<number[]> {
    return call(this, APPEND_ITEMS, options, ({ expectedItemVersion }) => [
      conversationId,
      recordsArg(APPEND_ITEMS.name, 'items', items, newItemKeys),
      expectedItemVersion,
    ]);
  }

  /**
   * Returns items of a conversation by position, by default the last ones.
   *
   * @param conversationId The conversation's public id.
   * @param options Options: `limit`, `before`, `after` and `signal`.
   * @returns The items. A conversation that does not exist has none.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` or `after` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getItems(conversationId: string, options?: GetItemsOptions): Promise<ConversationItem[]> {
    return call(this, GET_ITEMS, options, ({ limit, before, after }) => [
      conversationId,
      limit,
      before,
      after,
    ]);
  }

  /**
   * Removes the last items of a conversation, and returns them.
   *
   * @param conversationId The conversation's public id.
   * @param count Maximum number of items to remove (1–10,000). Default: 1.
   * @param options Options: `expectedItemVersion` and `signal`.
   * @returns The removed items in the order of their positions; none if there are none.
   * @throws `CHATKEEP_INVALID_INPUT`: `count` is out of range, or the conversation does not exist.
   * @throws `CHATKEEP_CONFLICT`: the items have another version. It is not retryable then, and its
   * field is `expectedItemVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  popItems(
    conversationId: string,
    count?: number | bigint,
    options?: PopItemsOptions,
  ): Promise<ConversationItem[]> {
    return call(this, POP_ITEMS, options, ({ expectedItemVersion }) => [
      conversationId,
      count,
      expectedItemVersion,
    ]);
  }

  /**
   * Removes all items of a conversation. The next item has position 1 again.
   *
   * @param conversationId The conversation's public id.
   * @param options Options: `expectedItemVersion` and `signal`.
   * @returns The number of removed items.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist.
   * @throws `CHATKEEP_CONFLICT`: the items have another version. It is not retryable then, and its
   * field is `expectedItemVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  clearItems(conversationId: string, options?: ClearItemsOptions): Promise<number> {
    return call(this, CLEAR_ITEMS, options, ({ expectedItemVersion }) => [
      conversationId,
      expectedItemVersion,
    ]);
  }

  /**
   * Replaces the items of a conversation from a position on, in one transaction.
   *
   * Items that are not replaced keep their positions. Without new items, this removes the items
   * from the position on. A caller that read the items before should pass their version, which is
   * in the conversation: read the conversation first, and then the items.
   *
   * @param conversationId The conversation's public id.
   * @param fromPosition Position of the first item to replace, at most the position after the last
   * item.
   * @param items The new items.
   * @param options Options: `expectedItemVersion` and `signal`.
   * @returns The positions of the new items.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist, or a value is invalid.
   * @throws `CHATKEEP_CONFLICT`: the items have another version. It is not retryable then, and its
   * field is `expectedItemVersion`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  replaceItems(
    conversationId: string,
    fromPosition: number | bigint,
    items: Iterable<NewItem>,
    options?: ReplaceItemsOptions,
  ): Promise<number[]> {
    return call(this, REPLACE_ITEMS, options, ({ expectedItemVersion }) => [
      conversationId,
      fromPosition,
      recordsArg(REPLACE_ITEMS.name, 'items', items, newItemKeys),
      expectedItemVersion,
    ]);
  }

  /**
   * Logs a complete turn of a conversation, and returns the message's id after the commit.
   *
   * It is a message of the log, and shares transactions with other messages. In the same
   * transaction, the conversation moves to the front of its lists. The message belongs to the
   * conversation's user; a move of the conversation by another process is noticed within a minute.
   *
   * @param conversationId The conversation's public id.
   * @param message Message of the user.
   * @param options Options: `response`, `provider`, `model`, `tokensUsed`, `metadata`, `timestamp`,
   * `inputTokens`, `outputTokens`, `cachedTokens`, `reasoningTokens`, `cost`, `latencyMs`,
   * `ttftMs`, `status`, `error` and `signal`.
   * @returns The message's id. Later messages have higher ids; ids may have gaps.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist, or a value is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * message may be stored: check that before you retry.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  appendTurn(
    conversationId: string,
    message: string,
    options?: AppendTurnOptions,
  ): Promise<number> {
    return call(this, APPEND_TURN, options, ({
      response,
      provider,
      model,
      tokensUsed,
      metadata,
      timestamp,
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      latencyMs,
      ttftMs,
      status,
      error,
    }) => [
      conversationId,
      message,
      response,
      provider,
      model,
      tokensUsed,
      metadataText(APPEND_TURN.name, metadata),
      timestampArg(timestamp),
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      latencyMs,
      ttftMs,
      status,
      error,
    ]);
  }

  /**
   * Stores the question of a turn before the model is asked.
   *
   * It is not lost if the program ends.
   *
   * {@link ConversationManager.finishTurn} moves it into the message log. If that does not happen
   * before the lease ends, {@link ConversationManager.finishInterruptedTurns} does it.
   *
   * @param conversationId The conversation's public id.
   * @param message Message of the user.
   * @param options Options: `provider`, `model`, `metadata`, `leaseSeconds` and `signal`.
   * @returns The id of the turn.
   * @throws `CHATKEEP_INVALID_INPUT`: the conversation does not exist, or a value is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * turn may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   */
  beginTurn(conversationId: string, message: string, options?: BeginTurnOptions): Promise<string> {
    return call(this, BEGIN_TURN, options, ({ provider, model, metadata, leaseSeconds }) => [
      conversationId,
      message,
      provider,
      model,
      metadataText(BEGIN_TURN.name, metadata),
      leaseSeconds,
    ]);
  }

  /**
   * Extends the lease of an open turn, for a response that takes long.
   *
   * Text that is appended to the turn's stream does not extend it.
   *
   * @param turnId The turn's id.
   * @param leaseSeconds Seconds from now after which the turn counts as interrupted
   * (1–2,592,000). Default: 600.
   * @param options An abort signal.
   * @returns `false` if the turn does not exist, is finished, or was interrupted.
   * @throws `CHATKEEP_INVALID_INPUT`: `leaseSeconds` is out of range.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  extendTurn(
    turnId: string,
    leaseSeconds?: number | bigint,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, EXTEND_TURN, options, () => [turnId, leaseSeconds]);
  }

  /**
   * Finishes a turn: moves it into the message log, with the response.
   *
   * Of several calls for a turn, also in different processes, exactly one stores a message. The
   * message's time is that of the turn's start.
   *
   * @param turnId The turn's id.
   * @param response Response of the model, if any.
   * @param options Options: `provider`, `model`, `tokensUsed`, `metadata`, `inputTokens`,
   * `outputTokens`, `cachedTokens`, `reasoningTokens`, `cost`, `latencyMs`, `ttftMs`, `status`,
   * `error` and `signal`.
   * @returns The message's id, or `null` if the turn does not exist, is already finished, or was
   * interrupted.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Call it
   * again: the result is `null` if the message is stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  finishTurn(
    turnId: string,
    response?: string | null,
    options?: FinishTurnOptions,
  ): Promise<number | null> {
    return call(this, FINISH_TURN, options, ({
      provider,
      model,
      tokensUsed,
      metadata,
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      latencyMs,
      ttftMs,
      status,
      error,
    }) => [
      turnId,
      response,
      provider,
      model,
      tokensUsed,
      metadataText(FINISH_TURN.name, metadata),
      inputTokens,
      outputTokens,
      cachedTokens,
      reasoningTokens,
      cost,
      latencyMs,
      ttftMs,
      status,
      error,
    ]);
  }

  /**
   * Returns the turns of a conversation that are not finished, oldest first.
   *
   * @param conversationId The conversation's public id.
   * @param options Options: `limit` and `signal`.
   * @returns The turns. A conversation that does not exist has none.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listOpenTurns(conversationId: string, options?: ListOpenTurnsOptions): Promise<OpenTurn[]> {
    return call(this, LIST_OPEN_TURNS, options, ({ limit }) => [conversationId, limit]);
  }

  /**
   * Moves the turns whose lease has ended into the message log.
   *
   * They have the status `interrupted`. The response is the text of the turn's running stream,
   * which ends, or none.
   *
   * Call it regularly, for example every minute: chatkeep does not do so itself. Several processes
   * may call it at the same time.
   *
   * @param options Options: `now` and `signal`.
   * @returns The number of turns that were moved.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some turns may be moved. Call it again.
   */
  finishInterruptedTurns(options?: FinishInterruptedTurnsOptions): Promise<number> {
    return call(this, FINISH_INTERRUPTED_TURNS, options, ({ now }) => [timestampArg(now)]);
  }
}
