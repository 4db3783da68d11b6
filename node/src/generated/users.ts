/** UserManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { metadataText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, listOf, optionalOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import {
  oneTimeSecret,
  user,
  userErasure,
  userExport,
  userIdentity,
  userPage,
  userRole,
} from './decode.js';
import type {
  ConfirmUserOptions,
  CreateOneTimeSecretOptions,
  CreateUserOptions,
  ExportUserOptions,
  GrantRoleOptions,
  LinkIdentityOptions,
  ListUsersOptions,
  OneTimeSecret,
  SetPasswordOptions,
  UpdateUserOptions,
  User,
  UserErasure,
  UserExport,
  UserIdentity,
  UserPage,
  UserRole,
} from './types.js';

const CREATE_USER = operation(
  'users',
  'create_user',
  'createUser',
  ['email', 'username', 'name', 'password', 'avatarUrl', 'confirmed', 'metadata', 'publicId', 'passwordHash', 'passwordScheme', 'identityProvider', 'identitySubject'],
  recordOf(user),
);
const AUTHENTICATE = operation('users', 'authenticate', 'authenticate', [], optionalOf(user));
const AUTHENTICATE_IDENTITY = operation(
  'users',
  'authenticate_identity',
  'authenticateIdentity',
  [],
  optionalOf(user),
);
const GET_USER = operation('users', 'get_user', 'getUser', [], optionalOf(user));
const FIND_BY_EMAIL = operation('users', 'find_by_email', 'findByEmail', [], optionalOf(user));
const FIND_BY_USERNAME = operation(
  'users',
  'find_by_username',
  'findByUsername',
  [],
  optionalOf(user),
);
const FIND_BY_IDENTITY = operation(
  'users',
  'find_by_identity',
  'findByIdentity',
  [],
  optionalOf(user),
);
const LIST_USERS = operation(
  'users',
  'list_users',
  'listUsers',
  ['active', 'role', 'cursor', 'limit'],
  recordOf(userPage),
);
const UPDATE_USER = operation(
  'users',
  'update_user',
  'updateUser',
  ['name', 'avatarUrl', 'username', 'email', 'metadata'],
  optionalOf(user),
);
const SET_PASSWORD = operation(
  'users',
  'set_password',
  'setPassword',
  ['endSessions'],
  identity<boolean>,
);
const HAS_PASSWORD = operation('users', 'has_password', 'hasPassword', [], identity<boolean>);
const SET_ACTIVE = operation('users', 'set_active', 'setActive', [], identity<boolean>);
const END_SESSIONS = operation('users', 'end_sessions', 'endSessions', [], identity<boolean>);
const CONFIRM_USER = operation(
  'users',
  'confirm_user',
  'confirmUser',
  ['email'],
  identity<boolean>,
);
const DELETE_USER = operation('users', 'delete_user', 'deleteUser', [], identity<boolean>);
const LINK_IDENTITY = operation(
  'users',
  'link_identity',
  'linkIdentity',
  ['email'],
  recordOf(userIdentity),
);
const UNLINK_IDENTITY = operation(
  'users',
  'unlink_identity',
  'unlinkIdentity',
  [],
  identity<boolean>,
);
const LIST_IDENTITIES = operation(
  'users',
  'list_identities',
  'listIdentities',
  [],
  listOf(userIdentity),
);
const GRANT_ROLE = operation(
  'users',
  'grant_role',
  'grantRole',
  ['expiresAt', 'grantedBy'],
  recordOf(userRole),
);
const REVOKE_ROLE = operation('users', 'revoke_role', 'revokeRole', [], identity<boolean>);
const LIST_ROLES = operation('users', 'list_roles', 'listRoles', [], listOf(userRole));
const HAS_ROLE = operation('users', 'has_role', 'hasRole', [], identity<boolean>);
const CREATE_ONE_TIME_SECRET = operation(
  'users',
  'create_one_time_secret',
  'createOneTimeSecret',
  ['lifetimeSeconds'],
  recordOf(oneTimeSecret),
);
const CONSUME_ONE_TIME_SECRET = operation(
  'users',
  'consume_one_time_secret',
  'consumeOneTimeSecret',
  [],
  identity<string | null>,
);
const DELETE_ONE_TIME_SECRETS = operation(
  'users',
  'delete_one_time_secrets',
  'deleteOneTimeSecrets',
  [],
  integer<number>,
);
const PRUNE_ONE_TIME_SECRETS = operation(
  'users',
  'prune_one_time_secrets',
  'pruneOneTimeSecrets',
  [],
  integer<number>,
);
const EXPORT_USER = operation(
  'users',
  'export_user',
  'exportUser',
  ['limit', 'cursor'],
  optionalOf(userExport),
);
const ERASE_USER = operation('users', 'erase_user', 'eraseUser', [], optionalOf(userErasure));

/**
 * Users, and how they sign in.
 *
 * A user is identified by `userId`, which is the field `publicId` of its record. Passwords are
 * stored as Argon2id hashes. Hashes of bcrypt and Flask-Security that other programs created are
 * accepted, and replaced when the user signs in.
 */
