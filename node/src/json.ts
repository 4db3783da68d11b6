/**
 * How results that hold a `bigint` become JSON. `JSON.stringify` throws at one, and every web framework with it, so such a
 * result has a `toJSON` that writes the digits as a string: numbers of that size would lose digits in whatever reads them.
 */

/** Marks the method below, also that of another copy of this package. */
const OURS = Symbol.for('chatkeep.toJSON');

function toJSON(this: unknown): unknown {
  return written(this);
}
Object.defineProperty(toJSON, OURS, { value: true });

function written(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(written);
  // A Date, for example, writes itself.
  if (writesItself(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, written(one)]));
}

/** Whether an object decides by itself how it becomes JSON. Those that hold a `bigint` of ours do not: it is a number. */
export function writesItself(value: object): boolean {
  if (!('toJSON' in value) || typeof value.toJSON !== 'function') return false;
  return !(OURS in value.toJSON);
}

/** Gives an object that holds a `bigint`, somewhere in it, its form in JSON. It is unseen, and stays when the object is changed. */
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

/** The same for an object of which it is not known whether it holds one. */
export function jsonReady<T extends object>(value: T): T {
  return Object.values(value).some((one) => typeof one === 'bigint') ? withJsonForm(value) : value;
}
