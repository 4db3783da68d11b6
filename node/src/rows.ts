/** Decoding of the addon's JSON into results. */

import { inspect } from 'node:util';
import { jsonReady, withJsonForm } from './json.js';
import { restoreBigints } from './metadata.js';
import { dateOf, preciseDate } from './timestamps.js';
import type {
  Analytics,
  CreatedToken,
  HistoryEntry,
  ImportReport,
  Message,
  MigrateResponses,
  MigrateVerb,
  MigrationStatus,
  Sums,
  TokenCheck,
  TokenInfo,
  TotalsCheck,
} from './types.js';

/** An integer; one that is too large for an exact number is a string of its digits. */
type RawInteger = number | string;

/** Columns of messages, with one item per row. `large` is a list of row indexes. */
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
}

/** Decodes an integer to a number or a `bigint`. */
export function integer<T extends RawInteger | null>(number: T): Exclude<T, string> {
  return (typeof number === 'string' ? BigInt(number) : number) as Exclude<T, string>;
}

/** Decodes a count, which is typed as a number. */
export function countOf(count: RawInteger): number {
  return integer(count) as number;
}

/** Decodes a page. All messages have their keys in the same order, which engines optimize for. */
export function messagesOf(json: string): Message[] {
  const columns = JSON.parse(json) as Columns;
  const { id, timestamp, micros, userMessage, botResponse, provider, model, tokensUsed, metadata } =
    columns;
  const messages: Message[] = new Array(id.length);
  for (let row = 0; row < id.length; row += 1) {
    messages[row] = {
      id: integer(id[row] as RawInteger) as number,
      timestamp: preciseDate(timestamp[row] as number, micros[row] as number),
      userMessage: userMessage[row] as string,
      botResponse: botResponse[row] as string | null,
      provider: provider[row] as string | null,
      model: model[row] as string | null,
      tokensUsed: integer(tokensUsed[row] as RawInteger | null),
      metadata: metadata[row] as Record<string, unknown> | null,
    };
    if (typeof id[row] === 'string' || typeof tokensUsed[row] === 'string') {
      withJsonForm(messages[row] as Message);
    }
  }
  for (const row of columns.large) {
    restoreBigints(metadata[row] as object);
    withJsonForm(messages[row] as Message);
  }
  return messages;
}

export function optionalMessage(json: string | null): Message | null {
  return json === null ? null : (messagesOf(json)[0] ?? null);
}

export function idsOf(json: string): number[] {
  return jsonReady((JSON.parse(json) as RawInteger[]).map((id) => integer(id) as number));
}

export function analyticsOf(json: string): Analytics {
  const raw = JSON.parse(json) as Analytics;
  return jsonReady({ ...raw, totalTokens: integer(raw.totalTokens as RawInteger) });
}

export function totalsOf(json: string): TotalsCheck {
  const check = JSON.parse(json) as TotalsCheck;
  const sums = (raw: Sums): Sums =>
    jsonReady({ ...raw, tokens: integer(raw.tokens as RawInteger) });
  const differences = check.differences.map((difference) => ({
    ...difference,
    start: new Date(difference.start),
    kept: sums(difference.kept),
    found: sums(difference.found),
  }));
  return { ...check, differences };
}

/** A result with milliseconds in place of each `Date`. */
type Raw<T> = {
  [K in keyof T]: T[K] extends Date ? number : T[K] extends Date | null ? number | null : T[K];
};

function tokenOf(raw: Raw<TokenInfo>): TokenInfo {
  return jsonReady({
    ...raw,
    id: integer(raw.id as RawInteger) as number,
    tokenId: integer(raw.tokenId as RawInteger) as number,
    createdAt: new Date(raw.createdAt),
    expiresAt: dateOf(raw.expiresAt),
    lastUsedAt: dateOf(raw.lastUsedAt),
  });
}

export function optionalToken(json: string | null): TokenInfo | null {
  return json === null ? null : tokenOf(JSON.parse(json) as Raw<TokenInfo>);
}

export function tokensOf(json: string): TokenInfo[] {
  return (JSON.parse(json) as Raw<TokenInfo>[]).map(tokenOf);
}

/** Decodes a created token. `util.inspect` shows only the start of the token. */
export function createdToken(json: string): CreatedToken {
  const raw = JSON.parse(json) as Raw<CreatedToken>;
  const created: CreatedToken = jsonReady({
    ...raw,
    id: integer(raw.id as RawInteger) as number,
    tokenId: integer(raw.tokenId as RawInteger) as number,
    createdAt: new Date(raw.createdAt),
    expiresAt: dateOf(raw.expiresAt),
  });
  return Object.defineProperty(created, inspect.custom, {
    value(this: CreatedToken) {
      return { ...this, token: `${this.token.slice(0, 8)}…` };
    },
  });
}

export function tokenCheck(json: string): TokenCheck {
  const check = JSON.parse(json) as TokenCheck;
  const token = check.token as Raw<TokenInfo> | null;
  return { ...check, token: token === null ? null : tokenOf(token) };
}

export function migrationStatus(json: string): MigrationStatus {
  return statusOf(JSON.parse(json) as MigrationStatus);
}

function statusOf<S extends MigrationStatus>(status: S): S {
  const applied = status.applied.map((migration) => ({
    ...migration,
    appliedAt: dateOf(migration.appliedAt as number | null),
  }));
  return { ...status, applied };
}

function historyEntry(raw: Raw<HistoryEntry>): HistoryEntry {
  return { ...raw, startedAt: dateOf(raw.startedAt), appliedAt: dateOf(raw.appliedAt) };
}

/** Decodes the result of a verb. Only some contain timestamps. */
export function migrateResponse<V extends MigrateVerb>(verb: V, json: string): MigrateResponses[V] {
  const response = JSON.parse(json);
  if (verb === 'current') return statusOf(response);
  if (verb === 'history') {
    return { migrations: response.migrations.map(historyEntry) } as MigrateResponses[V];
  }
  return response;
}

export function importReport(json: string): ImportReport {
  const report = JSON.parse(json) as ImportReport;
  const problems = report.problems.map((problem) =>
    jsonReady({ ...problem, row: integer(problem.row as RawInteger) }),
  );
  return { ...report, problems };
}