export class UserManager extends OperationGroup {
  /**
   * Creates a user. An e-mail address, a username or an identity is required.
   *
   * @param options Options: `email`, `username`, `name`, `password`, `avatarUrl`, `confirmed`,
   * `metadata`, `publicId`, `passwordHash`, `passwordScheme`, `identityProvider`, `identitySubject`
   * and `signal`.
   * @returns The user.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid or missing.
   * @throws `CHATKEEP_CONFLICT`: another user has the address, the username, the id or the
   * identity. It is not retryable then, and its field is `email`, `username`, `publicId` or
   * `identitySubject`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createUser(options?: CreateUserOptions): Promise<User> {
    return call(this, CREATE_USER, options, ({
      email,
      username,
      name,
      password,
      avatarUrl,
      confirmed,
      metadata,
      publicId,
      passwordHash,
      passwordScheme,
      identityProvider,
      identitySubject,
    }) => [
      email,
      username,
      name,
      password,
      avatarUrl,
      confirmed,
      metadataText(CREATE_USER.name, metadata),
      publicId,
      passwordHash,
      passwordScheme,
      identityProvider,
      identitySubject,
    ]);
  }

  /**
   * Checks a name and a password, and records the sign-in.
   *
   * The check takes as long for an unknown name as for a wrong password, if the user's hash is of
   * Argon2id with the current parameters. Other hashes are replaced at the first sign-in; until
   * then their check takes a different time.
   *
   * If recording the sign-in fails, for example because the database is read-only, the user is
   * returned with the former `lastLoginAt`.
   *
   * @param login E-mail address or username.
   * @param password Password.
   * @param options An abort signal.
   * @returns The user. `null` if the name is unknown, the password is wrong, or the user is not
   * active.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. The password may be right:
   * respond with status 503, not 401.
   * @throws `CHATKEEP_POOL_TIMEOUT`: no connection, or no thread for the check, was free in time.
   * @throws `CHATKEEP_CONFIGURATION`: `PASSWORD_SALT` is not set, or is not the one with which
   * Flask-Security hashed the password.
   */
  authenticate(login: string, password: string, options?: Abortable): Promise<User | null> {
    return call(this, AUTHENTICATE, options, () => [login, password]);
  }

