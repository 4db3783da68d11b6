/** Conversion of parsed JSON to results: integers, timestamps, binary data, secrets and pages. */

import { inspect } from 'node:util';
import { jsonReady, withJsonForm } from './json.js';
import { restoreBigints } from './metadata.js';
import { preciseDate } from './timestamps.js';
import type { Message } from './types.js';

export { jsonReady };

/** An integer. One that is too large for a number is a string of its digits, after a mark. */
type RawInteger = number | string;

/**
 * Columns of messages, with one item per row. `micros` are the microseconds within the millisecond
 * of `timestamp`. `large` lists the indexes of the rows whose metadata has integers beyond 2^53.
 */
interface Columns {
  id: RawInteger[];
  timestamp: number[];
  micros: number[];
  userMessage: string[];
  botResponse: (string | null)[];
  provider: (string | null)[];
  model: (string | null)[];
  tokensUsed: (RawInteger | null)[];
  metadata: (Record<string, unknown> | null)[];
  large: number[];
  details: DetailColumns | null;
}

/** Columns of conversation, user and usage. A column without values is empty. */
interface DetailColumns {
  conversationId: RawInteger[];
  userId: RawInteger[];
  inputTokens: RawInteger[];
  outputTokens: RawInteger[];
  cachedTokens: RawInteger[];
  reasoningTokens: RawInteger[];
  latencyMs: RawInteger[];
  ttftMs: RawInteger[];
  cost: string[];
  status: Message['status'][];
  error: string[];
}

/** The columns of a page in which no message has a conversation, a user or usage. */
const NO_DETAILS: DetailColumns = {
  conversationId: [],
  userId: [],
  inputTokens: [],
  outputTokens: [],
  cachedTokens: [],
  reasoningTokens: [],
  latencyMs: [],
  ttftMs: [],
  cost: [],
  status: [],
  error: [],
};

/** Converts an integer to a number, or to a `bigint` if it is too large. */
export function integer<T = number | bigint | null>(raw: unknown): T {
  return (typeof raw === 'string' ? BigInt(raw.slice(1)) : raw) as T;
}

/** Converts a marked integer beyond 2^53. Other JSON values are returned unchanged. */
export function jsonOf(raw: unknown): unknown {
  return typeof raw === 'string' && raw.startsWith('\0') ? BigInt(raw.slice(1)) : raw;
}

/**
 * Converts text such as `2024-02-29T11:00:00.123456+00:00` to a `Date` that keeps the microseconds.
 * All timestamps have this form; `Date.parse` takes 0.45 us for it, and this function 0.05 us.
 */
export function timestampOf(raw: string): Date {
  const milliseconds = Date.UTC(
    digits(raw, 0) * 100 + digits(raw, 2),
    digits(raw, 5) - 1,
    digits(raw, 8),
    digits(raw, 11),
    digits(raw, 14),
    digits(raw, 17),
    digits(raw, 20) * 10 + digit(raw, 22),
  );
  return preciseDate(milliseconds, digits(raw, 23) * 10 + digit(raw, 25));
}

/** Returns the number that two digits of the text represent, from `index` on. */
function digits(text: string, index: number): number {
  return digit(text, index) * 10 + digit(text, index + 1);
}

function digit(text: string, index: number): number {
  return text.charCodeAt(index) - 48;
}

/** Converts base64 text to the binary data. */
export function bytesOf(raw: string): Buffer {
  return Buffer.from(raw, 'base64');
}

/** Converts a value unless it is null. */
export function optional<R, T>(raw: R | null, convert: (raw: R) => T): T | null {
  return raw === null ? null : convert(raw);
}

/** Converts the values of an object. */
export function mapValues<T>(
  raw: Record<string, unknown>,
  convert: (raw: unknown) => T,
): Record<string, T> {
  for (const key of Object.keys(raw)) raw[key] = convert(raw[key]);
  return jsonReady(raw) as Record<string, T>;
}

