/** The message log. */

import { Readable } from 'node:stream';
import type { Store } from './addon.js';
import { call, callWithOptions, identity, noResult } from './calls.js';
import { cursorAfter, FILTER, filterArgs, PAGE, pageArgs, SEARCH, SPAN } from './filters.js';
import { type FlushOptions, flush } from './flush.js';
import * as iteration from './iteration.js';
import { batchArgs, type KeyAliases, messageArgs, withCallerKeys } from './new_message.js';
import { SIGNAL } from './options.js';
import { analyticsOf, countOf, idsOf, messagesOf, optionalMessage, totalsOf } from './rows.js';
import { timestampArg } from './timestamps.js';
import type {
  Abortable,
  Analytics,
  FineTuningFormat,
  IterationOptions,
  Message,
  MessageFilter,
  NewMessage,
  PageOptions,
  SpanOptions,
  TotalsCheck,
} from './types.js';

/** Maximum number of objects that a stream buffers. Node's default for `Readable.from` is 1. */
const STREAM_BUFFER = 64;

/**
 * Logs and queries messages.
 *
 * A failed call rejects with a {@link ChatkeepError}. Invalid arguments never reach the database.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
 * await messageLogger.logMessage({
 *   message: 'What is WAL?',
 *   response: 'Write-ahead logging.',
 *   provider: 'openai',
 *   tokensUsed: 42,
 * });
 * for (const { userMessage } of await messageLogger.getMessages({ provider: 'openai' })) {
 *   console.log(userMessage); // What is WAL?
 * }
 * ```
 */
export class MessageLogger {
  readonly #store: Store;

  /** @internal */
  constructor(store: unknown) {
    this.#store = store as Store;
  }

  /**
   * Logs a message. Concurrent calls share a transaction.
   *
   * @param message The message, or only the user's text.
   * @returns The id, once the message is committed.
   * @throws `CHATKEEP_INVALID_INPUT` if a value is invalid; `field` names it.
   * `CHATKEEP_OUTCOME_UNKNOWN` if the connection broke before the database confirmed the commit:
   * check whether the message exists before you retry. After any other error, it is not stored.
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
  logMessage(message: NewMessage | string): Promise<number> {
    const aliases: KeyAliases = { map: undefined };
    const submit = (number: number) =>
      this.#store.logMessage(number, ...messageArgs('logMessage', message, aliases));
    return withCallerKeys(call(submit, countOf), aliases);
  }

  /**
   * Logs messages in one transaction: all of them or none.
   *
   * @param messages The messages, with the keys of `logMessage` or as `getMessages` returns them.
   * @returns The ids, in the same order.
   * @throws `CHATKEEP_INVALID_INPUT` if a message is invalid; `field` is the position and the key,
   * such as `messages[3].provider`.
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
  logMessages(messages: Iterable<NewMessage>): Promise<number[]> {
    const aliases: KeyAliases = { map: undefined };
    const submit = (number: number) =>
      this.#store.logMessages(number, batchArgs('logMessages', messages, aliases));
    return withCallerKeys(call(submit, idsOf), aliases);
  }

  /**
   * Returns a page of matching messages, newest first.
   *
   * @param options The filter and the page; 100 messages by default.
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
  getMessages(options?: MessageFilter & PageOptions): Promise<Message[]> {
    return callWithOptions(
      'getMessages',
      options,
      PAGE,
      (number, checked, abort) => {
        const page = pageArgs(this.#store, 'getMessages', checked);
        const filter = filterArgs('getMessages', checked);
        return this.#store.getMessages(number, ...page, ...filter, abort);
      },
      messagesOf,
    );
  }

  /** Alias of {@link MessageLogger.getMessages}. */
  retrieveMessages(options?: MessageFilter & PageOptions): Promise<Message[]> {
    return this.getMessages(options);
  }

