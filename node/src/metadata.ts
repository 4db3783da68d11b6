/**
 * Metadata and JSON values as JSON text. `JSON.stringify` writes `null` for `NaN` and the
 * infinities, and throws for a `bigint`. If nested objects refer to the same objects in many
 * places, its text can grow exponentially. The value is therefore checked first. Rust checks
 * whether the JSON can be stored, as for every language.
 */

import { invalidInput, wrongType } from './errors.js';
import { hasOwnJsonForm, withJsonForm } from './json.js';

/** Protects the stack. Rust enforces the documented limit of 30 levels with a precise error. */
const MAX_DEPTH = 40;
/** A message has at most 16 MiB, so the check can stop there. */
const MAX_BYTES = 16 * 1024 * 1024;

/** State of the check of a value. */
interface Check {
  readonly operation: string;
  readonly field: string;
  /** Whether the value contains something that `JSON.stringify` would not write correctly. */
  needsWriter: boolean;
  /** Bytes left for the rest of the value. An approximation that never rejects a valid value. */
  bytesLeft: number;
}

/** Returns the JSON text of metadata. `null` and `undefined` are returned unchanged. */
export function metadataText(
  operation: string,
  value: unknown,
  field = 'metadata',
): string | null | undefined {
  if (value === undefined || value === null) return value;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw wrongType(operation, field, 'an object or null', value);
  }
  return textOf(operation, field, value);
}

/** Returns the JSON text of any JSON value. */
export function jsonText(operation: string, field: string, value: unknown): string {
  if (value === undefined) throw wrongType(operation, field, 'a JSON value', value);
  return textOf(operation, field, value);
}

/** Returns the JSON text of any JSON value. `null` and `undefined` are returned unchanged. */
export function optionalJsonText(
  operation: string,
  field: string,
  value: unknown,
): string | null | undefined {
  return value === undefined || value === null ? value : textOf(operation, field, value);
}

function textOf(operation: string, field: string, value: unknown): string {
  const check: Check = { operation, field, needsWriter: false, bytesLeft: MAX_BYTES };
  checkValue(check, value, 1);
  const text = check.needsWriter ? write(check, value, 1) : JSON.stringify(value);
  if (text === undefined) {
    throw invalid(check, 'must have a JSON form, but its toJSON returned undefined');
  }
  return text;
}

function checkValue(check: Check, value: unknown, depth: number): void {
  check.bytesLeft -= 2;
  switch (typeof value) {
    case 'string':
      check.bytesLeft -= value.length;
      break;
    case 'number':
      if (!Number.isFinite(value)) {
        throw invalid(check, 'contains NaN or an infinity, which JSON cannot represent');
      }
      if (!Number.isSafeInteger(value) && Number.isInteger(value)) check.needsWriter = true;
      break;
    case 'object':
      if (value !== null) checkObject(check, value, depth);
      break;
    case 'bigint':
      check.needsWriter = true;
      break;
    case 'boolean':
    case 'undefined':
      break;
    default:
      throw invalid(check, `contains a ${typeof value}, which JSON cannot represent`);
  }
  if (check.bytesLeft < 0) {
    throw invalid(check, `is too large: a message is limited to ${MAX_BYTES} bytes`);
  }
}

function checkObject(check: Check, value: object, depth: number): void {
  if (depth > MAX_DEPTH) throw invalid(check, 'nests deeper than 30 levels, or contains itself');
  if (hasOwnJsonForm(value)) {
    // `toJSON` is called only once, by the writer.
    check.needsWriter = true;
    return;
  }
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      checkValue(check, value[index], depth + 1);
    }
    return;
  }
  if (!isPlain(value)) {
    const name = value.constructor?.name ?? 'an object';
    throw invalid(check, `contains a ${name}, which JSON cannot represent`);
  }
  for (const key of Object.keys(value)) {
    check.bytesLeft -= key.length + 3;
    checkValue(check, (value as Record<string, unknown>)[key], depth + 1);
  }
}

/** Returns whether the object is a plain object and not of a class, in this or another realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * Writes JSON as `JSON.stringify` does, except for integers: a `bigint` is written exactly, and a
 * number beyond 2^53 stays a floating-point number.
 */
function write(check: Check, value: unknown, depth: number, key = ''): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'number':
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential();
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeObject(check, value, depth, key);
    default:
      return JSON.stringify(value);
  }
}

function writeObject(check: Check, value: object, depth: number, key: string): string | undefined {
  if (hasOwnJsonForm(value)) {
    if (value instanceof Date && Number.isNaN(value.getTime())) {
      throw invalid(check, 'contains an invalid Date');
    }
    const result: unknown = (value as { toJSON(key: string): unknown }).toJSON(key);
    if (typeof result === 'object' && result !== null && hasOwnJsonForm(result)) {
      throw invalid(check, 'contains an object whose toJSON returns another object with a toJSON');
    }
    checkValue(check, result, depth);
    return write(check, result, depth);
  }
  if (Array.isArray(value)) {
    const items = value.map(
      (item, index) => write(check, item, depth + 1, String(index)) ?? 'null',
    );
    return `[${items.join()}]`;
  }
  const entries: string[] = [];
  for (const [name, item] of Object.entries(value)) {
    const text = write(check, item, depth + 1, name);
    if (text !== undefined) entries.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${entries.join()}}`;
}

function invalid(check: Check, message: string): Error {
  return invalidInput(check.operation, check.field, message);
}

/**
 * Replaces the marked integers beyond 2^53 in metadata or JSON that was read with `bigint`s. Returns
 * whether there were any.
 */
export function restoreBigints(json: unknown): boolean {
  return typeof json === 'object' && json !== null && restore(json);
}

/** Returns whether the container has a `bigint` at any depth. */
function restore(container: object): boolean {
  const values = container as Record<string, unknown>;
  let hasBigint = false;
  for (const key of Object.keys(values)) {
    const value = values[key];
    if (typeof value === 'string' && value.startsWith('\0')) {
      values[key] = BigInt(value.slice(1));
      hasBigint = true;
    } else if (typeof value === 'object' && value !== null && restore(value)) {
      hasBigint = true;
    }
  }
  if (hasBigint) withJsonForm(container);
  return hasBigint;
}
