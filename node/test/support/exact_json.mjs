/** JSON as the vectors have it, with whole numbers that are exact: a `bigint` where a number is not. */

// The last three are no JSON, but other languages' readers take them.
const WORDS = {
  true: true,
  false: false,
  null: null,
  NaN: Number.NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
};

/** The value of a JSON text, however deep it nests. */
export function parseExactly(text) {
  const tokens = text.matchAll(
    /\s*(?:("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null|-?Infinity|NaN)|([{}[\],:]))/gy,
  );
  const root = [];
  const open = [{ held: root, key: undefined, isObject: false }];
  function put(value) {
    const { held, key, isObject } = open.at(-1);
    if (!isObject) {
      held.push(value);
    } else if (key === undefined) {
      open.at(-1).key = value;
    } else {
      Object.defineProperty(held, key, {
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
      const held = mark === '{' ? {} : [];
      put(held);
      open.push({ held, key: undefined, isObject: mark === '{' });
    } else if (mark === '}' || mark === ']') open.pop();
  }
  return root[0];
}

function numberOf(text) {
  const isWhole = /^-?\d+$/.test(text);
  return isWhole && !Number.isSafeInteger(Number(text)) ? BigInt(text) : Number(text);
}

/** A name as JavaScript spells it. */
export function camel(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}
