/** API tokens. */

import type { Store } from './addon.js';
import { call, identity, isFailure } from './calls.js';
import { errorOf } from './errors.js';
import { optionsOf } from './options.js';
import { countOf, createdToken, optionalToken, tokenCheck, tokensOf } from './rows.js';
import type { CreatedToken, NewTokenOptions, TokenCheck, TokenInfo } from './types.js';

const NEW_TOKEN = new Set(['description', 'expiresDays']);

/**
 * Creates, checks and revokes API tokens.
 *
 * @example
 * ```ts
 * import { Chatkeep } from 'chatkeep';
 *
 * const { tokenManager } = new Chatkeep('sqlite:///:memory:');
 * const { id, token } = await tokenManager.createToken({ description: 'app', expiresDays: 90 });
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
   * Creates a token and returns it. Only its digest is stored, so it is never returned again.
   *
   * @param options The description and the days until expiry, or only the description.
   * @throws `CHATKEEP_INVALID_INPUT` if an option is invalid; `field` names it.
   */
  createToken(options?: NewTokenOptions | string): Promise<CreatedToken> {
    return call((number) => {
      const asObject = typeof options === 'string' ? { description: options } : options;
      const { description, expiresDays } = optionsOf('createToken', asObject, NEW_TOKEN);
      return this.#store.createToken(number, description, expiresDays);
    }, createdToken);
  }

  /**
   * Returns whether a token is valid now.
   *
   * The result of a lookup is cached for `TOKEN_CACHE_SECONDS`, but never beyond the expiry of the
   * token. A token that this process revokes is invalid immediately.
   *
   * @param token The string that the client presented, valid or not.
   * @returns Whether the token is valid. A malformed token results in `false`, not in an error.
   * @throws `CHATKEEP_UNAVAILABLE` if the database does not respond. The token may then be valid:
   * answer with status 503, not 401.
   */
  verifyToken(token: string): Promise<boolean> {
    const cached = this.#store.verifyCached(token);
    if (typeof cached === 'boolean') return Promise.resolve(cached);
    if (isFailure(cached)) return Promise.reject(errorOf(cached));
    return call((number) => this.#store.verifyToken(number, token), identity<boolean>);
  }

  /**
   * Checks a token and returns why it is valid or invalid, with its record.
   *
   * @param token The string that the client presented, valid or not.
   * @throws `CHATKEEP_UNAVAILABLE` if the database does not respond.
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
    const cached = this.#store.checkCached(token);
    if (typeof cached === 'string') return Promise.resolve(tokenCheck(cached));
    if (isFailure(cached)) return Promise.reject(errorOf(cached));
    return call((number) => this.#store.checkToken(number, token), tokenCheck);
  }

  /** Returns the records of all tokens, newest first. They do not contain the tokens. */
  listTokens(): Promise<TokenInfo[]> {
    return call((number) => this.#store.listTokens(number), tokensOf);
  }

  /**
   * Returns the record of a token.
   *
   * @param id The token's id.
   * @returns The record, or `null` if the token does not exist.
   */
  getTokenInfo(id: number | bigint): Promise<TokenInfo | null> {
    return call((number) => this.#store.getTokenInfo(number, id), optionalToken);
  }

  /**
   * Revokes a token permanently. It becomes invalid immediately in this process, and within
   * `TOKEN_CACHE_SECONDS` in others.
   *
   * @param tokenId The token's id.
   * @returns False if the token does not exist or was already revoked.
   */
  revokeToken(tokenId: number | bigint): Promise<boolean> {
    return call((number) => this.#store.revokeToken(number, tokenId), identity<boolean>);
  }

  /**
   * Deletes all expired tokens.
   *
   * @returns The number of deleted tokens.
   */
  deleteExpiredTokens(): Promise<number> {
    return call((number) => this.#store.deleteExpiredTokens(number), countOf);
  }
}
