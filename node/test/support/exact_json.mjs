/** A parser for the JSON of the vectors, with exact integers: `bigint`s beyond 2^53. */

// The last three are not JSON, but parsers of other languages accept them.
const WORDS = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
};

const TOKEN = new RegExp(
  [
    String.raw`\s*(?:("(?:[^"\\]|\\.)*")`,
    String.raw`(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)`,
    '(true|false|null|-?Infinity|NaN)',
    String.raw`([{}[\],:]))`,
  ].join('|'),
  'gy',
);

/** Parses a JSON text of any depth. */
export function parseExactly(text) {
  const tokens = text.matchAll(TOKEN);
  const root = [];
  const open = [{ container: root, key: undefined, isObject: false }];
  function put(value) {
    const { container, key, isObject } = open.at(-1);
    if (!isObject) {
      container.push(value);
    } else if (key === undefined) {
      open.at(-1).key = value;
    } else {
      Object.defineProperty(container, key, {
        value,
        enumerable: true,
        writable: true,
        configurable: true,
      });
      open.at(-1).key = undefined;
    }
  }
  for (const [, string, number, word, mark] of tokens) {
    if (string !== undefined) put(JSON.parse(string));
    else if (number !== undefined) put(numberOf(number));
    else if (word !== undefined) put(WORDS[word]);
    else if (mark === '{' || mark === '[') {
      const container = mark === '{' ? {} : [];
      put(container);
      open.push({ container, key: undefined, isObject: mark === '{' });
    } else if (mark === '}' || mark === ']') open.pop();
  }
  return root[0];
}

function numberOf(text) {
  const isWhole = /^-?\d+$/.test(text);
  return isWhole && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);
}

/** Converts a name to camel case. */
export function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}
