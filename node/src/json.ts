/**
 * JSON form of results that contain a `bigint`. `JSON.stringify` throws for one, and so do web
 * frameworks. Such a result therefore has a `toJSON` that writes the digits as a string: readers
 * that parse numbers of that size would lose digits.
 */

/** Marks the `toJSON` below, also the one of another copy of this package. */
const OURS = Symbol.for('chatkeep.toJSON');

function toJSON(this: unknown): unknown {
  return jsonForm(this);
}
Object.defineProperty(toJSON, OURS, { value: true });

function jsonForm(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(jsonForm);
  // A Date, for example, has its own JSON form.
  if (hasOwnJsonForm(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonForm(item)]));
}

/** Returns whether an object has a `toJSON` other than the one of this module. */
export function hasOwnJsonForm(value: object): boolean {
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return false;
  return !(OURS in value.toJSON);
}

/**
 * Adds the `toJSON` to an object that contains a `bigint` at any depth. The method is not
 * enumerable, and stays when the object is modified.
 */
export function withJsonForm<T extends object>(value: T): T {
  // A key of this name in metadata is data.
  if (Object.hasOwn(value, 'toJSON')) return value;
  return Object.defineProperty(value, 'toJSON', {
    value: toJSON,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}

/**
 * Adds the `toJSON` to an object if one of its values is a `bigint`.
 *
 * @param hasBigint Whether a part of a value is one.
 */
export function jsonReady<T extends object>(value: T, hasBigint = false): T {
  const isNeeded = hasBigint || Object.values(value).some((item) => typeof item === 'bigint');
  return isNeeded ? withJsonForm(value) : value;
}
