/** API tokens. */

/** The result of a token check: valid, or why the token is invalid. */
export type TokenReason = 'valid' | 'malformed' | 'unknown' | 'revoked' | 'expired';

/** Options of a new token. */
export interface NewTokenOptions {
  /** Purpose of the token, at most 255 characters. */
  readonly description?: string | undefined;
  /** Number of days until the token expires, 1 or more. By default it never expires. */
  readonly expiresDays?: number | null | undefined;
}

/** The record of a stored token. It does not contain the token. */
export interface TokenInfo {
  readonly id: number;
  /** The same number as `id`, under the name that older code uses. */
  readonly tokenId: number;
  readonly description: string;
  readonly createdAt: Date;
  /** Time of expiry; `null` if the token never expires. */
  readonly expiresAt: Date | null;
  /** Whether the token has not been revoked. */
  readonly isActive: boolean;
  /** Time of the last use; `null` if the token has not been used. */
  readonly lastUsedAt: Date | null;
  /** The token's first characters, to distinguish it from others. */
  readonly tokenStart: string | null;
}

/** A new token. Only `createToken` returns the token itself; it is not stored. */
export interface CreatedToken {
  /** The token. `util.inspect`, and so `console.log`, shows only its start. */
  readonly token: string;
  readonly id: number;
  readonly tokenId: number;
  readonly description: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** The result of a token check. */
export interface TokenCheck {
  readonly valid: boolean;
  readonly reason: TokenReason;
  /** The token's stored record; `null` if there is none. */
  readonly token: TokenInfo | null;
}