  /**
   * Returns the cursor after a message as a string, for example for a link to the next page.
   *
   * @param message A message as `getMessages` returned it.
   * @returns A `cursor` for `getMessages` and `searchMessages`.
   * @throws ChatkeepError if the argument is not such a message. It is thrown synchronously.
   */
  cursorAfter(message: Message): string {
    return cursorAfter(this.#store, 'cursorAfter', 'message', message);
  }

  /**
   * Returns the message with an id.
   *
   * @param id The message's id.
   * @param options An abort signal.
   * @returns The message, or `null` if it does not exist.
   */
  getMessageById(id: number | bigint, options?: Abortable): Promise<Message | null> {
    return callWithOptions(
      'getMessageById',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.getMessageById(number, id, abort),
      optionalMessage,
    );
  }

  /**
   * Returns the number of matching messages.
   *
   * @param options The filter.
   */
  getMessageCount(options?: MessageFilter & Abortable): Promise<number> {
    return callWithOptions(
      'getMessageCount',
      options,
      FILTER,
      (number, checked, abort) => {
        const filter = filterArgs('getMessageCount', checked);
        return this.#store.getMessageCount(number, ...filter, abort);
      },
      countOf,
    );
  }

  /**
   * Iterates over all matching messages in constant memory.
   *
   * Messages are fetched in pages of several hundred. A message that exists during the whole
   * iteration is returned exactly once, even if others are logged or deleted concurrently.
   *
   * @param options The filter and the order.
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
    return iteration.messages(this.#store, options);
  }

  /**
   * Returns all matching messages as a stream of objects, in constant memory.
   *
   * @param options The filter and the order.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage('a');
   * const stream = messageLogger.messageStream();
   * for await (const { userMessage } of stream) console.log(userMessage); // a
   * ```
   */
  messageStream(options?: IterationOptions): Readable {
    return Readable.from(this.iterMessages(options), { highWaterMark: STREAM_BUFFER });
  }

  /**
   * Searches user messages and responses for a text, ignoring case. The newest match is first.
   *
   * @param query 1 to 1,000 characters. `%`, `_` and `\` have no special meaning.
   * @param options The page; 50 messages by default.
   */
  searchMessages(query: string, options?: PageOptions): Promise<Message[]> {
    return callWithOptions(
      'searchMessages',
      options,
      SEARCH,
      (number, checked, abort) => {
        const page = pageArgs(this.#store, 'searchMessages', checked);
        return this.#store.searchMessages(number, query, ...page, abort);
      },
      messagesOf,
    );
  }

  /**
   * Returns the totals of a period, and the number of messages by provider, model and day in UTC.
   *
   * @param options The period, both ends inclusive; all messages by default.
   */
  getAnalytics(options?: SpanOptions): Promise<Analytics> {
    return callWithOptions(
      'getAnalytics',
      options,
      SPAN,
      (number, { startDate, endDate }, abort) =>
        this.#store.getAnalytics(number, timestampArg(startDate), timestampArg(endDate), abort),
      analyticsOf,
    );
  }

  /**
   * Returns the number of messages that {@link MessageLogger.deleteOldMessages} would delete.
   *
   * @param days Minimum age in days of 24 hours, 1 to 3,650,000; 30 by default.
   * @param options An abort signal.
   */
  countOldMessages(days?: number, options?: Abortable): Promise<number> {
    return callWithOptions(
      'countOldMessages',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.countOldMessages(number, days, abort),
      countOf,
    );
  }

  /**
   * Deletes old messages, in small batches between which other writers can proceed.
   *
   * @param days Minimum age in days of 24 hours, 1 to 3,650,000; 30 by default.
   * @param options An abort signal. Batches that were deleted before the abort stay deleted.
   * @returns The number of deleted messages.
   * @throws `CHATKEEP_INVALID_INPUT` if `days` is out of range. Nothing is deleted.
   */
  deleteOldMessages(days?: number, options?: Abortable): Promise<number> {
    return callWithOptions(
      'deleteOldMessages',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.deleteOldMessages(number, days, abort),
      countOf,
    );
  }

  /**
   * Returns training data: matching messages with a response, oldest first, as JSON Lines.
   *
   * @param format The format; OpenAI's by default.
   * @param options The filter.
   * @returns One JSON object per line.
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
    return callWithOptions(
      'exportForFineTuning',
      options,
      FILTER,
      (number, checked, abort) => {
        const filter = filterArgs('exportForFineTuning', checked);
        return this.#store.exportForFineTuning(number, format, ...filter, abort);
      },
      identity<string>,
    );
  }

  /**
   * Returns training data as a stream, in constant memory. Each item is a line with its line feed.
   *
   * @param format The format; OpenAI's by default.
   * @param options The filter.
   *
   * @example
   * ```ts
   * import { createWriteStream } from 'node:fs';
   * import { pipeline } from 'node:stream/promises';
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage({ message: 'q', response: 'a' });
   * await pipeline(messageLogger.exportStream('sharegpt'), createWriteStream('training.jsonl'));
   * ```
   */
  exportStream(format?: FineTuningFormat, options?: MessageFilter & Abortable): Readable {
    const lines = iteration.trainingLines(this.#store, format, options);
    return Readable.from(lines, { highWaterMark: STREAM_BUFFER });
  }

  /**
   * Compares the totals that `getAnalytics` reads with the sums of all messages. Changes nothing.
   *
   * @param options An abort signal.
   * @returns The comparison; its `differences` are empty if the totals are correct.
   */
  checkTotals(options?: Abortable): Promise<TotalsCheck> {
    return callWithOptions(
      'checkTotals',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.checkTotals(number, abort),
      totalsOf,
    );
  }

  /**
   * Recounts the totals from all messages, for use after another program modified rows.
   *
   * @param options An abort signal. After an abort, a later call starts the count again.
   */
  rebuildTotals(options?: Abortable): Promise<void> {
    return callWithOptions(
      'rebuildTotals',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.rebuildTotals(number, abort),
      noResult,
    );
  }

  /**
   * Waits until all earlier calls have finished and the times of last token use are recorded.
   *
   * @param options A timeout, 30 s by default, and an abort signal.
   * @throws `CHATKEEP_UNAVAILABLE` after the timeout. Unfinished calls continue.
   */
  flush(options?: FlushOptions): Promise<void> {
    return flush(this.#store, options);
  }
}
