/**
 * Conversion between values of frameworks and the contents of conversation items.
 *
 * A content is the value itself, as JSON that every program can read. `$order` has the order of the
 * keys, because PostgreSQL and MySQL do not keep it. A value that a database would change or reject
 * is stored as a text under `$json`.
 */

import { invalidInput, wrongType } from '../errors.js';
import { hasOwnJsonForm } from '../json.js';

/** The content of an item, or a JSON object in it. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Key of the text of a value that is not stored as JSON. */
const TEXT = '$json';
/** Key of the order of the keys. */
const ORDER = '$order';
/** Depth of the values that are stored as JSON. The database allows 30 levels. */
const MAX_JSON_DEPTH = 28;
/** Protects the stack. */
const MAX_DEPTH = 500;
/** Maximum length of the name of a field in an error. */
const MAX_FIELD = 200;
/** A NUL character or a lone surrogate, which a database cannot store. */
const UNSTORABLE = /\0|\p{Surrogate}/u;

/** State of a copy. */
interface Copy {
  readonly operation: string;
  /** Whether every database stores the value exactly as JSON. */
  isJson: boolean;
}

/**
 * Returns the content for a value. Later changes of the value have no effect on it.
 *
 * @param operation The call.
 * @param field The argument, for errors.
 * @param value The value, which must be an object.
 */
export function contentOf(operation: string, field: string, value: unknown): JsonObject {
  if (!isObject(value)) throw wrongType(operation, field, 'an object', value);
  const state: Copy = { operation, isJson: true };
  const copy = copyOf(state, field, value, 1);
  if (!isObject(copy)) throw wrongType(operation, field, 'an object', copy);
  if (!state.isJson || TEXT in copy || ORDER in copy) {
    return { [TEXT]: JSON.stringify(copy, escaped) };
  }
  const order = orderOf(copy);
  return order.length === 0 ? copy : { ...copy, [ORDER]: order };
}

/** Returns whether every database can store a text. */
export function isStorable(text: string): boolean {
  return !UNSTORABLE.test(text);
}

/** Returns the value of a content. */
export function decoded(content: JsonObject): unknown {
  const text = content[TEXT];
  if (typeof text === 'string') return JSON.parse(text, unescaped);
  const { [ORDER]: order, ...value } = content;
  return Array.isArray(order) ? ordered(value, order.values()) : value;
}

/** Returns a text that is the same for items whose values differ only in the order of keys. */
export function comparable({ content }: { readonly content: object }): string {
  return JSON.stringify(ordered(decoded(content as JsonObject), [].values()), escaped);
}

function isObject(value: unknown): value is JsonObject {
  const isOther = Array.isArray(value) || value instanceof Uint8Array;
  return typeof value === 'object' && value !== null && !isOther;
}

function copyOf(state: Copy, field: string, value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      if (!isStorable(value)) state.isJson = false;
      return value;
    case 'boolean':
      return value;
    case 'number':
      return numberOf(state, field, value);
    case 'object':
      return value === null ? null : objectOf(state, field, value, depth);
    default:
      throw unsupported(state, field, `is ${typeName(value)}`);
  }
}

function numberOf(state: Copy, field: string, value: number): number {
  if (!Number.isFinite(value)) throw unsupported(state, field, `is ${value}`);
  // Databases write very large and very small numbers in other forms, and -0 as 0.
  const size = Math.abs(value);
  const isPlain = Number.isSafeInteger(value) || (size > 1e-5 && size < 1e15);
  if (!isPlain || Object.is(value, -0)) state.isJson = false;
  return value;
}

