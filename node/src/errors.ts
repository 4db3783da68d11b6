/** What chatkeep rejects with. */

import type { Failure } from './addon.js';
import type { SchemaState } from './types.js';

/** The kinds of failure, the same in every language. */
export type ChatkeepErrorCode =
  /** The settings are wrong: a malformed URL, a wrong password, a database that does not exist. */
  | 'CHATKEEP_CONFIGURATION'
  /** An argument cannot be stored or asked for; `field` names it. Nothing was stored. */
  | 'CHATKEEP_INVALID_INPUT'
  /** The database cannot be reached, went away, or did not answer in time. */
  | 'CHATKEEP_UNAVAILABLE'
  /** No connection became free in time, or the server has none left. */
  | 'CHATKEEP_POOL_TIMEOUT'
  /** The connection broke before the database confirmed: the change may or may not have been stored. */
  | 'CHATKEEP_OUTCOME_UNKNOWN'
  /** Another transaction was in the way until the deadline. */
  | 'CHATKEEP_CONFLICT'
  /** The disk, or the space given to the database, is full. */
  | 'CHATKEEP_STORAGE_FULL'
  /** The file, the folder or the server accepts no changes. */
  | 'CHATKEEP_READ_ONLY'
  /** The file is damaged or is no database of chatkeep's. */
  | 'CHATKEEP_CORRUPT'
  /** The database's schema does not fit this version; the message says which command helps. */
  | 'CHATKEEP_SCHEMA'
  /** The call was broken off. */
  | 'CHATKEEP_INTERRUPTED'
  /** A fault in chatkeep, or an answer that it does not understand. */
  | 'CHATKEEP_INTERNAL';

/** In what way a schema does not fit; what to do about each stands in docs/migrations.md. */
export type SchemaErrorState =
  | Exclude<SchemaState, 'head'>
  /** The database refused a statement of a migration. */
  | 'failed'
  /** Rows were being moved into this database, and that was cut off. */
  | 'unfinished';

/** What an error knows beside its message. */
export interface ChatkeepErrorDetails {
  readonly code: ChatkeepErrorCode;
  readonly field?: string | undefined;
  readonly retryable?: boolean;
  readonly operation?: string | undefined;
  readonly state?: SchemaErrorState | undefined;
  readonly cause?: unknown;
}

/**
 * A call that failed.
 *
 * The message is made for people: it names the field or the cause and says what would be right. It never holds a token, a
 * password, or the text of a message. What lies underneath is the `cause`.
 *
 * @example
 * ```ts
 * import { Chatkeep, ChatkeepError } from 'chatkeep';
 *
 * const { messageLogger } = new Chatkeep('sqlite:///:memory:');
 * try {
 *   await messageLogger.getMessages({ limit: 0 });
 * } catch (error) {
 *   if (!(error instanceof ChatkeepError)) throw error;
 *   console.log(error.code, error.field, error.retryable, error.operation);
 *   // CHATKEEP_INVALID_INPUT limit false getMessages
 * }
 * ```
 */
export class ChatkeepError extends Error {
  /** The kind of failure. Programs decide on this, people read the message. */
  readonly code: ChatkeepErrorCode;
  /** The argument or setting that was wrong, where there is one. */
  readonly field: string | undefined;
  /** Whether the same call, made again later, may succeed. Never true when a second try could store twice. */
  readonly retryable: boolean;
  /** The call that failed, where it is known. */
  readonly operation: string | undefined;
  /** In what way the schema does not fit, where the code is `CHATKEEP_SCHEMA`. */
  readonly state: SchemaErrorState | undefined;

  constructor(message: string, details: ChatkeepErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.field = details.field;
    this.retryable = details.retryable ?? false;
    this.operation = details.operation;
    this.state = details.state;
  }

  static {
    // On the prototype, as the built-in errors have it: it is no fact of this one.
    Object.defineProperty(ChatkeepError.prototype, 'name', {
      value: 'ChatkeepError',
      configurable: true,
      writable: true,
    });
  }
}

/** The error of what the addon says. */
export function errorOf(failure: Failure): ChatkeepError {
  const { message, field, retryable, operation, causes } = failure;
  const state = failure.state as SchemaErrorState | undefined;
  // The innermost first.
  const cause = causes.reduceRight<Error | undefined>(
    (below, said) => new Error(said, below && { cause: below }),
    undefined,
  );
  const code = failure.code as ChatkeepErrorCode;
  return new ChatkeepError(message, { code, field, retryable, operation, state, cause });
}

/** A value that cannot be taken. */
export function refused(operation: string, field: string, message: string): ChatkeepError {
  const code = 'CHATKEEP_INVALID_INPUT';
  return new ChatkeepError(`${field}: ${message}`, { code, field, operation });
}

/** The same error about a field of another name. */
export function aboutField(error: ChatkeepError, field: string): ChatkeepError {
  const { code, retryable, operation, state, cause } = error;
  const named = error.field === undefined ? '' : `${error.field}: `;
  const message = error.message.startsWith(named)
    ? error.message.slice(named.length)
    : error.message;
  return new ChatkeepError(`${field}: ${message}`, {
    code,
    field,
    retryable,
    operation,
    state,
    cause,
  });
}

/** A value of a type that cannot be taken; `wanted` says what can. */
export function wrongType(
  operation: string,
  field: string,
  wanted: string,
  given: unknown,
): ChatkeepError {
  return refused(operation, field, `must be ${wanted}, not ${kindOf(given)}`);
}

function kindOf(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  if (Array.isArray(given)) return 'an array';
  return typeof given === 'object' ? 'an object' : `a ${typeof given}`;
}
