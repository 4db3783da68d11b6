/**
 * HTTP responses that the web integrations share, independent of a framework.
 *
 * An invalid token results in 401, and a token without a scope in 403, as RFC 6750 requires. A
 * database that does not respond never makes a token invalid: it results in 503 with `Retry-After`.
 */

import type {
  Chatkeep,
  ChatkeepError,
  Health,
  PoolStatus,
  TokenCheck,
  TokenInfo,
} from './index.js';

/** Default `Retry-After` in seconds. The pool uses a recovered database again within two seconds. */
export const RETRY_AFTER = 5;

/** Default path of the health check. */
export const HEALTH_PATH = '/health/db-pool';

/** Default timeout of the health check, in seconds. */
export const HEALTH_TIMEOUT = 5;

/**
 * Codes of errors of a check after which a client may retry. A check of a session may write, because
 * it ends sessions whose replaced secret is used. Its repetition is harmless.
 */
const TEMPORARY = new Set([
  'CHATKEEP_UNAVAILABLE',
  'CHATKEEP_POOL_TIMEOUT',
  'CHATKEEP_CONFLICT',
  'CHATKEEP_OUTCOME_UNKNOWN',
]);

const REASONS: Readonly<Record<string, string>> = {
  malformed: 'The token is malformed',
  unknown: 'The token is unknown',
  revoked: 'The token was revoked',
  expired: 'The token has expired',
  rotated: 'The token was replaced',
  user_inactive: 'The user is not active',
};

/** Options of the responses to requests that fail. */
export interface AnswerOptions {
  /** `Retry-After` in seconds. Default: 5. */
  readonly retryAfter?: number;
}

/** Options of a token check. */
export interface TokenOptions extends AnswerOptions {
  /** Scope that the token must have. */
  readonly scope?: string;
}