function objectOf(state: Copy, field: string, value: object, depth: number): unknown {
  if (depth > MAX_DEPTH) {
    throw invalid(state, field, `nests deeper than ${MAX_DEPTH} levels, or contains itself`);
  }
  if (depth > MAX_JSON_DEPTH) state.isJson = false;
  if (value instanceof Uint8Array) {
    state.isJson = false;
    return new Uint8Array(value);
  }
  if (hasOwnJsonForm(value)) {
    // As JSON.stringify does. Dates become texts.
    const form: unknown = (value as { toJSON(): unknown }).toJSON();
    if (typeof form === 'object' && form !== null && hasOwnJsonForm(form)) {
      throw unsupported(state, field, 'has a toJSON that returns another object with a toJSON');
    }
    return copyOf(state, field, form, depth);
  }
  if (Array.isArray(value)) {
    // Array.from visits missing elements, too.
    return Array.from(value, (item, index) => copyOf(state, `${field}[${index}]`, item, depth + 1));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw unsupported(state, field, `is a ${value.constructor?.name ?? 'class'}`);
  }
  // As JSON.stringify does, keys without a value are omitted.
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const copies = entries.map(([key, item]) => {
    if (!isStorable(key)) state.isJson = false;
    return [key, copyOf(state, `${field}.${key}`, item, depth + 1)] as const;
  });
  // It also supports the key `__proto__`.
  return Object.fromEntries(copies);
}

function typeName(value: unknown): string {
  return value === undefined ? 'undefined' : `a ${typeof value}`;
}

function unsupported(state: Copy, field: string, message: string): Error {
  return invalid(state, field, `${message}, which JSON cannot represent`);
}

/** Creates the error for a value. Keys in the name of its field may be long. */
function invalid({ operation }: Copy, field: string, message: string): Error {
  return invalidInput(operation, field.slice(0, MAX_FIELD), message);
}

/** Returns the only key of an object if it begins with a dollar sign. */
function onlyKey(value: unknown): string | undefined {
  const keys = isObject(value) ? Object.keys(value) : [];
  return keys.length === 1 && keys[0]?.startsWith('$') ? keys[0] : undefined;
}

/**
 * Writes bytes and -0 in the text under `$json` as objects with one key. Such objects in the value
 * get another dollar sign.
 */
function escaped(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (Object.is(value, -0)) return { $number: '-0' };
  // Another program stored it.
  if (typeof value === 'bigint') return { $number: String(value) };
  const key = onlyKey(value);
  return key === undefined ? value : { [`$${key}`]: (value as JsonObject)[key] };
}

/** Reverses `escaped`. */
function unescaped(_key: string, value: unknown): unknown {
  const key = onlyKey(value);
  if (key === undefined) return value;
  const inner = (value as JsonObject)[key];
  if (key === '$bytes') return new Uint8Array(Buffer.from(String(inner), 'base64'));
  if (key === '$number') return Number(inner);
  return { [key.slice(1)]: inner };
}

/**
 * Returns the order of the keys: for each object, the places of its keys among the sorted ones.
 * Objects are visited in the order of the value. The last ones are omitted if they are sorted.
 */
function orderOf(value: JsonObject): number[][] {
  const order: number[][] = [];
  visit(value);
  while (order.at(-1)?.length === 0) order.pop();
  return order;

  function visit(item: unknown): void {
    if (Array.isArray(item)) item.forEach(visit);
    if (!isObject(item)) return;
    const keys = Object.keys(item);
    const places = new Map([...keys].sort().map((key, place) => [key, place]));
    const isSorted = keys.every((key, place) => places.get(key) === place);
    order.push(isSorted ? [] : keys.map((key) => places.get(key) ?? 0));
    for (const key of keys) visit(item[key]);
  }
}

/** Reverses `orderOf`. Without an order, keys are sorted. */
function ordered(value: unknown, order: Iterator<unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item, order));
  if (!isObject(value)) return value;
  const names = Object.keys(value).sort();
  const places: unknown = order.next().value;
  // After a change by another program, the order may belong to other keys.
  const isValid = Array.isArray(places) && new Set(places).size === names.length;
  const keys = isValid ? places.map((place) => names[Number(place)] ?? '') : names;
  if (!keys.every((key) => Object.hasOwn(value, key))) return value;
  return Object.fromEntries(keys.map((key) => [key, ordered(value[key], order)]));
}
