/**
 * What the web integrations share: what a request is told, without any framework.
 *
 * A token that is refused is told so (401, as RFC 6750 wants it). A database that does not answer is never a verdict on a
 * token: that is 503, with `Retry-After`.
 */

import type {
  Chatkeep,
  ChatkeepError,
  Health,
  PoolStatus,
  TokenCheck,
  TokenInfo,
} from './index.js';

/** Seconds after which a caller may try again: a database that is back is used again within two. */
export const RETRY_AFTER = 5;

/** Where the health check is when nobody says otherwise. */
export const HEALTH_PATH = '/health/db-pool';

/** Seconds after which a database that has not answered counts as down. */
export const HEALTH_TIMEOUT = 5;

/** What passes when a caller tries again. */
const TEMPORARY = new Set(['CHATKEEP_UNAVAILABLE', 'CHATKEEP_POOL_TIMEOUT', 'CHATKEEP_CONFLICT']);

const REASONS: Readonly<Record<string, string>> = {
  malformed: 'The token is malformed',
  unknown: 'The token is unknown',
  revoked: 'The token was revoked',
  expired: 'The token has expired',
};

/** An answer that is no success. */
export interface Refusal {
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** What was found of the token that a request brought. */
export type Verdict = { readonly token: TokenInfo } | { readonly refusal: Refusal };

/** Where it is noted why a request was answered with 503. */
export type Report = (told: string) => void;

/** The calls of a store that a guard and a health check make. */
export interface Guarded {
  readonly tokenManager: Pick<Chatkeep['tokenManager'], 'checkToken'>;
}

/** The calls of a store that a health check makes. */
export interface Monitored {
  readonly dbManager: Pick<Chatkeep['dbManager'], 'dbType' | 'health' | 'poolStatus'>;
}

/** What `/health/db-pool` answers, in every language that chatkeep speaks; `error` is the kind of the error. */
export interface DatabaseHealth {
  readonly status: 'healthy' | 'unhealthy';
  readonly engine: string;
  readonly latency_ms: number | null;
  readonly schema: string | null;
  readonly error: string | null;
  readonly pool: {
    readonly pool_size: number;
    readonly checked_in: number;
    readonly checked_out: number;
    readonly overflow: number;
    readonly total: number;
    readonly max: number;
    readonly waiting: number;
  };
}

/** The token in an `Authorization` header, if there is one. */
export function presentedToken(authorization: string | undefined): string | undefined {
  const header = authorization?.trim() ?? '';
  // No regular expression: anybody may send kilobytes of spaces.
  const end = header.indexOf(' ');
  if (header.slice(0, Math.max(end, 0)).toLowerCase() !== 'bearer') return undefined;
  return header.slice(end).trim() || undefined;
}

/** Checks the token of a request. Rejects with what is neither the token's fault nor passes by itself. */
export async function checked(
  chat: Guarded,
  authorization: string | undefined,
  retryAfter: number,
  report: Report,
): Promise<Verdict> {
  const token = presentedToken(authorization);
  if (token === undefined) return { refusal: noToken() };
  try {
    return judged(await chat.tokenManager.checkToken(token));
  } catch (error) {
    if (!TEMPORARY.has(codeOf(error) ?? '')) throw error;
    return { refusal: unavailable(error, retryAfter, report) };
  }
}

/** What to answer to an error of chatkeep's; nothing for all that is no caller's business. */
export function refusalOf(error: unknown, retryAfter: number, report: Report): Refusal | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (TEMPORARY.has(code)) return unavailable(error, retryAfter, report);
  if (code === 'CHATKEEP_OUTCOME_UNKNOWN') return outcomeUnknown(error, report);
  if (code === 'CHATKEEP_INVALID_INPUT') return invalidInput(error as ChatkeepError);
  return undefined;
}

/** Whether the database answers in time, and the pool's figures. */
export async function databaseHealth(chat: Monitored, timeout: number): Promise<DatabaseHealth> {
  const manager = chat.dbManager;
  const signal = AbortSignal.timeout(timeout * 1000);
  try {
    return healthy(await manager.health({ signal }));
  } catch (error) {
    const code = error === signal.reason ? 'CHATKEEP_UNAVAILABLE' : codeOf(error);
    if (code === undefined) throw error;
    return unhealthy(code, manager.dbType, manager.poolStatus());
  }
}

/** The status and headers of a health check. */
export function healthAnswer(health: DatabaseHealth): Pick<Refusal, 'status' | 'headers'> {
  if (health.status === 'healthy') return { status: 200, headers: {} };
  return { status: 503, headers: { 'Retry-After': String(RETRY_AFTER) } };
}

/** For a request without a token: RFC 6750 wants no error code then. */
function noToken(): Refusal {
  return {
    status: 401,
    detail: 'A bearer token is needed',
    headers: { 'WWW-Authenticate': 'Bearer' },
  };
}

/** The record of a valid token, or what is wrong with it. */
function judged(check: TokenCheck): Verdict {
  if (check.valid && check.token) return { token: check.token };
  const detail = REASONS[check.reason] ?? 'The token is not valid';
  const challenge = `Bearer error="invalid_token", error_description="${detail}"`;
  return { refusal: { status: 401, detail, headers: { 'WWW-Authenticate': challenge } } };
}

/** For a database that does not answer. The cause is for the log, not for the caller. */
function unavailable(error: unknown, retryAfter: number, report: Report): Refusal {
  report(told(error));
  return {
    status: 503,
    detail: 'The database is not available',
    headers: { 'Retry-After': String(retryAfter) },
  };
}

/** For a connection that broke during a write. Nobody is invited to try again: that could store twice. */
function outcomeUnknown(error: unknown, report: Report): Refusal {
  report(told(error));
  return {
    status: 503,
    detail: 'The connection to the database broke; it is not known whether this was stored',
    headers: {},
  };
}

/** For a value that cannot be stored or asked for. */
function invalidInput(error: ChatkeepError): Refusal {
  const loc = error.field ? [error.field] : [];
  const detail = [{ type: 'invalid_input', loc, msg: error.message }];
  return { status: 422, detail, headers: {} };
}

/** Of a database that answers; one whose schema does not fit serves nobody. */
function healthy(health: Health): DatabaseHealth {
  return {
    status: health.ok ? 'healthy' : 'unhealthy',
    engine: health.engine,
    latency_ms: health.latencyMs,
    schema: health.schema,
    error: health.ok ? null : 'Schema',
    pool: figures(health.pool),
  };
}

function unhealthy(code: string, engine: string, pool: PoolStatus): DatabaseHealth {
  return {
    status: 'unhealthy',
    engine,
    latency_ms: null,
    schema: null,
    error: kindOf(code),
    pool: figures(pool),
  };
}

/** The names in the answer are those of every language. */
function figures(pool: PoolStatus): DatabaseHealth['pool'] {
  return {
    pool_size: pool.poolSize,
    checked_in: pool.checkedIn,
    checked_out: pool.checkedOut,
    overflow: pool.overflow,
    total: pool.total,
    max: pool.max,
    waiting: pool.waiting,
  };
}

/** `CHATKEEP_POOL_TIMEOUT` is `PoolTimeout`. */
function kindOf(code: string): string {
  const words = code.replace(/^CHATKEEP_/, '').toLowerCase();
  return words.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** By the code, not by the class: an error may come from another copy of the package. */
function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('CHATKEEP_') ? code : undefined;
}

/** For the log: which call it was, and what happened. No token and no password is in it. */
function told(error: unknown): string {
  const { message, operation } = error as Error & { operation?: string };
  return `answered 503: ${operation || 'the database'}: ${message}`;
}