  /**
   * Signs in a user after authentication by another provider.
   *
   * @param provider The provider, such as `google`.
   * @param subject The user's id at the provider.
   * @param options An abort signal.
   * @returns The user. `null` if the account is not linked, or the user is not active.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  authenticateIdentity(
    provider: string,
    subject: string,
    options?: Abortable,
  ): Promise<User | null> {
    return call(this, AUTHENTICATE_IDENTITY, options, () => [provider, subject]);
  }

  /**
   * Returns a user.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns The user, or `null` if there is none.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getUser(userId: string, options?: Abortable): Promise<User | null> {
    return call(this, GET_USER, options, () => [userId]);
  }

  /**
   * Returns the user with an e-mail address. Letter case and surrounding whitespace do not matter.
   *
   * @param email E-mail address.
   * @param options An abort signal.
   * @returns The user, active or not. `null` if there is none.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  findByEmail(email: string, options?: Abortable): Promise<User | null> {
    return call(this, FIND_BY_EMAIL, options, () => [email]);
  }

  /**
   * Returns the user with a username. Letter case and surrounding whitespace do not matter.
   *
   * @param username Username.
   * @param options An abort signal.
   * @returns The user, active or not. `null` if there is none.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  findByUsername(username: string, options?: Abortable): Promise<User | null> {
    return call(this, FIND_BY_USERNAME, options, () => [username]);
  }

  /**
   * Returns the user with an account of another provider.
   *
   * @param provider The provider, such as `google`.
   * @param subject The user's id at the provider.
   * @param options An abort signal.
   * @returns The user, active or not. `null` if the account is not linked.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  findByIdentity(provider: string, subject: string, options?: Abortable): Promise<User | null> {
    return call(this, FIND_BY_IDENTITY, options, () => [provider, subject]);
  }

  /**
   * Returns a page of users, newest first.
   *
   * @param options Options: `active`, `role`, `cursor`, `limit` and `signal`.
   * @returns The users, and the position of the next page.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `cursor` or `role` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listUsers(options?: ListUsersOptions): Promise<UserPage> {
    return call(this, LIST_USERS, options, ({ active, role, cursor, limit }) => [
      active,
      role,
      limit,
      cursor,
    ]);
  }

  /**
   * Changes a user's fields. Those that are not given stay unchanged; an empty text removes the
   * value.
   *
   * A new e-mail address is not confirmed, unless only its spelling differs. Metadata is replaced
   * as a whole.
   *
   * @param userId The user's public id.
   * @param options Options: `name`, `avatarUrl`, `username`, `email`, `metadata` and `signal`.
   * @returns The changed user, or `null` if the user does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_CONFLICT`: another user has the address or the username, or the user would
   * have no way to sign in. It is not retryable then, and its field is `email` or `username`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  updateUser(userId: string, options?: UpdateUserOptions): Promise<User | null> {
    return call(this, UPDATE_USER, options, ({ name, avatarUrl, username, email, metadata }) => [
      userId,
      name,
      avatarUrl,
      username,
      email,
      metadataText(UPDATE_USER.name, metadata),
    ]);
  }

  /**
   * Sets a user's password.
   *
   * @param userId The user's public id.
   * @param password New password, 1 to 1,024 bytes of UTF-8. Its strength is the application's
   * concern.
   * @param options Options: `endSessions` and `signal`.
   * @returns `false` if the user does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `password` is empty or too long.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setPassword(userId: string, password: string, options?: SetPasswordOptions): Promise<boolean> {
    return call(this, SET_PASSWORD, options, ({ endSessions }) => [userId, password, endSessions]);
  }

  /**
   * Returns whether a user has a password.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns `false` if the user has none, or does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  hasPassword(userId: string, options?: Abortable): Promise<boolean> {
    return call(this, HAS_PASSWORD, options, () => [userId]);
  }

  /**
   * Activates or deactivates a user. A deactivated user cannot sign in, and all sessions end.
   *
   * @param userId The user's public id.
   * @param active Whether the user may sign in.
   * @param options An abort signal.
   * @returns `false` if the user does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setActive(userId: string, active: boolean, options?: Abortable): Promise<boolean> {
    return call(this, SET_ACTIVE, options, () => [userId, active]);
  }

  /**
   * Ends all sessions of a user.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns `false` if the user does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  endSessions(userId: string, options?: Abortable): Promise<boolean> {
    return call(this, END_SESSIONS, options, () => [userId]);
  }

  /**
   * Records that a user has proved to own the e-mail address.
   *
   * @param userId The user's public id.
   * @param options Options: `email` and `signal`.
   * @returns Whether the address is confirmed. `false` if the user does not exist, or has no
   * address or another one.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  confirmUser(userId: string, options?: ConfirmUserOptions): Promise<boolean> {
    return call(this, CONFIRM_USER, options, ({ email }) => [userId, email]);
  }

  /**
   * Deletes a user without conversations.
   *
   * The user's password, identities, roles, sessions and API tokens are deleted, too. To delete all
   * data of the user, call `eraseUser`.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns `false` if the user does not exist.
   * @throws `CHATKEEP_CONFLICT`: the user has conversations. It is not retryable then, and its
   * field is `userId`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteUser(userId: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_USER, options, () => [userId]);
  }

  /**
   * Links an account of another provider to a user. Linking it again updates its e-mail address.
   *
   * @param userId The user's public id.
   * @param provider The provider, such as `google`, at most 50 characters.
   * @param subject The user's id at the provider, at most 255 characters.
   * @param options Options: `email` and `signal`.
   * @returns The identity.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or the user does not exist.
   * @throws `CHATKEEP_CONFLICT`: the account belongs to another user. It is not retryable then, and
   * its field is `subject`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  linkIdentity(
    userId: string,
    provider: string,
    subject: string,
    options?: LinkIdentityOptions,
  ): Promise<UserIdentity> {
    return call(this, LINK_IDENTITY, options, ({ email }) => [userId, provider, subject, email]);
  }

  /**
   * Removes an account of another provider, unless it is the user's last way to sign in.
   *
   * @param userId The user's public id.
   * @param provider The provider, such as `google`.
   * @param subject The user's id at the provider.
   * @param options An abort signal.
   * @returns `false` if the user does not have the identity, or does not exist.
   * @throws `CHATKEEP_CONFLICT`: the user has no other identity, and no password with an e-mail
   * address or a username. It is not retryable then, and its field is `subject`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  unlinkIdentity(
    userId: string,
    provider: string,
    subject: string,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, UNLINK_IDENTITY, options, () => [userId, provider, subject]);
  }

  /**
   * Returns the accounts of other providers that a user signs in with, oldest first.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns The identities. The list is empty if the user does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listIdentities(userId: string, options?: Abortable): Promise<UserIdentity[]> {
    return call(this, LIST_IDENTITIES, options, () => [userId]);
  }

  /**
   * Grants a role to a user. If the user has it, the expiry is replaced.
   *
   * @param userId The user's public id.
   * @param role Name of the role, at most 100 characters.
   * @param options Options: `expiresAt`, `grantedBy` and `signal`.
   * @returns The role.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, `expiresAt` is not in the future, or the
   * user does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  grantRole(userId: string, role: string, options?: GrantRoleOptions): Promise<UserRole> {
    return call(this, GRANT_ROLE, options, ({ expiresAt, grantedBy }) => [
      userId,
      role,
      timestampArg(expiresAt),
      grantedBy,
    ]);
  }

  /**
   * Revokes a role of a user.
   *
   * @param userId The user's public id.
   * @param role Name of the role.
   * @param options An abort signal.
   * @returns `false` if the user does not have the role, or does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  revokeRole(userId: string, role: string, options?: Abortable): Promise<boolean> {
    return call(this, REVOKE_ROLE, options, () => [userId, role]);
  }

  /**
   * Returns the roles of a user that have not expired, by name.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns The roles. The list is empty if the user does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listRoles(userId: string, options?: Abortable): Promise<UserRole[]> {
    return call(this, LIST_ROLES, options, () => [userId]);
  }

  /**
   * Returns whether a user has a role that has not expired. It does not matter whether the user is
   * active.
   *
   * @param userId The user's public id.
   * @param role Name of the role.
   * @param options An abort signal.
   * @returns `false` if the user does not have the role, or does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  hasRole(userId: string, role: string, options?: Abortable): Promise<boolean> {
    return call(this, HAS_ROLE, options, () => [userId, role]);
  }

  /**
   * Creates a secret that is valid once.
   *
   * For example, it confirms an address or permits a password reset.
   *
   * Only its hash is stored, so this is the only time that it can be delivered.
   *
   * @param purpose Purpose, at most 50 characters. The secret is valid for no other one.
   * @param subject Text that the use of the secret returns, such as the user's public id; at most
   * 255 characters.
   * @param options Options: `lifetimeSeconds` and `signal`.
   * @returns The secret, with its record.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  createOneTimeSecret(
    purpose: string,
    subject: string,
    options?: CreateOneTimeSecretOptions,
  ): Promise<OneTimeSecret> {
    return call(this, CREATE_ONE_TIME_SECRET, options, ({ lifetimeSeconds }) => [
      purpose,
      subject,
      lifetimeSeconds,
    ]);
  }

  /**
   * Uses a secret. Of all calls with it, in any process, exactly one gets the subject.
   *
   * @param secret The string that the client presented, valid or not.
   * @param purpose The purpose for which it was created.
   * @param options An abort signal.
   * @returns The subject. `null` if the secret does not exist, was created for another purpose, has
   * expired, or was used before.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * secret may have been used up.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: the secret is unchanged.
   */
  consumeOneTimeSecret(
    secret: string,
    purpose: string,
    options?: Abortable,
  ): Promise<string | null> {
    return call(this, CONSUME_ONE_TIME_SECRET, options, () => [secret, purpose]);
  }

