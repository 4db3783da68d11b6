/** MessageLogger: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity, noResult } from '../calls.js';
import { cursorArg } from '../cursors.js';
import { MessageLoggerBase } from '../message_logger.js';
import { metadataText } from '../metadata.js';
import { call, operation } from '../operations.js';
import { integer, listOf, messagesOf, optionalMessageOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import { iterMessages, logMessage, logMessages } from '../tuned.js';
import type { Abortable, NewMessage } from '../types.js';
import { analytics, totalsCheck } from './decode.js';
import type {
  Analytics,
  FineTuningFormat,
  GetMessagesOptions,
  IterationOptions,
  Message,
  MessageFilter,
  PageOptions,
  SpanOptions,
  TotalsCheck,
} from './types.js';

const LOG_MESSAGE = operation('messages', 'log_message', 'logMessage', [], integer<number>);
const LOG_MESSAGES = operation(
  'messages',
  'log_messages',
  'logMessages',
  [],
  listOf(integer<number>),
);
const GET_MESSAGES = operation(
  'messages',
  'get_messages',
  'getMessages',
  ['limit', 'offset', 'provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId', 'cursor'],
  messagesOf,
);
const RETRIEVE_MESSAGES = operation(
  'messages',
  'retrieve_messages',
  'retrieveMessages',
  ['limit', 'offset', 'provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId', 'cursor'],
  messagesOf,
);
const GET_MESSAGE_BY_ID = operation(
  'messages',
  'get_message_by_id',
  'getMessageById',
  [],
  optionalMessageOf,
);
const GET_MESSAGE_COUNT = operation(
  'messages',
  'get_message_count',
  'getMessageCount',
  ['provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId'],
  integer<number>,
);
const ITER_MESSAGES = operation(
  'messages',
  'iter_messages',
  'iterMessages',
  ['provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId', 'oldestFirst'],
  noResult,
);
const SEARCH_MESSAGES = operation(
  'messages',
  'search_messages',
  'searchMessages',
  ['limit', 'offset', 'cursor', 'provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId'],
  messagesOf,
);
const GET_ANALYTICS = operation(
  'messages',
  'get_analytics',
  'getAnalytics',
  ['startDate', 'endDate', 'conversationId', 'userId'],
  recordOf(analytics),
);
const CHECK_TOTALS = operation(
  'messages',
  'check_totals',
  'checkTotals',
  [],
  recordOf(totalsCheck),
);
const REBUILD_TOTALS = operation('messages', 'rebuild_totals', 'rebuildTotals', [], noResult);
const COUNT_OLD_MESSAGES = operation(
  'messages',
  'count_old_messages',
  'countOldMessages',
  [],
  integer<number>,
);
const DELETE_OLD_MESSAGES = operation(
  'messages',
  'delete_old_messages',
  'deleteOldMessages',
  [],
  integer<number>,
);
const EXPORT_FOR_FINE_TUNING = operation(
  'messages',
  'export_for_fine_tuning',
  'exportForFineTuning',
  ['provider', 'model', 'startDate', 'endDate', 'metadata', 'conversationId', 'userId'],
  identity<string>,
);

/**
 * Logs, reads, searches and deletes messages.
 *
 * Messages are stored in the order of their timestamps; the newest is first. A page that follows a
 * cursor is not shifted by messages that are logged or deleted in the meantime.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
 * await messageLogger.logMessage({
 *   message: 'Explain WAL.',
 *   response: 'Write-ahead logging.',
 *   provider: 'openai',
 *   tokensUsed: 42,
 * });
 * for (const { userMessage } of await messageLogger.getMessages({ provider: 'openai' })) {
 *   console.log(userMessage); // Explain WAL.
 * }
 * ```
 */
export class MessageLogger extends MessageLoggerBase {
  /**
   * Logs a message, and returns its id after the commit.
   *
   * Concurrent calls share a transaction, so that many of them take little longer than one.
   *
   * The log is written in groups and looks nothing up: `conversationId` and `userId` are the ids
   * (`id`) of the records, and are stored as they are. Token counts have OpenTelemetry's meaning:
   * the input includes cached tokens, and the output includes reasoning.
   *
   * @param message The message, or only the text of the user.
   * @param options An abort signal.
   * @returns The message's id. Later messages have higher ids; ids may have gaps.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. Nothing is sent.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * message may be stored: check that before you retry.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * const id = await messageLogger.logMessage({
   *   message: 'hello',
   *   response: 'hi',
   *   metadata: { session: 'a1' },
   *   timestamp: '2024-02-29T12:00:00+01:00',
   * });
   * const logged = await messageLogger.getMessageById(id);
   * console.log(logged?.timestamp.toISOString()); // 2024-02-29T11:00:00.000Z
   * ```
   */
  logMessage(message: NewMessage | string, options?: Abortable): Promise<number> {
    return logMessage(this, LOG_MESSAGE, options, () => [message]);
  }

