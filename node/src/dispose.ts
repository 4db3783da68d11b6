/** The symbol of `await using`. */

/**
 * The key of the method that ends `await using`.
 *
 * The first releases of Node 20 do not have the symbol. `await using` compiled by esbuild or Babel
 * then looks for the other one.
 */
export const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
