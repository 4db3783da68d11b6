/** From the addon's JSON to what callers get. */

import { inspect } from 'node:util';
import { jsonReady, withJsonForm } from './json.js';
import { restoreBigints } from './metadata.js';
import { dateOf, momentOf } from './moments.js';
import type {
  Analytics,
  CreatedToken,
  HistoryEntry,
  ImportReport,
  Message,
  MigrateAnswers,
  MigrateVerb,
  MigrationStatus,
  Sums,
  TokenCheck,
  TokenInfo,
  TotalsCheck,
} from './types.js';

/** A whole number, as its digits where it is too large for a number. */
type Whole = number | string;

/** Columns of messages, each as long as there are rows. */
interface Columns {
  id: Whole[];
  timestamp: number[];
  micros: number[];
  userMessage: string[];
  botResponse: (string | null)[];
  provider: (string | null)[];
  model: (string | null)[];
  tokensUsed: (Whole | null)[];
  metadata: (Record<string, unknown> | null)[];
  large: number[];
}

/** A whole number. */
export function integer<T extends Whole | null>(number: T): Exclude<T, string> {
  return (typeof number === 'string' ? BigInt(number) : number) as Exclude<T, string>;
}

/** The messages of a page: each with its keys in the same order, which is what makes them cheap. */
export function messagesOf(json: string): Message[] {
  const columns = JSON.parse(json) as Columns;
  const { id, timestamp, micros, userMessage, botResponse, provider, model, tokensUsed, metadata } =
    columns;
  const messages: Message[] = new Array(id.length);
  for (let row = 0; row < id.length; row += 1) {
    messages[row] = {
      id: integer(id[row] as Whole) as number,
      timestamp: momentOf(timestamp[row] as number, micros[row] as number),
      userMessage: userMessage[row] as string,
      botResponse: botResponse[row] as string | null,
      provider: provider[row] as string | null,
      model: model[row] as string | null,
      tokensUsed: integer(tokensUsed[row] as Whole | null),
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
  return jsonReady((JSON.parse(json) as Whole[]).map((id) => integer(id) as number));
}

export function analyticsOf(json: string): Analytics {
  const all = JSON.parse(json) as Analytics;
  return jsonReady({ ...all, totalTokens: integer(all.totalTokens as Whole) });
}

export function totalsOf(json: string): TotalsCheck {
  const check = JSON.parse(json) as TotalsCheck;
  const sums = (given: Sums): Sums =>
    jsonReady({ ...given, tokens: integer(given.tokens as Whole) });
  const differences = check.differences.map((difference) => ({
    ...difference,
    start: new Date(difference.start),
    kept: sums(difference.kept),
    found: sums(difference.found),
  }));
  return { ...check, differences };
}

/** The same with milliseconds for each `Date`. */
type Raw<T> = {
  [K in keyof T]: T[K] extends Date ? number : T[K] extends Date | null ? number | null : T[K];
};

function tokenOf(raw: Raw<TokenInfo>): TokenInfo {
  return jsonReady({
    ...raw,
    id: integer(raw.id as Whole) as number,
    tokenId: integer(raw.tokenId as Whole) as number,
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

/** A plain object, but for what `util.inspect` shows of it. */
export function createdToken(json: string): CreatedToken {
  const raw = JSON.parse(json) as Raw<CreatedToken>;
  const created: CreatedToken = jsonReady({
    ...raw,
    id: integer(raw.id as Whole) as number,
    tokenId: integer(raw.tokenId as Whole) as number,
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

/** What the answer to a verb is made of: only some hold moments. */
export function migrateAnswer<V extends MigrateVerb>(verb: V, json: string): MigrateAnswers[V] {
  const answer = JSON.parse(json);
  if (verb === 'current') return statusOf(answer);
  if (verb === 'history') {
    return { migrations: answer.migrations.map(historyEntry) } as MigrateAnswers[V];
  }
  return answer;
}

export function importReport(json: string): ImportReport {
  const report = JSON.parse(json) as ImportReport;
  const problems = report.problems.map((problem) =>
    jsonReady({ ...problem, row: integer(problem.row as Whole) }),
  );
  return { ...report, problems };
}
