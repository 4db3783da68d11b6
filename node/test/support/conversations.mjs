/** Values and ids for tests of integrations that store items of conversations. */

import { randomUUID } from 'node:crypto';

/** Texts that a database could store differently. */
export const HOSTILE_TEXTS = [
  '',
  'a\0b',
  'a\ud800b\udfff',
  "'; DROP TABLE conversation_items; --",
  '%_\\',
  '\\u0000 \\ud800',
  '日本語 🎉 e\u0301 \u00e9',
  '\r\n\t\u2028\ufeff',
];

/** JSON values that a database could store differently. */
export const HOSTILE_VALUES = [
  ...HOSTILE_TEXTS,
  null,
  true,
  0,
  -0,
  1.5,
  0.1 + 0.2,
  2 ** 53,
  2 ** 63,
  -1e308,
  5e-324,
  1e-7,
  123456789012345.67,
  [],
  {},
  [[], {}, [null, [false]]],
  { z: 1, a: { y: [{ d: 1, c: 2 }], x: 3 }, 10: 'b', 2: 'a', é: 0, É: 1 },
  { $json: '{}', $order: [[1, 0]] },
  { $json: 'text' },
  { $order: [] },
  { $bytes: 'AA==' },
  { $$bytes: { $number: '-0' } },
  JSON.parse('{"__proto__": {"constructor": 1}, "toString": "b"}'),
  Object.fromEntries(HOSTILE_TEXTS.map((text, number) => [text, number])),
  nested(29),
  nested(200),
];

function nested(depth) {
  return Array.from({ length: depth }).reduce((inner) => ({ b: 1, a: [inner] }), 'end');
}

/** Values that are rejected, with the end of their field's name. */
export const UNSUPPORTED_VALUES = [
  [{ deep: [1, 10n] }, '.deep[1]'],
  [10n, ''],
  [Number.NaN, ''],
  [[Number.POSITIVE_INFINITY], '[0]'],
  [new Map(), ''],
  [() => {}, ''],
  [Symbol('a'), ''],
  [[undefined], '[0]'],
  [new Array(1), '[0]'],
  [new (class Own {})(), ''],
];

/** Ids that a query could confuse with each other. */
export function hostileIds() {
  const base = randomUUID().slice(0, 8);
  return [
    base,
    `${base}%`,
    `${base}_`,
    `${base}\\`,
    `${base}é`,
    `${base}e\u0301`,
    base.slice(0, -1),
    `${base}a`,
    `${base}A`,
    `${base}-a`,
  ];
}

/** Returns the keys of a value and of its parts, in their order. */
export function keysOf(value) {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [];
  return [Object.keys(value), ...Object.values(value).map(keysOf)];
}

/** Returns a function that returns random integers below its argument, the same for each seed. */
export function randomIntegers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
