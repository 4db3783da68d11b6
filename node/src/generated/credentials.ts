/** CredentialManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { OperationGroup, call, operation } from '../operations.js';
import { integer, optionalOf, recordOf } from '../revive.js';
import { timestampArg } from '../timestamps.js';
import type { Abortable } from '../types.js';
import {
  credential,
  credentialCheck,
  credentialPage,
  credentialRotation,
  revealedCredential,
} from './decode.js';
import type {
  AddCredentialOptions,
  Credential,
  CredentialCheck,
  CredentialPage,
  CredentialRotation,
  CredentialStatus,
  FindCredentialOptions,
  ImportFernetOptions,
  ListCredentialsOptions,
  RevealedCredential,
} from './types.js';

const ADD_CREDENTIAL = operation(
  'credentials',
  'add_credential',
  'addCredential',
  ['provider', 'userId', 'scopes', 'expiresAt', 'createdBy'],
  recordOf(credential),
);
const IMPORT_FERNET = operation(
  'credentials',
  'import_fernet',
  'importFernet',
  ['provider', 'userId', 'scopes', 'expiresAt', 'createdBy'],
  recordOf(credential),
);
const SET_CREDENTIAL_STATUS = operation(
  'credentials',
  'set_credential_status',
  'setCredentialStatus',
  [],
  identity<boolean>,
);
const COOL_DOWN_CREDENTIAL = operation(
  'credentials',
  'cool_down_credential',
  'coolDownCredential',
  [],
  identity<boolean>,
);
const DELETE_CREDENTIAL = operation(
  'credentials',
  'delete_credential',
  'deleteCredential',
  [],
  identity<boolean>,
);
const DELETE_OLD_CREDENTIALS = operation(
  'credentials',
  'delete_old_credentials',
  'deleteOldCredentials',
  [],
  integer<number>,
);
const FIND_CREDENTIAL = operation(
  'credentials',
  'find_credential',
  'findCredential',
  ['provider', 'userId', 'scope'],
  optionalOf(revealedCredential),
);
const REVEAL_CREDENTIAL = operation(
  'credentials',
  'reveal_credential',
  'revealCredential',
  [],
  optionalOf(revealedCredential),
);
const GET_CREDENTIAL = operation(
  'credentials',
  'get_credential',
  'getCredential',
  [],
  optionalOf(credential),
);
const LIST_CREDENTIALS = operation(
  'credentials',
  'list_credentials',
  'listCredentials',
  ['provider', 'userId', 'name', 'limit', 'cursor'],
  recordOf(credentialPage),
);
const ROTATE_CREDENTIAL_KEYS = operation(
  'credentials',
  'rotate_credential_keys',
  'rotateCredentialKeys',
  [],
  recordOf(credentialRotation),
);
const CHECK_CREDENTIALS = operation(
  'credentials',
  'check_credentials',
  'checkCredentials',
  [],
  recordOf(credentialCheck),
);

/**
 * Stores encrypted secrets, such as API keys of providers.
 *
 * A credential belongs to the application, to a provider, to a user, or to a user at a provider. It
 * is encrypted with XChaCha20-Poly1305, and bound to its row. The keys are in `CHATKEEP_KEYS`,
 * never in the database: the first one encrypts, and all decrypt. Without a key, nothing is stored.
 */
