/** What calls may be told. A name that does not exist is refused: a typo would else be an option that does nothing. */

import { refused, wrongType } from './errors.js';

/** Options as they were given, each of a name that exists. */
export type Options = Readonly<Record<string, unknown>>;

const NONE: Options = Object.freeze({});

/**
 * The options of a call, once it is sure that each of them exists.
 *
 * @param operation The call.
 * @param given What it was given.
 * @param known The names.
 */
export function optionsOf(operation: string, given: unknown, known: ReadonlySet<string>): Options {
  if (given === undefined || given === null) return NONE;
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw wrongType(operation, 'options', 'an object', given);
  }
  for (const name in given) {
    if (!known.has(name)) throw unknownName(operation, name, 'option', known);
  }
  return given as Options;
}

/** The error for a name that does not exist. */
export function unknownName(
  operation: string,
  name: string,
  what: string,
  known: Iterable<string>,
  before = '',
): Error {
  const shown = name.slice(0, 40);
  return refused(
    operation,
    `${before}${shown}`,
    `is no ${what}; known are ${[...known].join(', ')}`,
  );
}
