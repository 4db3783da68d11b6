/** SessionManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { createdSession, rotatedSession, sessionCheck, sessionPage } from './decode.js';
import type {
  CreateSessionOptions,
  CreatedSession,
  ListSessionsOptions,
  PruneSessionsOptions,
  RevokeAllSessionsOptions,
  RotatedSession,
  SessionCheck,
  SessionPage,
} from './types.js';

const CREATE_SESSION = operation(
  'sessions',
  'create_session',
  'createSession',
  ['lifetimeSeconds', 'idleSeconds', 'ip', 'userAgent', 'label', 'userStamp'],
  recordOf(createdSession),
);
const VERIFY_SESSION = operation(
  'sessions',
  'verify_session',
  'verifySession',
  [],
  identity<boolean>,
);
const CHECK_SESSION = operation(
  'sessions',
  'check_session',
  'checkSession',
  [],
  recordOf(sessionCheck),
);
const ROTATE_SESSION = operation(
  'sessions',
  'rotate_session',
  'rotateSession',
  [],
  optionalOf(rotatedSession),
);
const LIST_SESSIONS = operation(
  'sessions',
  'list_sessions',
  'listSessions',
  ['includeEnded', 'limit', 'cursor'],
  recordOf(sessionPage),
);
const REVOKE_SESSION = operation(
  'sessions',
  'revoke_session',
  'revokeSession',
  [],
  identity<boolean>,
);
const LOGOUT = operation('sessions', 'logout', 'logout', [], identity<boolean>);
const REVOKE_ALL_SESSIONS = operation(
  'sessions',
  'revoke_all_sessions',
  'revokeAllSessions',
  ['exceptSession'],
  integer<number>,
);
const PRUNE_SESSIONS = operation(
  'sessions',
  'prune_sessions',
  'pruneSessions',
  ['days'],
  integer<number>,
);

/**
 * Creates, checks, rotates and ends sessions of users.
 *
 * The browser keeps the secret of a session, for example in a cookie. Only a hash of it is stored.
 * Lookups are cached for a few seconds (`TOKEN_CACHE_SECONDS`, 5 by default; 0 disables the cache).
 * A session ends with its lifetime, after `idleSeconds` without a use, by a revocation, and when
 * its user becomes inactive or gets a new stamp.
 */
export class SessionManager extends OperationGroup {
  /**
   * Creates a session of a signed-in user. Only a hash of its secret is stored, so this is the only
   * time that it can be delivered.
   *
   * Pass the field `stamp` of the signed-in user as `userStamp`. Otherwise a sign-in with an old
   * password could begin a session after a change of the password has ended all others.
   *
   * @param userId Id of the signed-in user.
   * @param options Options: `lifetimeSeconds`, `idleSeconds`, `ip`, `userAgent`, `label`,
   * `userStamp` and `signal`.
   * @returns The secret, and the session.
   * @throws `CHATKEEP_CONFLICT`: all sessions of the user ended after the sign-in. It is not
   * retryable then, and its field is `userStamp`.
   * @throws `CHATKEEP_INVALID_INPUT`: no active user has the id `userId`, or another value is
   * invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. A
   * session may have been created, whose secret is lost.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createSession(userId: string, options?: CreateSessionOptions): Promise<CreatedSession> {
    return call(this, CREATE_SESSION, options, ({ lifetimeSeconds, idleSeconds, ip, userAgent, label, userStamp }) => [
      userId,
      lifetimeSeconds,
      idleSeconds,
      ip,
      userAgent,
      label,
      userStamp,
    ]);
  }

  /**
   * Returns whether a session is valid now.
   *
   * A session that any store of this process ends is invalid immediately, in other processes within
   * `TOKEN_CACHE_SECONDS`. The use is recorded in `lastSeenAt`, at most once a minute, by a
   * background thread. If a secret is used that a rotation replaced more than 60 seconds ago, the
   * session is revoked.
   *
   * @param secret The string that the client presented, valid or not.
   * @param options An abort signal.
   * @returns Whether the session is valid. A malformed secret is invalid, not an error.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_STORAGE_FULL`: the session could not be checked. It may be
   * valid: respond with status 503, not 401.
   */
  verifySession(secret: string, options?: Abortable): Promise<boolean> {
    return call(this, VERIFY_SESSION, options, () => [secret]);
  }

