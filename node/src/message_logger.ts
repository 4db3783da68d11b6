/** The parts of the message log that only JavaScript has: streams, and cursors of messages. */

import { Readable } from 'node:stream';
import { noResult } from './calls.js';
import { cursorAfter } from './cursors.js';
import * as iteration from './iteration.js';
import { metadataText } from './metadata.js';
import { OperationGroup, operation, storeOf } from './operations.js';
import { timestampArg } from './timestamps.js';
import { flush } from './tuned.js';
import type {
  Abortable,
  FineTuningFormat,
  FlushOptions,
  IterationOptions,
  Message,
  MessageFilter,
} from './types.js';

/** Maximum number of objects that a stream buffers. Node's default for `Readable.from` is 1. */
const STREAM_BUFFER = 64;

const FLUSH = operation('store', 'flush', 'flush', ['timeout'], noResult);
const EXPORT = {
  name: 'exportForFineTuning',
  options: new Set([
    'provider',
    'model',
    'startDate',
    'endDate',
    'metadata',
    'conversationId',
    'userId',
    'signal',
  ]),
};

/** The methods of {@link MessageLogger} besides its operations. */
export abstract class MessageLoggerBase extends OperationGroup {
  /** Iterates over messages. */
  abstract iterMessages(options?: IterationOptions): AsyncGenerator<Message, void, undefined>;

  /**
   * Returns the cursor after a message as a string, for example for a link to the next page.
   *
   * @param message A message as `getMessages` returned it.
   * @returns A `cursor` for `getMessages` and `searchMessages`.
   * @throws ChatkeepError if the argument is not such a message. It is thrown synchronously.
   */
  cursorAfter(message: Message): string {
    return cursorAfter('cursorAfter', 'message', message);
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
    const lines = iteration.trainingLines(
      storeOf(this),
      EXPORT,
      options,
      ({ provider, model, startDate, endDate, metadata, conversationId, userId }) => [
        format,
        provider,
        model,
        timestampArg(startDate),
        timestampArg(endDate),
        metadataText(EXPORT.name, metadata),
        conversationId,
        userId,
      ],
    );
    return Readable.from(lines, { highWaterMark: STREAM_BUFFER });
  }

  /**
   * Waits for all earlier calls, as {@link Chatkeep.flush} does.
   *
   * @param options Options: `timeout`, 30 s by default, and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the timeout expired. Unfinished calls continue.
   */
  flush(options?: FlushOptions): Promise<void> {
    return flush(this, FLUSH, options, ({ timeout }) => [timeout]);
  }
}