  /**
   * Logs all these messages in one transaction, or none.
   *
   * @param messages The messages, with the arguments of {@link MessageLogger.logMessage} as keys.
   * @param options An abort signal.
   * @returns The ids, in the same order.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid. The field is the position and the name,
   * such as `messages[3].provider`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * messages may be stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing is stored.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * const ids = await messageLogger.logMessages([{ message: 'a' }, { message: 'b' }]);
   * console.log(ids); // [ 1, 2 ]
   * ```
   */
  logMessages(messages: Iterable<NewMessage>, options?: Abortable): Promise<number[]> {
    return logMessages(this, LOG_MESSAGES, options, () => [messages]);
  }

  /**
   * Returns a page of the matching messages, newest first. Messages with the same timestamp are in
   * descending order of id.
   *
   * @param options Options: `limit`, `offset`, `provider`, `model`, `startDate`, `endDate`,
   * `metadata`, `conversationId`, `userId`, `cursor` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is not 1–10,000, or `offset` or `cursor` is
   * invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessages(['a', 'b', 'c'].map((message) => ({ message })));
   * const first = await messageLogger.getMessages({ limit: 2 });
   * const next = await messageLogger.getMessages({ limit: 2, cursor: first.at(-1) });
   * console.log(next.map(({ userMessage }) => userMessage)); // [ 'a' ]
   * ```
   */
  getMessages(options?: GetMessagesOptions): Promise<Message[]> {
    return call(this, GET_MESSAGES, options, ({ limit, offset, provider, model, startDate, endDate, metadata, conversationId, userId, cursor }) => [
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(GET_MESSAGES.name, metadata),
      conversationId,
      userId,
      limit,
      offset,
      cursorArg(GET_MESSAGES.name, cursor),
    ]);
  }

  /**
   * Does the same as {@link MessageLogger.getMessages}.
   *
   * @param options Options: `limit`, `offset`, `provider`, `model`, `startDate`, `endDate`,
   * `metadata`, `conversationId`, `userId`, `cursor` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is not 1–10,000, or `offset` or `cursor` is
   * invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  retrieveMessages(options?: GetMessagesOptions): Promise<Message[]> {
    return call(this, RETRIEVE_MESSAGES, options, ({ limit, offset, provider, model, startDate, endDate, metadata, conversationId, userId, cursor }) => [
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(RETRIEVE_MESSAGES.name, metadata),
      conversationId,
      userId,
      limit,
      offset,
      cursorArg(RETRIEVE_MESSAGES.name, cursor),
    ]);
  }

  /**
   * Returns a message.
   *
   * @param id The message's id.
   * @param options An abort signal.
   * @returns The message, or `null` if it does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. This is never reported as `null`.
   */
  getMessageById(id: number | bigint, options?: Abortable): Promise<Message | null> {
    return call(this, GET_MESSAGE_BY_ID, options, () => [id]);
  }

  /**
   * Returns the number of matching messages.
   *
   * @param options Options: `provider`, `model`, `startDate`, `endDate`, `metadata`,
   * `conversationId`, `userId` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getMessageCount(options?: MessageFilter & Abortable): Promise<number> {
    return call(this, GET_MESSAGE_COUNT, options, ({ provider, model, startDate, endDate, metadata, conversationId, userId }) => [
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(GET_MESSAGE_COUNT.name, metadata),
      conversationId,
      userId,
    ]);
  }

  /**
   * Returns an iterator over all matching messages.
   *
   * It fetches a page at a time and holds no connection between pages. Every message that exists
   * throughout the iteration is returned exactly once, regardless of concurrent inserts and
   * deletions.
   *
   * @param options Options: `provider`, `model`, `startDate`, `endDate`, `metadata`,
   * `conversationId`, `userId`, `oldestFirst` and `signal`.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessages(['a', 'b', 'c'].map((message) => ({ message })));
   * for await (const { userMessage } of messageLogger.iterMessages({ oldestFirst: true })) {
   *   console.log(userMessage); // a, b, c
   * }
   * ```
   */
  iterMessages(options?: IterationOptions): AsyncGenerator<Message, void, undefined> {
    return iterMessages(this, ITER_MESSAGES, options, ({ provider, model, startDate, endDate, metadata, conversationId, userId, oldestFirst }) => [
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(ITER_MESSAGES.name, metadata),
      conversationId,
      userId,
      oldestFirst,
    ]);
  }