export class CredentialManager extends OperationGroup {
  /**
   * Encrypts and stores a credential.
   *
   * If the owner has credentials with this name, the new one gets the next version. The earlier
   * versions stay usable until they are revoked.
   *
   * @param name Name of the credential, such as `api_key`, at most 100 characters.
   * @param secret The secret, 1 to 65,536 bytes.
   * @param options Options: `provider`, `userId`, `scopes`, `expiresAt`, `createdBy` and `signal`.
   * @returns The credential, without its secret.
   * @throws `CHATKEEP_CONFIGURATION`: there is no key to encrypt it with.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid, or the provider or the user does not
   * exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * credential may have been stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  addCredential(name: string, secret: string, options?: AddCredentialOptions): Promise<Credential> {
    return call(this, ADD_CREDENTIAL, options, ({ provider, userId, scopes, expiresAt, createdBy }) => [
      name,
      secret,
      provider,
      userId,
      scopes,
      timestampArg(expiresAt),
      createdBy,
    ]);
  }

  /**
   * Decrypts a Fernet token of another program, and stores it as
   * {@link CredentialManager.addCredential} does.
   *
   * @param fernetKey The Fernet key with which the token was encrypted: base64 text of 32 bytes.
   * @param name Name of the credential, such as `api_key`, at most 100 characters.
   * @param secret The secret, 1 to 65,536 bytes.
   * @param options Options: `provider`, `userId`, `scopes`, `expiresAt`, `createdBy` and `signal`.
   * @returns The credential, without its secret.
   * @throws `CHATKEEP_CONFIGURATION`: there is no key to encrypt it with.
   * @throws `CHATKEEP_INVALID_INPUT`: `secret` is not a token, or was encrypted with another key.
   * Or another value is invalid, or the provider or the user does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * credential may have been stored.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  importFernet(
    fernetKey: string,
    name: string,
    secret: string,
    options?: ImportFernetOptions,
  ): Promise<Credential> {
    return call(this, IMPORT_FERNET, options, ({ provider, userId, scopes, expiresAt, createdBy }) => [
      fernetKey,
      name,
      secret,
      provider,
      userId,
      scopes,
      timestampArg(expiresAt),
      createdBy,
    ]);
  }

  /**
   * Activates, disables or revokes a credential.
   *
   * @param credentialId The credential's id.
   * @param status The new state. `revoked` is final.
   * @param options An abort signal.
   * @returns `false` if the credential does not exist.
   * @throws `CHATKEEP_CONFLICT`: the credential is revoked. It is not retryable then, and its field
   * is `status`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setCredentialStatus(
    credentialId: string,
    status: CredentialStatus,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, SET_CREDENTIAL_STATUS, options, () => [credentialId, status]);
  }

  /**
   * Keeps a credential from being found for some time, for example after a rate limit.
   *
   * A cooldown that ends later is kept, so that concurrent calls do not shorten it.
   *
   * @param credentialId The credential's id.
   * @param seconds Seconds from now, 0–31,536,000. With 0, the cooldown ends.
   * @param options An abort signal.
   * @returns `false` if the credential does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `seconds` is not 0–31,536,000.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  coolDownCredential(
    credentialId: string,
    seconds: number | bigint,
    options?: Abortable,
  ): Promise<boolean> {
    return call(this, COOL_DOWN_CREDENTIAL, options, () => [credentialId, seconds]);
  }

  /**
   * Deletes a credential.
   *
   * @param credentialId The credential's id.
   * @param options An abort signal.
   * @returns `false` if the credential does not exist.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteCredential(credentialId: string, options?: Abortable): Promise<boolean> {
    return call(this, DELETE_CREDENTIAL, options, () => [credentialId]);
  }

  /**
   * Deletes the credentials that were revoked or expired some time ago, in batches.
   *
   * @param days Minimum age of the end in days of 24 hours, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted credentials.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some credentials may be deleted. Call it again.
   */
  deleteOldCredentials(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_CREDENTIALS, options, () => [days]);
  }

  /**
   * Returns the newest usable credential of an owner, with its secret.
   *
   * It is active, has not expired and does not cool down. The owner must match exactly: without
   * `provider` and `userId`, it is the application. An unreadable credential is an error; no
   * earlier version is returned instead. The use is recorded in `lastUsedAt`, at most once a
   * minute, by a background thread.
   *
   * @param name Name of the credential.
   * @param options Options: `provider`, `userId`, `scope` and `signal`.
   * @returns `null` if no credential is usable, also if the provider or the user does not exist.
   * @throws `CHATKEEP_CONFIGURATION`: there are no keys, or the credential's key is not among them.
   * @throws `CHATKEEP_CORRUPT`: the credential was changed, or belongs to another row.
   * @throws `CHATKEEP_INVALID_INPUT`: a value is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  findCredential(
    name: string,
    options?: FindCredentialOptions,
  ): Promise<RevealedCredential | null> {
    return call(this, FIND_CREDENTIAL, options, ({ provider, userId, scope }) => [
      name,
      provider,
      userId,
      scope,
    ]);
  }

  /**
   * Returns a credential by its id, with its secret, whatever its state is. The use is recorded, as
   * by {@link CredentialManager.findCredential}.
   *
   * @param credentialId The credential's id.
   * @param options An abort signal.
   * @returns `null` if the credential does not exist.
   * @throws `CHATKEEP_CONFIGURATION`: there are no keys, or the credential's key is not among them.
   * @throws `CHATKEEP_CORRUPT`: the credential was changed, or belongs to another row.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  revealCredential(credentialId: string, options?: Abortable): Promise<RevealedCredential | null> {
    return call(this, REVEAL_CREDENTIAL, options, () => [credentialId]);
  }

  /**
   * Returns a credential without its secret, which is not decrypted.
   *
   * @param credentialId The credential's id.
   * @param options An abort signal.
   * @returns `null` if the credential does not exist.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  getCredential(credentialId: string, options?: Abortable): Promise<Credential | null> {
    return call(this, GET_CREDENTIAL, options, () => [credentialId]);
  }

  /**
   * Returns credentials without their secrets, newest first. Nothing is decrypted.
   *
   * @param options Options: `provider`, `userId`, `name`, `limit`, `cursor` and `signal`.
   * @returns A page of credentials; an empty one if the provider or the user does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is not 1–10,000, or another value is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listCredentials(options?: ListCredentialsOptions): Promise<CredentialPage> {
    return call(this, LIST_CREDENTIALS, options, ({ provider, userId, name, limit, cursor }) => [
      provider,
      userId,
      name,
      limit,
      cursor,
    ]);
  }

  /**
   * Encrypts all credentials with the first key, in batches.
   *
   * It can be repeated, also concurrently and after an interruption. To replace a key, first add
   * the new key after the old one in every process. Then move it to the front, and call this.
   * Remove the old key when {@link CredentialManager.checkCredentials} reports no credential of it.
   *
   * @param options An abort signal.
   * @returns The number of credentials that this call encrypted, and of those that it could not
   * decrypt.
   * @throws `CHATKEEP_CONFIGURATION`: there are no keys.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: some credentials may be
   * encrypted with the first key. Call it again.
   */
  rotateCredentialKeys(options?: Abortable): Promise<CredentialRotation> {
    return call(this, ROTATE_CREDENTIAL_KEYS, options, () => []);
  }

  /**
   * Decrypts all credentials, and reports how many of them each key encrypts.
   *
   * It needs no key, and returns no secret. Credentials whose key is missing are unreadable.
   *
   * @param options An abort signal.
   * @returns The numbers of credentials, of unreadable ones, and the same numbers for each key.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  checkCredentials(options?: Abortable): Promise<CredentialCheck> {
    return call(this, CHECK_CREDENTIALS, options, () => []);
  }
}