/** An error response. */
export interface ErrorResponse {
  readonly status: number;
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** The result of checking a request's token. */
export type Verdict = { readonly token: TokenInfo } | { readonly error: ErrorResponse };

/** Logs why a request was answered with 503. */
export type Report = (message: string) => void;

/** The part of a store that a token check uses. */
export interface Guarded {
  readonly tokenManager: Pick<Chatkeep['tokenManager'], 'checkToken'>;
}

/** The part of a store that a health check uses. */
export interface Monitored {
  readonly dbManager: Pick<Chatkeep['dbManager'], 'dbType' | 'health' | 'poolStatus'>;
}

/**
 * The body of `/health/db-pool`, the same in every language. `error` is the kind of the error, for
 * example `Unavailable`.
 */
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

/** Returns the bearer token of an `Authorization` header, if there is one. */
export function presentedToken(authorization: string | undefined): string | undefined {
  const header = authorization?.trim() ?? '';
  // No regular expression: it could be slow on a header with kilobytes of spaces.
  const end = header.indexOf(' ');
  if (header.slice(0, Math.max(end, 0)).toLowerCase() !== 'bearer') return undefined;
  return header.slice(end).trim() || undefined;
}

/** Checks the token of a request. Rejects with any error that is not temporary. */
export async function checkRequest(
  chat: Guarded,
  authorization: string | undefined,
  scope: string | undefined,
  retryAfter: number,
  report: Report,
): Promise<Verdict> {
  const token = presentedToken(authorization);
  if (token === undefined) return { error: noToken() };
  try {
    const options = scope === undefined ? undefined : { scope };
    return verdictOf(await chat.tokenManager.checkToken(token, options), scope);
  } catch (error) {
    const response = temporary(error, retryAfter, report);
    if (response === undefined) throw error;
    return { error: response };
  }
}

/** Returns the response to an error of a check, or `undefined` if a retry does not resolve it. */
export function temporary(
  error: unknown,
  retryAfter: number,
  report: Report,
): ErrorResponse | undefined {
  return TEMPORARY.has(codeOf(error) ?? '') ? unavailable(error, retryAfter, report) : undefined;
}

/** Returns the response to an error of chatkeep, or `undefined` if the client must not see it. */
export function errorResponse(
  error: unknown,
  retryAfter: number,
  report: Report,
): ErrorResponse | undefined {
  const code = codeOf(error);
  if (code === undefined) return undefined;
  const found = error as ChatkeepError;
  if (code === 'CHATKEEP_CONFLICT' && !found.retryable) return rejected(409, 'conflict', found);
  if (code === 'CHATKEEP_OUTCOME_UNKNOWN') return outcomeUnknown(error, report);
  if (code === 'CHATKEEP_INVALID_INPUT') return rejected(422, 'invalid_input', found);
  return temporary(error, retryAfter, report);
}

/** Runs a health check with a timeout in seconds, and adds the pool's connection counts. */
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

/** Returns the status and headers of a health check's response. */
export function healthResponse(health: DatabaseHealth): Pick<ErrorResponse, 'status' | 'headers'> {
  if (health.status === 'healthy') return { status: 200, headers: {} };
  return { status: 503, headers: { 'Retry-After': String(RETRY_AFTER) } };
}

/** Returns the response to a request without a token. RFC 6750 asks for no error code then. */
function noToken(): ErrorResponse {
  return {
    status: 401,
    detail: 'A bearer token is needed',
    headers: { 'WWW-Authenticate': 'Bearer' },
  };
}

/** Returns the record of a valid token, or the error response. */
function verdictOf(check: TokenCheck, scope: string | undefined): Verdict {
  if (check.valid && check.token) return { token: check.token };
  if (check.reason === 'missing_scope') {
    const detail = `The token does not have the scope ${scope}`;
    const challenge = `${challengeOf('insufficient_scope', detail)}, scope="${scope}"`;
    return { error: { status: 403, detail, headers: { 'WWW-Authenticate': challenge } } };
  }
  return { error: invalidToken(REASONS[check.reason] ?? 'The token is not valid') };
}

/** Returns the response to an invalid token or session. */
export function invalidToken(detail: string): ErrorResponse {
  const headers = { 'WWW-Authenticate': challengeOf('invalid_token', detail) };
  return { status: 401, detail, headers };
}

function challengeOf(error: string, detail: string): string {
  return `Bearer error="${error}", error_description="${detail}"`;
}

/** Returns the response while the database is unavailable. The cause is only logged. */
function unavailable(error: unknown, retryAfter: number, report: Report): ErrorResponse {
  report(logMessage(error));
  return {
    status: 503,
    detail: 'The database is not available',
    headers: { 'Retry-After': String(retryAfter) },
  };
}

/**
 * Returns the response if the connection broke during a write. It has no `Retry-After`, because a
 * retry could store the write twice.
 */
function outcomeUnknown(error: unknown, report: Report): ErrorResponse {
  report(logMessage(error));
  return {
    status: 503,
    detail: 'The connection to the database broke; it is not known whether this was stored',
    headers: {},
  };
}

/** Returns the response to an invalid argument, or to one whose value is taken. */
function rejected(status: number, type: string, error: ChatkeepError): ErrorResponse {
  const loc = error.field ? [error.field] : [];
  return { status, detail: [{ type, loc, msg: error.message }], headers: {} };
}

/** Describes a database that responds. It is unhealthy if its schema does not match. */
function healthy(health: Health): DatabaseHealth {
  return {
    status: health.ok ? 'healthy' : 'unhealthy',
    engine: health.engine,
    latency_ms: health.latencyMs,
    schema: health.schema,
    error: health.ok ? null : 'Schema',
    pool: poolCounts(health.pool),
  };
}

function unhealthy(code: string, engine: string, pool: PoolStatus): DatabaseHealth {
  return {
    status: 'unhealthy',
    engine,
    latency_ms: null,
    schema: null,
    error: kindOf(code),
    pool: poolCounts(pool),
  };
}

/** Converts the counts to the keys that the body has in every language. */
function poolCounts(pool: PoolStatus): DatabaseHealth['pool'] {
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

/** Converts a code to a kind: `CHATKEEP_POOL_TIMEOUT` to `PoolTimeout`. */
function kindOf(code: string): string {
  const words = code.replace(/^CHATKEEP_/, '').toLowerCase();
  return words.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Returns the code. The class is not checked: another copy of the package has its own. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('CHATKEEP_') ? code : undefined;
}

/** Returns the log message of an error: the call and the cause, without tokens or passwords. */
function logMessage(error: unknown): string {
  const { message, operation } = error as Error & { operation?: string };
  return `answered 503: ${operation || 'the database'}: ${message}`;
}