  /**
   * Returns the matching messages whose text or response contains a text, newest first.
   *
   * The search ignores case, by Unicode's simple case folding. `%`, `_` and `\` are ordinary
   * characters.
   *
   * @param query The text, 1–1,000 characters.
   * @param options Options: `limit`, `offset`, `cursor`, `provider`, `model`, `startDate`,
   * `endDate`, `metadata`, `conversationId`, `userId` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `query`, `limit`, `offset` or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage({ message: 'Explain WAL.', response: 'Write-ahead logging.' });
   * const [found] = await messageLogger.searchMessages('write-ahead');
   * console.log(found?.userMessage); // Explain WAL.
   * ```
   */
  searchMessages(query: string, options?: PageOptions): Promise<Message[]> {
    return call(this, SEARCH_MESSAGES, options, ({ limit, offset, cursor, provider, model, startDate, endDate, metadata, conversationId, userId }) => [
      query,
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(SEARCH_MESSAGES.name, metadata),
      conversationId,
      userId,
      limit,
      offset,
      cursorArg(SEARCH_MESSAGES.name, cursor),
    ]);
  }

  /**
   * Returns the totals of a period.
   *
   * These are the number of messages, also by provider, model and day, and the number of tokens.
   * The costs are exact sums of the messages that have one.
   *
   * All messages of a period are read from stored totals, in milliseconds. Those of a conversation
   * or a user are added up from its messages, so the time is proportional to their number.
   *
   * @param options Options: `startDate`, `endDate`, `conversationId`, `userId` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `startDate` is after `endDate`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage({ message: 'hello', provider: 'openai', tokensUsed: 12 });
   * const { totalTokens, providers } = await messageLogger.getAnalytics({ startDate: '2024-01-01' });
   * console.log(totalTokens, providers); // 12 { openai: 1 }
   * ```
   */
  getAnalytics(options?: SpanOptions): Promise<Analytics> {
    return call(this, GET_ANALYTICS, options, ({ startDate, endDate, conversationId, userId }) => [
      timestampArg(startDate),
      timestampArg(endDate),
      conversationId,
      userId,
    ]);
  }

  /**
   * Compares the totals that {@link MessageLogger.getAnalytics} reads with the sums of all
   * messages. It changes nothing.
   *
   * @param options An abort signal.
   * @returns The comparison. Its `differences` are empty if the totals are correct.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  checkTotals(options?: Abortable): Promise<TotalsCheck> {
    return call(this, CHECK_TOTALS, options, () => []);
  }

  /**
   * Discards the stored totals and recomputes them from all messages. This is necessary after other
   * programs changed or deleted rows.
   *
   * Other calls can read and write concurrently. Until it has finished,
   * {@link MessageLogger.getAnalytics} is slower, but exact. After an error, another call starts
   * from the beginning.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  rebuildTotals(options?: Abortable): Promise<void> {
    return call(this, REBUILD_TOTALS, options, () => []);
  }

  /**
   * Returns the number of messages that {@link MessageLogger.deleteOldMessages} would delete.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000. Default: 30.
   * @param options An abort signal.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  countOldMessages(days?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, COUNT_OLD_MESSAGES, options, () => [days]);
  }

  /**
   * Deletes the messages that are older than a number of days.
   *
   * It deletes in batches of a few milliseconds, each in its own transaction, so that other callers
   * can write in between.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000. Default: 30.
   * @param options An abort signal.
   * @returns The number of deleted messages.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some messages may be deleted. Call it again.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage({ message: 'old', timestamp: '2020-01-01' });
   * console.log(await messageLogger.countOldMessages(365)); // 1
   * console.log(await messageLogger.deleteOldMessages(365)); // 1
   * ```
   */
  deleteOldMessages(days?: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_MESSAGES, options, () => [days]);
  }

  /**
   * Returns the matching messages as fine-tuning data, oldest first.
   *
   * Messages whose text or response is missing, empty or blank are skipped.
   *
   * @param format The format; `jsonl` is that of OpenAI. Default: `jsonl`.
   * @param options Options: `provider`, `model`, `startDate`, `endDate`, `metadata`,
   * `conversationId`, `userId` and `signal`.
   * @returns One JSON object per line.
   * @throws `CHATKEEP_INVALID_INPUT`: `format` is not a format.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage({ message: 'q', response: 'a' });
   * const lines = await messageLogger.exportForFineTuning('alpaca');
   * console.log(lines.trim()); // {"input":"","instruction":"q","output":"a"}
   * ```
   */
  exportForFineTuning(
    format?: FineTuningFormat,
    options?: MessageFilter & Abortable,
  ): Promise<string> {
    return call(this, EXPORT_FOR_FINE_TUNING, options, ({ provider, model, startDate, endDate, metadata, conversationId, userId }) => [
      format,
      provider,
      model,
      timestampArg(startDate),
      timestampArg(endDate),
      metadataText(EXPORT_FOR_FINE_TUNING.name, metadata),
      conversationId,
      userId,
    ]);
  }
}
