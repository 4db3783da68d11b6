/** AppSettingManager: its operations. Made from the descriptions in crates/ by `make generate`. */

import { identity } from '../calls.js';
import { jsonText, optionalJsonText } from '../metadata.js';
import { OperationGroup, call, operation } from '../operations.js';
import { jsonMapArg } from '../records.js';
import { integer, listOf, mapValues, optionalOf, recordOf } from '../revive.js';
import type { Abortable } from '../types.js';
import { appSetting, appSettingVersion } from './decode.js';
import type {
  AppSetting,
  AppSettingVersion,
  DeleteSettingOptions,
  GetSettingOptions,
  GetSettingsOptions,
  ListSettingScopesOptions,
  ListSettingVersionsOptions,
  RollbackSettingOptions,
  SetSettingOptions,
  SetSettingsOptions,
} from './types.js';

const GET_SETTING = operation(
  'app_settings',
  'get_setting',
  'getSetting',
  ['scope', 'defaultValue'],
  optionalOf(appSetting),
);
const GET_SETTINGS = operation(
  'app_settings',
  'get_settings',
  'getSettings',
  ['scope'],
  recordOf((raw: any): Readonly<Record<string, AppSetting>> => mapValues(raw, appSetting)),
);
const LIST_SETTING_SCOPES = operation(
  'app_settings',
  'list_setting_scopes',
  'listSettingScopes',
  ['limit', 'after'],
  recordOf(identity<string[]>),
);
const LIST_SETTING_VERSIONS = operation(
  'app_settings',
  'list_setting_versions',
  'listSettingVersions',
  ['scope', 'limit', 'beforeVersion'],
  listOf(appSettingVersion),
);
const SET_SETTING = operation(
  'app_settings',
  'set_setting',
  'setSetting',
  ['scope', 'expectedVersion', 'updatedBy'],
  recordOf(appSetting),
);
const SET_SETTINGS = operation(
  'app_settings',
  'set_settings',
  'setSettings',
  ['scope', 'updatedBy'],
  recordOf((raw: any): Readonly<Record<string, AppSetting>> => mapValues(raw, appSetting)),
);
const DELETE_SETTING = operation(
  'app_settings',
  'delete_setting',
  'deleteSetting',
  ['scope', 'expectedVersion', 'deletedBy'],
  identity<boolean>,
);
const ROLLBACK_SETTING = operation(
  'app_settings',
  'rollback_setting',
  'rollbackSetting',
  ['scope', 'expectedVersion', 'updatedBy'],
  recordOf(appSetting),
);
const DELETE_OLD_SETTING_VERSIONS = operation(
  'app_settings',
  'delete_old_setting_versions',
  'deleteOldSettingVersions',
  [],
  integer<number>,
);

/**
 * Stores settings of the application, such as feature switches and limits, with their history.
 *
 * A setting has a key in a scope. The scope is empty for the whole application; others are such as
 * `tenant:7` or `user:` and a public id. A value is any JSON value, also null.
 *
 * Settings are read from memory. Another process sees a change after 2 s, or after 5 s if the
 * database answers slowly; the process that makes it sees it at once.
 *
 * A variable of the environment takes precedence over the database. Its name is `CHATKEEP_SETTING_`
 * and the key, or the scope, two underscores and the key. It is in upper case, with an underscore
 * in place of every character other than letters from A to Z and digits.
 * `CHATKEEP_SETTING_UI_THEME` is that of `ui.theme`. A value that is not JSON is a string.
 *
 * Settings are not encrypted, so keys that look like names of secrets are refused.
 */
export class AppSettingManager extends OperationGroup {
  /**
   * Returns a setting from the environment, the database or the default, in this order.
   *
   * @param key Key of the setting.
   * @param options Options: `scope`, `defaultValue` and `signal`.
   * @returns The setting, with the origin of its value. `null` if it does not exist and has no
   * default.
   * @throws `CHATKEEP_INVALID_INPUT`: `key` or `scope` is invalid.
   * @throws `CHATKEEP_CONFIGURATION`: the variable is not valid Unicode.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer, and the value in memory is more
   * than 5 s old. Other errors of the connection are possible, too.
   */
  getSetting(key: string, options?: GetSettingOptions): Promise<AppSetting | null> {
    return call(this, GET_SETTING, options, ({ scope, defaultValue }) => [
      key,
      scope,
      optionalJsonText(GET_SETTING.name, 'defaultValue', defaultValue),
    ]);
  }

  /**
   * Returns the stored settings of a scope by key.
   *
   * Values from the environment replace those in the database. A variable for a key that is not
   * stored applies to `getSetting` only, because its key is unknown.
   *
   * @param options Options: `scope` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `scope` is invalid.
   * @throws `CHATKEEP_CONFIGURATION`: a variable is not valid Unicode.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer, and the values in memory are more
   * than 5 s old. Other errors of the connection are possible, too.
   */
  getSettings(options?: GetSettingsOptions): Promise<Readonly<Record<string, AppSetting>>> {
    return call(this, GET_SETTINGS, options, ({ scope }) => [scope]);
  }

