/** TokenManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, listOf, optionalOf, recordOf } from '../revive.js';
import { checkToken, createToken, verifyToken } from '../tuned.js';
import type { Abortable } from '../types.js';
import { createdToken, tokenCheck, tokenInfo } from './decode.js';
import type {
  CheckTokenOptions,
  CreatedToken,
  ListTokensOptions,
  NewTokenOptions,
  RotateTokenOptions,
  TokenCheck,
  TokenInfo,
} from './types.js';

const CREATE_TOKEN = operation(
  'tokens',
  'create_token',
  'createToken',
  ['description', 'expiresDays', 'scopes', 'userId'],
  recordOf(createdToken),
);
const ROTATE_TOKEN = operation(
  'tokens',
  'rotate_token',
  'rotateToken',
  ['graceSeconds'],
  optionalOf(createdToken),
);
const VERIFY_TOKEN = operation('tokens', 'verify_token', 'verifyToken', [], identity<boolean>);
const CHECK_TOKEN = operation(
  'tokens',
  'check_token',
  'checkToken',
  ['scope'],
  recordOf(tokenCheck),
);
const LIST_TOKENS = operation(
  'tokens',
  'list_tokens',
  'listTokens',
  ['userId'],
  listOf(tokenInfo),
);
const GET_TOKEN_INFO = operation(
  'tokens',
  'get_token_info',
  'getTokenInfo',
  [],
  optionalOf(tokenInfo),
);
const REVOKE_TOKEN = operation('tokens', 'revoke_token', 'revokeToken', [], identity<boolean>);
const COUNT_EXPIRED_TOKENS = operation(
  'tokens',
  'count_expired_tokens',
  'countExpiredTokens',
  [],
  integer<number>,
);
const DELETE_EXPIRED_TOKENS = operation(
  'tokens',
  'delete_expired_tokens',
  'deleteExpiredTokens',
  [],
  integer<number>,
);

/**
 * Creates, checks and revokes API tokens.
 *
 * Only a hash of a token is stored. Lookups are cached for a few seconds (`TOKEN_CACHE_SECONDS`, 5
 * by default; 0 disables the cache), but never past the token's expiry.
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
export class TokenManager extends OperationGroup {
  /**
   * Creates a token. Only its hash is stored, so this is the only time that it can be shown.
   *
   * @param options Options: `description`, `expiresDays` and `signal`; or only the description.
   * @returns The token, with its record.
   * @throws `CHATKEEP_INVALID_INPUT`: `description` or one of the `scopes` is invalid,
   * `expiresDays` is less than 1, or no active user has the id `userId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { tokenManager } = new Chatkeep('sqlite:///:memory:');
   * const created = await tokenManager.createToken({ description: 'for the web app' });
   * console.log(created.token.startsWith('ck_')); // true
   * ```
   */
  createToken(options?: NewTokenOptions | string): Promise<CreatedToken> {
    return createToken(this, CREATE_TOKEN, options, ({ description, expiresDays, scopes, userId }) => [
      description,
      expiresDays,
      scopes,
      userId,
    ]);
  }

  /**
   * Replaces a token by a new one with the same id.
   *
   * The previous token stays valid for a grace period, so that its users can switch. Another
   * rotation ends the grace period of the token before.
   *
   * @param tokenId The token's id.
   * @param options Options: `graceSeconds` and `signal`.
   * @returns The new token, with its record, or `null` if the token does not exist, was revoked or
   * has expired.
   * @throws `CHATKEEP_INVALID_INPUT`: `graceSeconds` is not 0–2,592,000.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  rotateToken(
    tokenId: number | bigint,
    options?: RotateTokenOptions,
  ): Promise<CreatedToken | null> {
    return call(this, ROTATE_TOKEN, options, ({ graceSeconds }) => [tokenId, graceSeconds]);
  }

  /**
   * Returns whether a token is valid now.
   *
   * A token that any store of this process revokes is invalid immediately, in other processes
   * within `TOKEN_CACHE_SECONDS`. The use is recorded in `lastUsedAt`, at most once a minute, by a
   * background thread.
   *
   * @param token The string that the client presented, valid or not.
   * @param options An abort signal.
   * @returns Whether the token is valid. A malformed token is invalid, not an error.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`: the database does not answer, or no
   * connection became free in time. The token may be valid: respond with status 503, not 401.
   */
  verifyToken(token: string, options?: Abortable): Promise<boolean> {
    return verifyToken(this, VERIFY_TOKEN, options, () => [token]);
  }

  /**
   * Checks a token, and returns why it is valid or invalid.
   *
   * @param token The string that the client presented, valid or not.
   * @param options Options: `scope` and `signal`.
   * @returns Whether the token is valid, the reason, and the stored record.
   * @throws `CHATKEEP_INVALID_INPUT`: `scope` is not a scope.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`: the database does not answer, or no
   * connection became free in time. The token may be valid: respond with status 503, not 401.
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
  checkToken(token: string, options?: CheckTokenOptions): Promise<TokenCheck> {
    return checkToken(this, CHECK_TOKEN, options, ({ scope }) => [token, scope]);
  }

  /**
   * Returns the records of all tokens, or of those of a user, newest first. They do not contain the
   * tokens themselves.
   *
   * @param options Options: `userId` and `signal`.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listTokens(options?: ListTokensOptions): Promise<TokenInfo[]> {
    return call(this, LIST_TOKENS, options, ({ userId }) => [userId]);
  }

  /**
   * Returns the record of a token.
   *
   * @param id The token's id.
   * @param options An abort signal.
   * @returns The record, or `null` if the token does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getTokenInfo(id: number | bigint, options?: Abortable): Promise<TokenInfo | null> {
    return call(this, GET_TOKEN_INFO, options, () => [id]);
  }

  /**
   * Revokes a token permanently.
   *
   * It is invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
   *
   * @param tokenId The token's id.
   * @param options An abort signal.
   * @returns `false` if the token does not exist or was already revoked.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   *
   * @example
   * ```ts
   * import { Chatkeep } from 'chatkeep';
   *
   * const { tokenManager } = new Chatkeep('sqlite:///:memory:');
   * const { id, token } = await tokenManager.createToken('for a colleague');
   * console.log(await tokenManager.revokeToken(id)); // true
   * const { reason } = await tokenManager.checkToken(token);
   * console.log(reason); // revoked
   * ```
   */
  revokeToken(tokenId: number | bigint, options?: Abortable): Promise<boolean> {
    return call(this, REVOKE_TOKEN, options, () => [tokenId]);
  }

  /**
   * Returns the number of tokens that {@link TokenManager.deleteExpiredTokens} would delete.
   *
   * @param options An abort signal.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  countExpiredTokens(options?: Abortable): Promise<number> {
    return call(this, COUNT_EXPIRED_TOKENS, options, () => []);
  }

  /**
   * Deletes all expired tokens.
   *
   * @param options An abort signal.
   * @returns The number of deleted tokens.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteExpiredTokens(options?: Abortable): Promise<number> {
    return call(this, DELETE_EXPIRED_TOKENS, options, () => []);
  }
}
