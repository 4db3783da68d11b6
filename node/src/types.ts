/**
 * The types of arguments and results.
 *
 * Integers in results are `number` where that is exact, up to 2^53 - 1, and `bigint` beyond. Ids
 * and counts are typed as `number`, because they never get that large. Token counts and integers
 * in metadata may have any size. In JSON, a `bigint` of a result is a string of its digits, so any
 * result can be passed to `JSON.stringify` or to a web framework.
 */

export type * from './types/database.js';
export type * from './types/messages.js';
export type * from './types/migrations.js';
export type * from './types/options.js';
export type * from './types/tokens.js';