  /**
   * Checks a session, and returns why it is valid or invalid. It records the use, and revokes the
   * session, as {@link SessionManager.verifySession} does.
   *
   * @param secret The string that the client presented, valid or not.
   * @param options An abort signal.
   * @returns Whether the session is valid, the reason, and the session.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_STORAGE_FULL`: the session could not be checked. It may be
   * valid: respond with status 503, not 401.
   */
  checkSession(secret: string, options?: Abortable): Promise<SessionCheck> {
    return call(this, CHECK_SESSION, options, () => [secret]);
  }

  /**
   * Replaces the secret of a session. The previous secret stays valid for 60 seconds.
   *
   * A session is rotated at most once in 60 seconds. Within that time, a call with the previous or
   * the new secret returns the new secret again, so that concurrent requests of a browser, and a
   * retry after a lost response, all get the same one. A use of a replaced secret after that time
   * revokes the session, because the secret may have been stolen.
   *
   * @param secret The string that the client presented, valid or not.
   * @param options An abort signal.
   * @returns The secret to use from now on, or `null` if the session is not valid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Call it
   * again with the same secret.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  rotateSession(secret: string, options?: Abortable): Promise<RotatedSession | null> {
    return call(this, ROTATE_SESSION, options, () => [secret]);
  }

  /**
   * Returns a user's sessions, newest first.
   *
   * @param userId Id of the user.
   * @param options Options: `includeEnded`, `limit`, `cursor` and `signal`.
   * @returns A page of sessions; an empty one if the user does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is not 1–10,000, or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listSessions(userId: string, options?: ListSessionsOptions): Promise<SessionPage> {
    return call(this, LIST_SESSIONS, options, ({ includeEnded, limit, cursor }) => [
      userId,
      includeEnded,
      limit,
      cursor,
    ]);
  }

  /**
   * Ends a session.
   *
   * It is invalid immediately in this process, and in others within `TOKEN_CACHE_SECONDS`.
   *
   * @param sessionId The session's id.
   * @param options An abort signal.
   * @returns `false` if the session does not exist, was already revoked, or has expired.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  revokeSession(sessionId: string, options?: Abortable): Promise<boolean> {
    return call(this, REVOKE_SESSION, options, () => [sessionId]);
  }

  /**
   * Ends the session to which a secret belongs. Replaced secrets are sufficient.
   *
   * @param secret The string that the client presented, valid or not.
   * @param options An abort signal.
   * @returns `false` if there is no such session, or it has already ended.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  logout(secret: string, options?: Abortable): Promise<boolean> {
    return call(this, LOGOUT, options, () => [secret]);
  }

  /**
   * Ends all sessions of a user.
   *
   * @param userId Id of the user.
   * @param options Options: `exceptSession` and `signal`.
   * @returns The number of sessions that ended.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  revokeAllSessions(userId: string, options?: RevokeAllSessionsOptions): Promise<number> {
    return call(this, REVOKE_ALL_SESSIONS, options, ({ exceptSession }) => [userId, exceptSession]);
  }

  /**
   * Deletes the sessions that ended some time ago, in batches.
   *
   * The end is the expiry, the revocation, or the end of `idleSeconds` without a use.
   *
   * @param options Options: `days` and `signal`.
   * @returns The number of deleted sessions.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is not 1–3,650,000.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. Some
   * sessions may have been deleted: call it again.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: some sessions may have been deleted: call it
   * again.
   */
  pruneSessions(options?: PruneSessionsOptions): Promise<number> {
    return call(this, PRUNE_SESSIONS, options, ({ days }) => [days]);
  }
}
