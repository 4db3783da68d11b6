/** The files of `tests/vectors`, which every language reads. */

import { readdirSync, readFileSync } from 'node:fs';
import { parseExactly } from './exact_json.mjs';

const FOLDER = new URL('../../../tests/vectors/', import.meta.url);

/** Reads the JSON files of a folder. Returns their names and contents. */
export function readVectors(folder = '.') {
  const url = new URL(`${folder}/`, FOLDER);
  const names = readdirSync(url).filter((name) => name.endsWith('.json'));
  return names.map((name) => [name, parseExactly(readFileSync(new URL(name, url), 'utf8'))]);
}

/** Replaces `$repeat`, `$concat` and `$saved` with the values that they describe. */
export function expand(value, saved = {}) {
  if (Array.isArray(value)) return value.map((one) => expand(one, saved));
  if (typeof value !== 'object' || value === null) return value;
  const [key, ...others] = Object.keys(value);
  if (others.length === 0) {
    if (key === '$repeat') return value.$repeat[0].repeat(value.$repeat[1]);
    if (key === '$concat') return expand(value.$concat, saved).join('');
    if (key === '$saved') return saved[value.$saved];
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expand(one, saved)]));
}

/** Returns the code of an error's kind. */
export function codeOf(kind) {
  return `CHATKEEP_${kind.replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase()}`;
}
