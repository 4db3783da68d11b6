/**
 * Metadata as JSON text. `JSON.stringify` would make `null` of `NaN` and of an infinity, throw at a `bigint`, and never end
 * at an object that holds another in very many places, so the value is looked at first. Whether the JSON can be stored is
 * decided in Rust, as for every language.
 */

import { refused, wrongType } from './errors.js';
import { withJsonForm, writesItself } from './json.js';

const FIELD = 'metadata';
/** Deeper objects are refused in Rust, with the limit's name; here only the stack is kept. */
const DEEPEST = 40;
/** A message has at most 16 MiB; looking at more than that is of no use. */
const MOST = 16 * 1024 * 1024;

/** Looks at a value. */
interface Look {
  readonly operation: string;
  /** Something in it is not what `JSON.stringify` should write. */
  isSpecial: boolean;
  /** Bytes that the rest may have, roughly, but never too few. */
  left: number;
}

/** The JSON text of metadata, if there is any. */
export function metadataText(operation: string, value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw wrongType(operation, FIELD, 'an object or null', value);
  }
  const look: Look = { operation, isSpecial: false, left: MOST };
  check(look, value, 1);
  if (!look.isSpecial) return JSON.stringify(value);
  const written = write(look, value, 1);
  if (written === undefined) throw wrong(look, 'must be an object, and its toJSON makes nothing');
  return written;
}

function check(look: Look, value: unknown, depth: number): void {
  look.left -= 2;
  switch (typeof value) {
    case 'string':
      look.left -= value.length;
      break;
    case 'number':
      if (!Number.isFinite(value)) {
        throw wrong(look, 'holds NaN or an infinity, which JSON has no number for');
      }
      if (!Number.isSafeInteger(value) && Number.isInteger(value)) look.isSpecial = true;
      break;
    case 'object':
      if (value !== null) checkObject(look, value, depth);
      break;
    case 'bigint':
      look.isSpecial = true;
      break;
    case 'boolean':
    case 'undefined':
      break;
    default:
      throw wrong(look, `holds a ${typeof value}, which JSON has no form for`);
  }
  if (look.left < 0) throw wrong(look, `is too large: a message has at most ${MOST} bytes`);
}

function checkObject(look: Look, value: object, depth: number): void {
  if (depth > DEEPEST) throw wrong(look, 'nests deeper than 30 levels, or holds itself');
  if (writesItself(value)) {
    // It is asked once, when it is written.
    look.isSpecial = true;
    return;
  }
  if (Array.isArray(value)) {
    for (let place = 0; place < value.length; place += 1) check(look, value[place], depth + 1);
    return;
  }
  if (!isPlain(value)) {
    const name = value.constructor?.name ?? 'an object';
    throw wrong(look, `holds a ${name}, which JSON has no form for`);
  }
  for (const key of Object.keys(value)) {
    look.left -= key.length + 3;
    check(look, (value as Record<string, unknown>)[key], depth + 1);
  }
}

/** Whether nothing but its own keys makes the object, wherever it comes from. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** As `JSON.stringify` does, but for whole numbers: a `bigint` is exact, and a number beyond 2^53 stays a number. */
function write(look: Look, value: unknown, depth: number, key = ''): string | undefined {
  switch (typeof value) {
    case 'bigint':
      return String(value);
    case 'number':
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) return value.toExponential();
      return JSON.stringify(value);
    case 'object':
      return value === null ? 'null' : writeObject(look, value, depth, key);
    default:
      return JSON.stringify(value);
  }
}

function writeObject(look: Look, value: object, depth: number, key: string): string | undefined {
  if (writesItself(value)) {
    if (value instanceof Date && Number.isNaN(value.getTime())) {
      throw wrong(look, 'holds an invalid Date');
    }
    const made: unknown = (value as { toJSON(key: string): unknown }).toJSON(key);
    if (typeof made === 'object' && made !== null && writesItself(made)) {
      throw wrong(look, 'holds an object whose toJSON makes another that has one');
    }
    check(look, made, depth);
    return write(look, made, depth);
  }
  if (Array.isArray(value)) {
    const written = value.map((one, place) => write(look, one, depth + 1, String(place)) ?? 'null');
    return `[${written.join()}]`;
  }
  const entries: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    const written = write(look, one, depth + 1, name);
    if (written !== undefined) entries.push(`${JSON.stringify(name)}:${written}`);
  }
  return `{${entries.join()}}`;
}

function wrong(look: Look, message: string): Error {
  return refused(look.operation, FIELD, message);
}

/** Puts `bigint`s in the place of the integers beyond 2^53 that were marked in this metadata. */
export function restoreBigints(metadata: object): void {
  restore(metadata);
}

/** Whether there were any. */
function restore(container: object): boolean {
  const held = container as Record<string, unknown>;
  let holds = false;
  for (const key of Object.keys(held)) {
    const value = held[key];
    if (typeof value === 'string' && value.startsWith('\0')) {
      held[key] = BigInt(value.slice(1));
      holds = true;
    } else if (typeof value === 'object' && value !== null && restore(value)) {
      holds = true;
    }
  }
  if (holds) withJsonForm(container);
  return holds;
}
