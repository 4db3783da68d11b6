/** Conversion of records to the addon's arguments. */

import { withPrefix, wrongType } from './errors.js';
import { jsonText, metadataText, optionalJsonText } from './metadata.js';
import { unknownName } from './options.js';
import { timestampArg } from './timestamps.js';

/** A key of a record, and its type if the value is converted. */
type RecordKey = readonly [
  key: string,
  type?: 'json' | 'metadata' | 'optionalJson' | 'timestamp' | InnerRecord | InnerList,
];

/** The keys of a record inside of another. */
interface InnerRecord {
  readonly record: RecordKeys;
}

/** The keys of the records of a list inside of another record. */
interface InnerList {
  readonly list: RecordKeys;
}

/** The keys of a record, in the addon's order. */
export type RecordKeys = readonly RecordKey[];

/**
 * Converts the records of an iterable.
 *
 * @param operation The call.
 * @param field The argument.
 * @param records The records as the caller passed them.
 * @param keys The keys of a record.
 */
export function recordsArg(
  operation: string,
  field: string,
  records: unknown,
  keys: RecordKeys,
): unknown[][] {
  return listArg(operation, field, records, (record, prefix) =>
    recordArg(operation, prefix, record, keys),
  );
}

/** Converts the objects of an iterable. `convert` gets the name of each in errors, too. */
export function listArg<T>(
  operation: string,
  field: string,
  values: unknown,
  convert: (value: unknown, name: string) => T,
): T[] {
  const isIterable = typeof values === 'object' && values !== null && Symbol.iterator in values;
  if (!isIterable) throw wrongType(operation, field, 'an iterable of objects', values);
  return Array.from(values as Iterable<unknown>, (value, index) =>
    convert(value, `${field}[${index}]`),
  );
}

/**
 * Converts the JSON values of an object to their keys and texts.
 *
 * @param operation The call.
 * @param field The argument.
 * @param values The object as the caller passed it.
 */
export function jsonMapArg(
  operation: string,
  field: string,
  values: unknown,
): [keys: string[], texts: string[]] {
  // A `Map` has no keys of its own.
  const isObject = typeof values === 'object' && values !== null && !(Symbol.iterator in values);
  if (!isObject) throw wrongType(operation, field, 'an object', values);
  const entries = Object.entries(values as Record<string, unknown>);
  const texts = entries.map(([key, value]) => jsonText(operation, `${field}[${key}]`, value));
  return [entries.map(([key]) => key), texts];
}

/**
 * Converts a record.
 *
 * @param operation The call.
 * @param field The argument.
 * @param record The record as the caller passed it.
 * @param keys The keys of the record.
 */
export function recordArg(
  operation: string,
  field: string,
  record: unknown,
  keys: RecordKeys,
): unknown[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw wrongType(operation, field, 'an object', record);
  }
  const known = keys.map(([key]) => key);
  const values = record as Record<string, unknown>;
  for (const name in values) {
    if (!known.includes(name)) throw unknownName(operation, name, 'key', known, `${field}.`);
  }
  return keys.map((key) => valueArg(operation, `${field}.`, key, values));
}

function valueArg(
  operation: string,
  prefix: string,
  [key, type]: RecordKey,
  values: Record<string, unknown>,
): unknown {
  const value = values[key];
  if (type === 'timestamp') return timestampArg(value);
  if (type === 'metadata') return withPrefix(prefix, () => metadataText(operation, value, key));
  if (type === 'json') return withPrefix(prefix, () => jsonText(operation, key, value));
  if (type === 'optionalJson') {
    return withPrefix(prefix, () => optionalJsonText(operation, key, value));
  }
  // The addon decides whether the value may be missing.
  if (type === undefined || value === undefined || value === null) return value;
  const name = `${prefix}${key}`;
  if ('list' in type) return recordsArg(operation, name, value, type.list);
  return recordArg(operation, name, value, type.record);
}
