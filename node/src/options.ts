/** Checks of call options. Unknown names are rejected: otherwise a typo would have no effect. */

import { invalidInput, wrongType } from './errors.js';

/** Options as the caller passed them. Every name is known. */
export type Options = Readonly<Record<string, unknown>>;

const NONE: Options = Object.freeze({});

/**
 * Returns the options of a call after checking their names.
 *
 * @param operation The call.
 * @param options The options as the caller passed them.
 * @param known The known names.
 */
export function optionsOf(
  operation: string,
  options: unknown,
  known: ReadonlySet<string>,
): Options {
  if (options === undefined || options === null) return NONE;
  if (typeof options !== 'object' || Array.isArray(options)) {
    throw wrongType(operation, 'options', 'an object', options);
  }
  for (const name in options) {
    if (!known.has(name)) throw unknownName(operation, name, 'option', known);
  }
  return options as Options;
}

/** Creates the error for an unknown name. */
export function unknownName(
  operation: string,
  name: string,
  kind: 'option' | 'key',
  known: Iterable<string>,
  prefix = '',
): Error {
  const shown = name.slice(0, 40);
  return invalidInput(
    operation,
    `${prefix}${shown}`,
    `is not a valid ${kind}; valid ${kind}s: ${[...known].join(', ')}`,
  );
}