  /**
   * Deletes the unused secrets of a purpose and subject.
   *
   * For example, after a password was reset.
   *
   * @param purpose The purpose for which they were created.
   * @param subject The subject for which they were created.
   * @param options An abort signal.
   * @returns The number of deleted secrets.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteOneTimeSecrets(purpose: string, subject: string, options?: Abortable): Promise<number> {
    return call(this, DELETE_ONE_TIME_SECRETS, options, () => [purpose, subject]);
  }

  /**
   * Deletes all expired secrets, in batches.
   *
   * @param options An abort signal.
   * @returns The number of deleted secrets.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`, `CHATKEEP_OUTCOME_UNKNOWN`: some secrets may be
   * deleted; call it again.
   */
  pruneOneTimeSecrets(options?: Abortable): Promise<number> {
    return call(this, PRUNE_ONE_TIME_SECRETS, options, () => []);
  }

  /**
   * Returns a page of everything that is stored about a user, as lines of JSON.
   *
   * Each line has the fields `table` and `row`. The lines contain the account, the scheme and time
   * of the password, identities, roles, one-time secrets, sessions, API tokens and credentials.
   * They also contain ratings, entries of the audit log, conversations with everything in them,
   * messages, open turns, streams, tasks, threads of agents, and settings with their versions.
   * Passwords, secrets and their hashes are not exported.
   *
   * Pages are read one after another, in constant memory. Rows that are stored during the export
   * may be missing. Applications that name users by text, as in ratings and in the audit log, must
   * use the public id or the e-mail address. The object of an entry and the scope of a setting may
   * begin with `user:`.
   *
   * @param userId The user's public id.
   * @param options Options: `limit`, `cursor` and `signal`.
   * @returns The lines, and the position of the next page. `null` if the user does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `cursor` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  exportUser(userId: string, options?: ExportUserOptions): Promise<UserExport | null> {
    return call(this, EXPORT_USER, options, ({ limit, cursor }) => [userId, limit, cursor]);
  }

  /**
   * Erases a user and everything that is stored about the user.
   *
   * The user is deactivated first. Then it deletes everything that `exportUser` returns, except for
   * entries of the audit log, and the account last. Statistics no longer include the deleted
   * messages. The user is removed from the entries of the audit log, with the values and the IP
   * address of those entries. The user is also removed from roles that the user granted to others,
   * from credentials that the user created, and from settings that the user changed.
   *
   * It works in batches of a few milliseconds, each in its own transaction, so that other callers
   * can write in between. After an error, call it again. If it then returns `null`, the account is
   * deleted; only messages, streams and settings that were stored during the call may remain. Texts
   * by which an application names the user are found as in `exportUser`. Backups are not changed.
   *
   * @param userId The user's public id.
   * @param options An abort signal.
   * @returns The number of deleted and of changed rows by table. `null` if the user does not exist.
   * @throws `CHATKEEP_CONFLICT`: conversations of the user were still being created after 10
   * restarts. It is not retryable then, and its field is `userId`.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: a part may be erased.
   */
  eraseUser(userId: string, options?: Abortable): Promise<UserErasure | null> {
    return call(this, ERASE_USER, options, () => [userId]);
  }
}
