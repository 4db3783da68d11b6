/** The message log. */

import { Readable } from 'node:stream';
import type { MessagePages, Store } from './addon.js';
import { type Answer, abortable, ask, call, made, nothing, now, same } from './calls.js';
import { conditions, place } from './filters.js';
import { given } from './moments.js';
import { manyPartsOf, partsOf, respelled, type Spelling } from './new_message.js';
import { optionsOf } from './options.js';
import { analyticsOf, idsOf, integer, messagesOf, optionalMessage, totalsOf } from './rows.js';
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
import { type FlushOptions, flush } from './waiting.js';

const SIGNAL = new Set(['signal']);
const SPAN = new Set(['startDate', 'endDate', 'signal']);
const SEARCH = new Set(['limit', 'offset', 'cursor', 'signal']);
const FILTER = new Set(['provider', 'model', 'startDate', 'endDate', 'metadata', 'signal']);
const PAGE = new Set([...SEARCH, ...FILTER]);
const ITERATION = new Set([...FILTER, 'oldestFirst']);

/** Objects that a stream keeps ready. */
const READY = 64;

/**
 * Logs messages, and answers questions about them.
 *
 * A call that fails rejects with a {@link ChatkeepError}; what it is given is looked at before anything is asked of the database.
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
   * Logs a message. Calls that are made while another is being written share a transaction.
   *
   * @param message The message; a string alone is one without anything else.
   * @returns The id, once the message is stored for good.
   * @throws `CHATKEEP_INVALID_INPUT` when a value cannot be stored; `field` names it. `CHATKEEP_OUTCOME_UNKNOWN` when the
   * connection broke before the database confirmed: look before you try again. After all others nothing is stored.
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
    const spelling: Spelling = { written: undefined };
    const begin = (number: number) =>
      this.#store.logMessage(number, ...partsOf('logMessage', message, spelling));
    return respelled(call(begin, counted), spelling);
  }

  /**
   * Logs all these messages or none.
   *
   * @param messages The messages, with the names of `logMessage`, or as `getMessages` returns them.
   * @returns The ids, in the same order.
   * @throws `CHATKEEP_INVALID_INPUT` when one of them cannot be stored; `field` says where it is, as `messages[3].provider`.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * const ids = await messageLogger.logMessages([{ message: 'a' }, { message: 'b', response: 'c' }]);
   * console.log(ids); // [ 1, 2 ]
   * ```
   */
  logMessages(messages: Iterable<NewMessage>): Promise<number[]> {
    const spelling: Spelling = { written: undefined };
    const begin = (number: number) =>
      this.#store.logMessages(number, manyPartsOf('logMessages', messages, spelling));
    return respelled(call(begin, idsOf), spelling);
  }

  /**
   * A page of the messages that match, newest first.
   *
   * @param options Which messages, and which part of them: 100 where nothing is said.
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
    return ask(
      'getMessages',
      options,
      PAGE,
      (number, asked, abort) => {
        const { limit, offset } = asked;
        const cursor = this.#cursor('getMessages', asked);
        const filter = conditions('getMessages', asked);
        return this.#store.getMessages(number, limit, offset, cursor, ...filter, abort);
      },
      messagesOf,
    );
  }

  /** Another name for {@link MessageLogger.getMessages}. */
  retrieveMessages(options?: MessageFilter & PageOptions): Promise<Message[]> {
    return this.getMessages(options);
  }

  /**
   * The place behind a message, as a text that can be given to others, for example in a link to the next page.
   *
   * @param message A message as `getMessages` returned it.
   * @returns What `getMessages` takes as `cursor`.
   * @throws ChatkeepError when that is no such message. It is thrown at once: nothing is waited for.
   */
  cursorAfter(message: Message): string {
    return this.#cursorAfter('cursorAfter', 'message', message);
  }

  /**
   * The message with this id.
   *
   * @param id The message's id.
   * @param options What breaks the call off.
   * @returns The message, or `null` when there is none. A database that does not answer rejects.
   */
  getMessageById(id: number | bigint, options?: Abortable): Promise<Message | null> {
    return ask(
      'getMessageById',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.getMessageById(number, id, abort),
      optionalMessage,
    );
  }

  /**
   * How many messages match.
   *
   * @param options Which messages.
   */
  getMessageCount(options?: MessageFilter & Abortable): Promise<number> {
    return ask(
      'getMessageCount',
      options,
      FILTER,
      (number, asked, abort) => {
        const filter = conditions('getMessageCount', asked);
        return this.#store.getMessageCount(number, ...filter, abort);
      },
      counted,
    );
  }

  /**
   * All messages that match, one by one and in flat memory.
   *
   * They are fetched some hundred at a time; each message that is there all the while comes exactly once, whatever is logged
   * or deleted meanwhile.
   *
   * @param options Which messages, and in which order.
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
  async *iterMessages(options?: IterationOptions): AsyncGenerator<Message, void, undefined> {
    const asked = optionsOf('iterMessages', options, ITERATION);
    const { oldestFirst, signal } = asked;
    const filter = conditions('iterMessages', asked);
    const pages = made<MessagePages>(this.#store.iterMessages(...filter, oldestFirst));
    for (;;) {
      const page = await nextPage('iterMessages', pages, signal, messagesOf);
      if (page === null) return;
      for (const message of page) yield message;
    }
  }

  /**
   * The same as a stream of objects.
   *
   * @param options Which messages, and in which order.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
   * await messageLogger.logMessage('a');
   * for await (const message of messageLogger.messageStream()) console.log(message.userMessage); // a
   * ```
   */
  messageStream(options?: IterationOptions): Readable {
    return Readable.from(this.iterMessages(options), { highWaterMark: READY });
  }

  /**
   * Messages whose text or answer contains this text, upper and lower case alike, newest first.
   *
   * @param query 1 to 1,000 characters. `%`, `_` and `\` are plain characters.
   * @param options Which part of them: 50 where nothing is said.
   */
  searchMessages(query: string, options?: PageOptions): Promise<Message[]> {
    return ask(
      'searchMessages',
      options,
      SEARCH,
      (number, asked, abort) => {
        const { limit, offset } = asked;
        const cursor = this.#cursor('searchMessages', asked);
        return this.#store.searchMessages(number, query, limit, offset, cursor, abort);
      },
      messagesOf,
    );
  }

  /**
   * Totals by provider, model and day.
   *
   * @param options The span of time, both ends included; all messages where nothing is said.
   */
  getAnalytics(options?: SpanOptions): Promise<Analytics> {
    return ask(
      'getAnalytics',
      options,
      SPAN,
      (number, { startDate, endDate }, abort) =>
        this.#store.getAnalytics(number, given(startDate), given(endDate), abort),
      analyticsOf,
    );
  }

  /**
   * How many messages {@link MessageLogger.deleteOldMessages} would delete.
   *
   * @param days See there.
   * @param options What breaks the call off.
   */
  countOldMessages(days?: number, options?: Abortable): Promise<number> {
    return ask(
      'countOldMessages',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.countOldMessages(number, days, abort),
      counted,
    );
  }

  /**
   * Deletes the messages that are older than so many days of 24 hours, in small batches that others can write between.
   *
   * @param days 1 or more; 30 where nothing is said.
   * @param options What breaks it off; what was deleted by then is gone.
   * @returns How many were deleted.
   * @throws `CHATKEEP_INVALID_INPUT` when `days` is not 1 to 3,650,000. Nothing is deleted.
   */
  deleteOldMessages(days?: number, options?: Abortable): Promise<number> {
    return ask(
      'deleteOldMessages',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.deleteOldMessages(number, days, abort),
      counted,
    );
  }

  /**
   * The messages that match and have an answer, oldest first, as JSON Lines that models are trained with.
   *
   * @param format The form; OpenAI's where nothing is said.
   * @param options Which messages.
   * @returns One object a line.
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
    return ask(
      'exportForFineTuning',
      options,
      FILTER,
      (number, asked, abort) => {
        const filter = conditions('exportForFineTuning', asked);
        return this.#store.exportForFineTuning(number, format, ...filter, abort);
      },
      same<string>,
    );
  }

  /**
   * The same as a stream, in flat memory: each object of it is a line with its line feed.
   *
   * @param format The form; OpenAI's where nothing is said.
   * @param options Which messages.
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
    return Readable.from(this.#lines(format, options), { highWaterMark: READY });
  }

  async *#lines(format: unknown, options: unknown): AsyncGenerator<string, void, undefined> {
    const asked = optionsOf('exportForFineTuning', options, FILTER);
    const { signal } = asked;
    const filter = conditions('exportForFineTuning', asked);
    const pages = made<MessagePages>(this.#store.exportPages(format, ...filter));
    const linesOf = (json: string) => JSON.parse(json) as string[];
    for (;;) {
      const page = await nextPage('exportForFineTuning', pages, signal, linesOf);
      if (page === null) return;
      for (const line of page) yield `${line}\n`;
    }
  }

  /**
   * Adds all messages up anew, and compares the result with the totals that `getAnalytics` reads. Nothing changes.
   *
   * @param options What breaks the call off.
   * @returns `counted`, `uncounted`, and `differences`, which is empty when all is well.
   */
  checkTotals(options?: Abortable): Promise<TotalsCheck> {
    return ask(
      'checkTotals',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.checkTotals(number, abort),
      totalsOf,
    );
  }

  /**
   * Forgets the totals, and counts all messages anew: after other programs changed or deleted rows.
   *
   * @param options What breaks the call off; calling it again begins anew.
   */
  rebuildTotals(options?: Abortable): Promise<void> {
    return ask(
      'rebuildTotals',
      options,
      SIGNAL,
      (number, _, abort) => this.#store.rebuildTotals(number, abort),
      nothing,
    );
  }

  /**
   * Waits until everything that was handed in before has ended, and the noting of when tokens were used.
   *
   * @param options For how long: 30 s where nothing is said.
   * @throws `CHATKEEP_UNAVAILABLE` when it takes longer. What has not ended goes on.
   */
  flush(options?: FlushOptions): Promise<void> {
    return flush(this.#store, options);
  }

  #cursor(operation: string, { cursor }: { readonly cursor?: unknown }): unknown {
    const isPlace = typeof cursor === 'object' && cursor !== null;
    return isPlace ? this.#cursorAfter(operation, 'cursor', cursor) : cursor;
  }

  #cursorAfter(operation: string, field: string, message: unknown): string {
    return now<string>(this.#store.cursorAfter(...place(operation, field, message)));
  }
}

function counted(answer: number | string): number {
  return integer(answer) as number;
}

function nextPage<T>(
  operation: string,
  pages: MessagePages,
  signal: unknown,
  give: (json: string) => T[],
): Promise<T[] | null> {
  const begin = (number: number, abort?: Parameters<MessagePages['nextPage']>[1]) =>
    pages.nextPage(number, abort);
  const page = (answer: string | null) => (answer === null ? null : give(answer));
  return abortable<Answer & (string | null), T[] | null>(operation, signal, begin, page);
}
