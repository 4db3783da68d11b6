/** Messages, filters and statistics. */

import type { Abortable, TimestampInput } from './options.js';

/** A format of training data: OpenAI, Stanford Alpaca or ShareGPT. All are JSON Lines. */
export type FineTuningFormat = 'jsonl' | 'alpaca' | 'sharegpt';

/** A logged message. */
export interface Message {
  readonly id: number;
  /**
   * Time of the message. A `Date` shows only milliseconds, but if you pass it back as an argument,
   * the stored microseconds are kept.
   */
  readonly timestamp: Date;
  readonly userMessage: string;
  readonly botResponse: string | null;
  readonly provider: string | null;
  readonly model: string | null;
  readonly tokensUsed: number | bigint | null;
  /** Metadata. Integers beyond 2^53 are `bigint`s, which JSON represents as strings of digits. */
  // biome-ignore lint/suspicious/noExplicitAny: metadata is any JSON
  readonly metadata: Record<string, any> | null;
}

/** The optional keys of a new message. */
interface MessageParts {
  /** The bot's response, if any. */
  readonly response?: string | null | undefined;
  /** Name of the provider, at most 50 characters. */
  readonly provider?: string | null | undefined;
  /** Name of the model, at most 100 characters. */
  readonly model?: string | null | undefined;
  /** Number of tokens that the exchange used. */
  readonly tokensUsed?: number | bigint | null | undefined;
  /** Any JSON object, nested at most 30 levels deep. A 64-bit `bigint` is stored exactly. */
  readonly metadata?: object | null | undefined;
  /** Time of the message; the current time by default. */
  readonly timestamp?: TimestampInput | null | undefined;
}

/**
 * A message to log: with the keys `message` and `response`, or with `userMessage` and
 * `botResponse`, as `getMessages` returns it.
 */
export type NewMessage =
  | (MessageParts & {
      /** The user's message. */
      readonly message: string;
    })
  | (Omit<MessageParts, 'response'> & {
      readonly userMessage: string;
      readonly botResponse?: string | null | undefined;
      /** Ignored: the database assigns a new id. */
      readonly id?: number | bigint | undefined;
    });

/** A filter of messages. All conditions must match. */
export interface MessageFilter {
  /** Exact name of the provider. */
  readonly provider?: string | null | undefined;
  /** Exact name of the model. */
  readonly model?: string | null | undefined;
  /** Earliest timestamp, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** Latest timestamp, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
  /** Metadata keys with their exact values. */
  readonly metadata?:
    | Readonly<Record<string, string | number | bigint | boolean | null>>
    | null
    | undefined;
}

/** Options that select a page of messages. */
export interface PageOptions extends Abortable {
  /** Maximum number of messages, 1 to 10,000. */
  readonly limit?: number | undefined;
  /** Number of messages to skip. */
  readonly offset?: number | undefined;
  /**
   * Continues after this message or after a cursor of `cursorAfter`. Messages that are logged or
   * deleted between two pages do not shift the next page.
   */
  readonly cursor?: string | Message | null | undefined;
}

/** Options of an iteration: a filter of messages, and their order. */
export interface IterationOptions extends MessageFilter, Abortable {
  /** Whether the oldest message is first. Default: the newest is first. */
  readonly oldestFirst?: boolean | undefined;
}

/** A period of time. */
export interface SpanOptions extends Abortable {
  /** Start of the period, inclusive. */
  readonly startDate?: TimestampInput | null | undefined;
  /** End of the period, inclusive. */
  readonly endDate?: TimestampInput | null | undefined;
}

/** Statistics of the messages in a period. */
export interface Analytics {
  readonly totalMessages: number;
  readonly totalTokens: number | bigint;
  /** Average over the messages that have a token count; `null` if there are none. */
  readonly averageTokens: number | null;
  /** Number of messages per provider; `unknown` for messages without one. */
  readonly providers: Readonly<Record<string, number>>;
  /** Number of messages per model; `unknown` for messages without one. */
  readonly models: Readonly<Record<string, number>>;
  /** Number of messages per day in UTC, as `YYYY-MM-DD`. */
  readonly byDate: Readonly<Record<string, number>>;
}

/** Sums over messages. */
export interface Sums {
  /** Number of messages. */
  readonly messages: number;
  /** Number of messages with a token count. */
  readonly withTokens: number;
  /** Total number of tokens. */
  readonly tokens: number | bigint;
}

/** Stored totals that differ from the messages. */
export interface TotalsDifference {
  /** Start of the period. */
  readonly start: Date;
  /** Length of the period in hours: 1, 24 (a day) or 720 (30 days). */
  readonly hours: number;
  /** Provider, or `unknown`. */
  readonly provider: string;
  /** Model, or `unknown`. */
  readonly model: string;
  /** Stored sums. */
  readonly kept: Sums;
  /** Actual sums of the messages. */
  readonly found: Sums;
}

/** The result of comparing the totals with the messages. */
export interface TotalsCheck {
  /** Number of messages that should be in the totals. */
  readonly counted: number;
  /** Number of messages that are not counted yet. Statistics read these rows directly. */
  readonly uncounted: number;
  /** Differences. Empty if the totals are correct. */
  readonly differences: readonly TotalsDifference[];
}
