/** API tokens. */

import type { Store } from './addon.js';
import { call, isFailure, same } from './calls.js';
import { errorOf } from './errors.js';
import { optionsOf } from './options.js';
import { createdToken, integer, optionalToken, tokenCheck, tokensOf } from './rows.js';
import type { CreatedToken, NewTokenOptions, TokenCheck, TokenInfo } from './types.js';

const NEW_TOKEN = new Set(['description', 'expiresDays']);

/**
 * Makes, checks and revokes API tokens.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { tokenManager } = new Chatkeep('sqlite:///:memory:');
 * const { id, token } = await tokenManager.createToken({ description: 'web app', expiresDays: 90 });
 * console.log(await tokenManager.verifyToken(token)); // true
 * await tokenManager.revokeToken(id);
 * console.log(await tokenManager.verifyToken(token)); // false
 * ```
 */
export class TokenManager {
  readonly #store: Store;

  /** @internal */
  constructor(store: unknown) {
    this.#store = store as Store;
  }

  /**
   * Makes a token. Only its digest is stored, so this is the only time that it can be shown.
   *
   * @param options What it is for, and when it expires; a string alone is what it is for.
   * @throws `CHATKEEP_INVALID_INPUT` when an option cannot be; `field` names it.
   */
  createToken(options?: NewTokenOptions | string): Promise<CreatedToken> {
    return call((number) => {
      const given = typeof options === 'string' ? { description: options } : options;
      const { description, expiresDays } = optionsOf('createToken', given, NEW_TOKEN);
      return this.#store.createToken(number, description, expiresDays);
    }, createdToken);
  }

  /**
   * Whether this token may be used now.
   *
   * The database's word is good for some seconds (`TOKEN_CACHE_SECONDS`), but never past the token's expiry; a token that is
   * revoked in this process is invalid at once.
   *
   * @param token What was presented, whatever text it is.
   * @returns False also for a text that cannot be a token.
   * @throws `CHATKEEP_UNAVAILABLE` when the database does not answer. That is never `false`: answer with status 503, not 401.
   */
  verifyToken(token: string): Promise<boolean> {
    const known = this.#store.verifyAtOnce(token);
    if (typeof known === 'boolean') return Promise.resolve(known);
    if (isFailure(known)) return Promise.reject(errorOf(known));
    return call((number) => this.#store.verifyToken(number, token), same<boolean>);
  }

  /**
   * Whether this token may be used now, and why or why not.
   *
   * @param token What was presented, whatever text it is.
   * @throws `CHATKEEP_UNAVAILABLE` when the database does not answer.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { tokenManager } = new Chatkeep('sqlite:///:memory:');
   * const { valid, reason } = await tokenManager.checkToken('no such token');
   * console.log(valid, reason); // false malformed
   * ```
   */
  checkToken(token: string): Promise<TokenCheck> {
    const known = this.#store.checkAtOnce(token);
    if (typeof known === 'string') return Promise.resolve(tokenCheck(known));
    if (isFailure(known)) return Promise.reject(errorOf(known));
    return call((number) => this.#store.checkToken(number, token), tokenCheck);
  }

  /** All tokens, newest first: never the tokens themselves. */
  listTokens(): Promise<TokenInfo[]> {
    return call((number) => this.#store.listTokens(number), tokensOf);
  }

  /**
   * The token with this id.
   *
   * @param id The token's id.
   * @returns Its record, or `null` when there is none.
   */
  getTokenInfo(id: number | bigint): Promise<TokenInfo | null> {
    return call((number) => this.#store.getTokenInfo(number, id), optionalToken);
  }

  /**
   * Makes a token invalid for good: in this process at once, in others within `TOKEN_CACHE_SECONDS`.
   *
   * @param tokenId The token's id.
   * @returns False when there is no such token, or it was revoked before.
   */
  revokeToken(tokenId: number | bigint): Promise<boolean> {
    return call((number) => this.#store.revokeToken(number, tokenId), same<boolean>);
  }

  /**
   * Deletes the tokens whose time is over.
   *
   * @returns How many there were.
   */
  deleteExpiredTokens(): Promise<number> {
    const counted = (answer: number | string) => integer(answer) as number;
    return call((number) => this.#store.deleteExpiredTokens(number), counted);
  }
}
