/** Conversion of lists of records to the addon's arguments. */

import { ChatkeepError, withField, wrongType } from './errors.js';
import { metadataText } from './metadata.js';
import { unknownName } from './options.js';
import { timestampArg } from './timestamps.js';

/** The keys of a record, in the addon's order, with the types whose values are converted. */
export type RecordKeys = readonly (readonly [key: string, type?: 'metadata' | 'timestamp'])[];

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
  const isIterable = typeof records === 'object' && records !== null && Symbol.iterator in records;
  if (!isIterable) throw wrongType(operation, field, 'an iterable of objects', records);
  return Array.from(records as Iterable<unknown>, (record, index) =>
    recordArg(operation, `${field}[${index}]`, record, keys),
  );
}

function recordArg(operation: string, field: string, record: unknown, keys: RecordKeys): unknown[] {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw wrongType(operation, field, 'an object', record);
  }
  const known = keys.map(([key]) => key);
  const values = record as Record<string, unknown>;
  for (const name in values) {
    if (!known.includes(name)) throw unknownName(operation, name, 'key', known, `${field}.`);
  }
  return keys.map(([key, type]) => {
    const value = values[key];
    if (type === 'timestamp') return timestampArg(value);
    return type === 'metadata'
      ? withPrefix(`${field}.`, () => metadataText(operation, value))
      : value;
  });
}

/** Adds the position of a record to the field of an error. */
export function withPrefix<T>(prefix: string, convert: () => T): T {
  if (prefix === '') return convert();
  try {
    return convert();
  } catch (error) {
    if (!(error instanceof ChatkeepError) || error.operation === undefined) throw error;
    throw withField(error, `${prefix}${error.field ?? ''}`);
  }
}