/** Returns the start of a token of chatkeep, which identifies it. Of other secrets, it shows nothing. */
function shownSecret(secret: unknown): string {
  const isToken = /^c[ks]_[0-9A-Za-z]{49}$/.test(String(secret));
  return isToken ? `${String(secret).slice(0, 8)}…` : '…';
}

/** Makes `util.inspect` show at most the start of secrets. */
export function secretive<T extends object>(value: T, secrets: readonly (keyof T)[]): T {
  return Object.defineProperty(value, inspect.custom, {
    value(this: T) {
      const shown = { ...this };
      for (const secret of secrets) {
        Object.assign(shown, { [secret]: shownSecret(this[secret]) });
      }
      return shown;
    },
  });
}

/** Returns the function that decodes a record. */
export function recordOf<T>(convert: (raw: never) => T): (json: string) => T {
  return (json) => convert(JSON.parse(json) as never);
}

/** Returns the function that decodes a record or nothing. */
export function optionalOf<T>(convert: (raw: never) => T): (json: string | null) => T | null {
  return (json) => (json === null ? null : convert(JSON.parse(json) as never));
}

/** Returns the function that decodes a list. */
export function listOf<T>(convert: (raw: never) => T): (json: string) => T[] {
  return (json) => jsonReady((JSON.parse(json) as never[]).map((raw) => convert(raw)));
}

/** Decodes a page. All messages have their keys in the same order, which engines optimize for. */
export function messagesOf(json: string): Message[] {
  const columns = JSON.parse(json) as Columns;
  const { id, timestamp, micros, userMessage, botResponse, provider, model, tokensUsed, metadata } =
    columns;
  const details = columns.details ?? NO_DETAILS;
  const messages: Message[] = new Array(id.length);
  for (let row = 0; row < id.length; row += 1) {
    messages[row] = {
      id: integer(id[row]),
      timestamp: preciseDate(timestamp[row] as number, micros[row] as number),
      userMessage: userMessage[row] as string,
      botResponse: botResponse[row] as string | null,
      provider: provider[row] as string | null,
      model: model[row] as string | null,
      tokensUsed: integer(tokensUsed[row]),
      metadata: metadata[row] as Record<string, unknown> | null,
      conversationId: integer(details.conversationId[row] ?? null),
      userId: integer(details.userId[row] ?? null),
      inputTokens: integer(details.inputTokens[row] ?? null),
      outputTokens: integer(details.outputTokens[row] ?? null),
      cachedTokens: integer(details.cachedTokens[row] ?? null),
      reasoningTokens: integer(details.reasoningTokens[row] ?? null),
      cost: details.cost[row] ?? null,
      latencyMs: integer(details.latencyMs[row] ?? null),
      ttftMs: integer(details.ttftMs[row] ?? null),
      status: details.status[row] ?? null,
      error: details.error[row] ?? null,
    };
    const isLarge = typeof id[row] === 'string' || typeof tokensUsed[row] === 'string';
    if (isLarge || (columns.details !== null && hasLargeInteger(details, row))) {
      withJsonForm(messages[row] as Message);
    }
  }
  for (const row of columns.large) {
    restoreBigints(metadata[row] as object);
    withJsonForm(messages[row] as Message);
  }
  return messages;
}

/** Returns whether an integer of a row is too large for a number. */
function hasLargeInteger(details: DetailColumns, row: number): boolean {
  return (
    typeof details.conversationId[row] === 'string' ||
    typeof details.userId[row] === 'string' ||
    typeof details.inputTokens[row] === 'string' ||
    typeof details.outputTokens[row] === 'string' ||
    typeof details.cachedTokens[row] === 'string' ||
    typeof details.reasoningTokens[row] === 'string' ||
    typeof details.latencyMs[row] === 'string' ||
    typeof details.ttftMs[row] === 'string'
  );
}

/** Decodes a message or nothing. */
export function optionalMessageOf(json: string | null): Message | null {
  return json === null ? null : (messagesOf(json)[0] ?? null);
}
