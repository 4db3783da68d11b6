/** Errors of chatkeep. */

import type { Failure } from './addon.js';
import type { ChatkeepErrorCode, SchemaState } from './types.js';

/** How a schema differs from this version. docs/src/migrations.md explains how to fix each. */
export type SchemaErrorState =
  | Exclude<SchemaState, 'head'>
  /** The database rejected a statement of a migration. */
  | 'failed'
  /** Copying rows into this database was interrupted. */
  | 'unfinished';

/** Details of an error besides its message. */
export interface ChatkeepErrorDetails {
  readonly code: ChatkeepErrorCode;
  readonly field?: string | undefined;
  readonly retryable?: boolean;
  readonly operation?: string | undefined;
  readonly state?: SchemaErrorState | undefined;
  readonly cause?: unknown;
}

/**
 * The error of a failed call.
 *
 * The message is for people: it names the field or the cause, and what to do. It never contains a
 * token, a password, or the text of a message. `cause` is the underlying error.
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
  /** The kind of error, for programs to branch on. */
  readonly code: ChatkeepErrorCode;
  /** The argument or setting that is invalid, if any. */
  readonly field: string | undefined;
  /** Whether a retry may succeed. Never true if a retry could store the change twice. */
  readonly retryable: boolean;
  /** The name of the failed call, if known. */
  readonly operation: string | undefined;
  /** How the schema differs from this version, if the code is `CHATKEEP_SCHEMA`. */
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
    // On the prototype and not enumerable, as for the built-in errors.
    Object.defineProperty(ChatkeepError.prototype, 'name', {
      value: 'ChatkeepError',
      configurable: true,
      writable: true,
    });
  }
}

/** Creates the error for a failure that the addon returned. */
export function errorOf(failure: Failure): ChatkeepError {
  const { message, field, retryable, operation, causes } = failure;
  const state = failure.state as SchemaErrorState | undefined;
  // Built from the innermost cause outwards.
  const cause = causes.reduceRight<Error | undefined>(
    (inner, text) => new Error(text, inner && { cause: inner }),
    undefined,
  );
  const code = failure.code as ChatkeepErrorCode;
  return new ChatkeepError(message, { code, field, retryable, operation, state, cause });
}

/** Creates the error for an invalid value. */
export function invalidInput(operation: string, field: string, message: string): ChatkeepError {
  const code = 'CHATKEEP_INVALID_INPUT';
  return new ChatkeepError(`${field}: ${message}`, { code, field, operation });
}

/** Returns a copy of the error with another field name. */
export function withField(error: ChatkeepError, field: string): ChatkeepError {
  const { code, retryable, operation, state, cause } = error;
  const prefix = error.field === undefined ? '' : `${error.field}: `;
  const message = error.message.startsWith(prefix)
    ? error.message.slice(prefix.length)
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

/** Adds a prefix to the field of an error, such as the position in a batch. */
export function withPrefix<T>(prefix: string, convert: () => T): T {
  if (prefix === '') return convert();
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof ChatkeepError) || error.operation === undefined) throw error;
    throw withField(error, `${prefix}${error.field ?? ''}`);
  }
}

/** Creates the error for a value of the wrong type. */
export function wrongType(
  operation: string,
  field: string,
  expected: string,
  value: unknown,
): ChatkeepError {
  return invalidInput(operation, field, `must be ${expected}, not ${typeName(value)}`);
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