  /**
   * Returns the scopes that have stored settings, in the order of their characters.
   *
   * The scope of the whole application is an empty string.
   *
   * @param options Options: `limit`, `after` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `limit` is out of range, or `after` is invalid.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listSettingScopes(options?: ListSettingScopesOptions): Promise<string[]> {
    return call(this, LIST_SETTING_SCOPES, options, ({ limit, after }) => [limit, after]);
  }

  /**
   * Returns the versions of a setting, newest first, also of a deleted one.
   *
   * @param key Key of the setting.
   * @param options Options: `scope`, `limit`, `beforeVersion` and `signal`.
   * @throws `CHATKEEP_INVALID_INPUT`: `key` or `scope` is invalid, or `limit` is out of range.
   * @throws `CHATKEEP_UNAVAILABLE`: the database does not answer. Other errors of the connection
   * are possible, too.
   */
  listSettingVersions(
    key: string,
    options?: ListSettingVersionsOptions,
  ): Promise<AppSettingVersion[]> {
    return call(this, LIST_SETTING_VERSIONS, options, ({ scope, limit, beforeVersion }) => [
      key,
      scope,
      limit,
      beforeVersion,
    ]);
  }

  /**
   * Stores a setting in the database.
   *
   * If the setting already has an equal value, it stays as it is, and gets no version.
   *
   * @param key Key of the setting, 1–255 characters. One that looks like the name of a secret,
   * such as `api_key`, is refused.
   * @param value Value, as any JSON value of at most 1 MiB.
   * @param options Options: `scope`, `expectedVersion`, `updatedBy` and `signal`.
   * @returns The setting as it is in the database. A variable of the environment still takes
   * precedence.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid.
   * @throws `CHATKEEP_CONFLICT`: the setting has another version than `expectedVersion`. It is not
   * retryable then.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setSetting(key: string, value: unknown, options?: SetSettingOptions): Promise<AppSetting> {
    return call(this, SET_SETTING, options, ({ scope, expectedVersion, updatedBy }) => [
      key,
      jsonText(SET_SETTING.name, 'value', value),
      scope,
      expectedVersion,
      updatedBy,
    ]);
  }

  /**
   * Stores several settings of a scope, all or none.
   *
   * @param values Values by key, like those of `setSetting`; at most 1,000.
   * @param options Options: `scope`, `updatedBy` and `signal`.
   * @returns The settings by key, as they are in the database.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid, such as `values[theme]`.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * changes may have been made; making them again is safe.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  setSettings(
    values: Readonly<Record<string, unknown>>,
    options?: SetSettingsOptions,
  ): Promise<Readonly<Record<string, AppSetting>>> {
    return call(this, SET_SETTINGS, options, ({ scope, updatedBy }) => [
      jsonMapArg(SET_SETTINGS.name, 'values', values),
      scope,
      updatedBy,
    ]);
  }

  /**
   * Deletes a setting from the database. Its versions are kept, and the deletion is one.
   *
   * @param key Key of the setting.
   * @param options Options: `scope`, `expectedVersion`, `deletedBy` and `signal`.
   * @returns `false` if the setting does not exist.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid.
   * @throws `CHATKEEP_CONFLICT`: the setting has another version than `expectedVersion`. It is not
   * retryable then.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * setting may be deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  deleteSetting(key: string, options?: DeleteSettingOptions): Promise<boolean> {
    return call(this, DELETE_SETTING, options, ({ scope, expectedVersion, deletedBy }) => [
      key,
      scope,
      expectedVersion,
      deletedBy,
    ]);
  }

  /**
   * Stores the value of an earlier version again, as a new version.
   *
   * A deleted setting exists again then. If the setting already has an equal value, it stays as it
   * is.
   *
   * @param key Key of the setting.
   * @param version Version whose value is stored.
   * @param options Options: `scope`, `expectedVersion`, `updatedBy` and `signal`.
   * @returns The setting as it is in the database.
   * @throws `CHATKEEP_INVALID_INPUT`: an argument is invalid, the version does not exist, or it is
   * a deletion.
   * @throws `CHATKEEP_CONFLICT`: the setting has another version than `expectedVersion`. It is not
   * retryable then.
   * @throws `CHATKEEP_OUTCOME_UNKNOWN`: the connection broke before the database confirmed. The
   * change may have been made.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_CONFLICT`,
   * `CHATKEEP_STORAGE_FULL`, `CHATKEEP_READ_ONLY`: nothing was changed.
   */
  rollbackSetting(
    key: string,
    version: number | bigint,
    options?: RollbackSettingOptions,
  ): Promise<AppSetting> {
    return call(this, ROLLBACK_SETTING, options, ({ scope, expectedVersion, updatedBy }) => [
      key,
      version,
      scope,
      expectedVersion,
      updatedBy,
    ]);
  }

  /**
   * Deletes versions older than a number of days, in batches.
   *
   * The newest version of each setting is kept, also if it is a deletion. So a setting that is
   * stored again continues its numbers.
   *
   * @param days Minimum age in days of 24 hours, 1–3,650,000.
   * @param options An abort signal.
   * @returns The number of deleted versions.
   * @throws `CHATKEEP_INVALID_INPUT`: `days` is out of range. Nothing is deleted.
   * @throws `CHATKEEP_UNAVAILABLE`, `CHATKEEP_POOL_TIMEOUT`, `CHATKEEP_OUTCOME_UNKNOWN`,
   * `CHATKEEP_CONFLICT`, `CHATKEEP_READ_ONLY`: some versions may be deleted. Call it again.
   */
  deleteOldSettingVersions(days: number | bigint, options?: Abortable): Promise<number> {
    return call(this, DELETE_OLD_SETTING_VERSIONS, options, () => [days]);
  }
}
