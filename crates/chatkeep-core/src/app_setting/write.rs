//! Changes of settings. Each is a version.

use std::collections::BTreeMap;

use diesel::dsl::max;
use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{
    AppSetting, SettingSource, check_key, check_new_key, check_scope, check_user, check_value,
};
use super::rows::{StoredAppSetting, StoredSettingVersion, app_setting_versions, app_settings};
use crate::connection::{Connection, all_stored, insert_many, on_engine};
use crate::error::{Error, Result};
use crate::revision::{self, RevisedSubject};
use crate::value::{JsonValue, Timestamp};

/// Maximum number of settings that one call changes.
const MAX_SETTINGS: usize = 1_000;

/// Where and by which account settings are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingChange<'a> {
    /// Scope of the settings.
    pub scope: &'a str,
    /// Account that makes the change, if known.
    pub by: Option<&'a str>,
}

#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = app_setting_versions)]
#[diesel(treat_none_as_default_value = false)]
struct NewVersion<'a> {
    scope: &'a str,
    setting_key: &'a str,
    version: i64,
    value: &'a JsonValue,
    deleted: bool,
    changed_at: Timestamp,
    changed_by: Option<&'a str>,
}

/// Stores a setting, and returns it. An equal value makes no version.
///
/// # Errors
/// `InvalidInput` with the invalid field; `Conflict`, not retryable, with the field
/// `expected_version` if the setting has another version; or an error of the database.
pub fn set(
    connection: &mut Connection,
    change: SettingChange<'_>,
    key: &str,
    value: &JsonValue,
    expected_version: Option<i64>,
) -> Result<AppSetting> {
    check_change(connection, change, key, value)?;
    check_expected(expected_version)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::AppSettings)?;
        store_one(connection, change, key, value, expected_version)
    })
}

/// Stores several settings of a scope, all or none. They are returned by key.
///
/// # Errors
/// `InvalidInput` with the invalid field (`values[theme]`); or an error of the database.
pub fn set_many(
    connection: &mut Connection,
    change: SettingChange<'_>,
    values: &BTreeMap<String, JsonValue>,
) -> Result<BTreeMap<String, AppSetting>> {
    if values.len() > MAX_SETTINGS {
        let message = format!("has {} settings; at most {MAX_SETTINGS} are stored", values.len());
        return Err(Error::invalid_input("values", message));
    }
    for (key, value) in values {
        check_change(connection, change, key, value).map_err(|error| match error.field() {
            Some("key" | "value") if check_key(key).is_ok() => {
                error.with_field(format!("values[{key}]"))
            }
            Some("key") => error.with_field("values"),
            _ => error,
        })?;
    }
    if values.is_empty() {
        return check_scope(change.scope).map(|()| BTreeMap::new());
    }
    let entries: Vec<_> = values.iter().map(|(key, value)| (key.as_str(), value)).collect();
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::AppSettings)?;
        store(connection, change, &entries, None)
    })
}

/// Deletes a setting. Returns false if it does not exist.
///
/// # Errors
/// `InvalidInput` with the invalid field; `Conflict`, not retryable, with the field
/// `expected_version` if the setting has another version; or an error of the database.
pub fn delete(
    connection: &mut Connection,
    change: SettingChange<'_>,
    key: &str,
    expected_version: Option<i64>,
) -> Result<bool> {
    check_scope(change.scope)?;
    check_key(key)?;
    check_user("deleted_by", change.by)?;
    check_expected(expected_version)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::AppSettings)?;
        let stored = stored_settings(connection, change.scope, &[key])?;
        let found = stored.get(key);
        expect(expected_version, found)?;
        let Some(found) = found else { return Ok(false) };
        let deleted = on_engine!(connection, c =>
            diesel::delete(app_settings::table.find(found.id)).execute(c));
        deleted.map_err(|error| connection.write_error(error))?;
        let versions = last_versions(connection, change.scope, &[key])?;
        let last = versions.get(key).copied().unwrap_or_default();
        let version = last.max(found.version) + 1;
        let value = JsonValue::null();
        let tombstone = NewVersion { deleted: true, ..new_version(change, key, &value, version) };
        add_versions(connection, &[tombstone])?;
        Ok(true)
    })
}

/// Stores the value that a setting had in an earlier version, as a new version.
///
/// # Errors
/// `InvalidInput` with the invalid field, which is `version` if there is no such version, or if the
/// setting was deleted in it; `Conflict`, not retryable, with the field `expected_version` if the
/// setting has another version; or an error of the database.
pub fn rollback(
    connection: &mut Connection,
    change: SettingChange<'_>,
    key: &str,
    version: i64,
    expected_version: Option<i64>,
) -> Result<AppSetting> {
    check_scope(change.scope)?;
    check_key(key)?;
    check_user("updated_by", change.by)?;
    check_expected(expected_version)?;
    connection.transaction(|connection| {
        revision::advance(connection, RevisedSubject::AppSettings)?;
        let found = on_engine!(connection, c => app_setting_versions::table
            .filter(app_setting_versions::scope.eq(change.scope))
            .filter(app_setting_versions::setting_key.eq(key))
            .filter(app_setting_versions::version.eq(version))
            .get_result::<StoredSettingVersion>(c)
            .optional());
        let found = found.map_err(|error| connection.read_error(error))?;
        let reason = match &found {
            None => Some("does not exist, or was pruned"),
            Some(found) if found.deleted => Some("is a deletion; delete the setting instead"),
            Some(_) => None,
        };
        if let Some(reason) = reason {
            return Err(Error::invalid_input("version", format!("version {version} {reason}")));
        }
        let value = found.map_or_else(JsonValue::null, |found| found.value);
        store_one(connection, change, key, &value, expected_version)
    })
}

fn check_change(
    connection: &Connection,
    change: SettingChange<'_>,
    key: &str,
    value: &JsonValue,
) -> Result<()> {
    check_scope(change.scope)?;
    check_new_key(key)?;
    check_user("updated_by", change.by)?;
    check_value(value)?;
    // The limit of the server may be lower.
    connection.check_bytes("value", value.as_json())
}

fn check_expected(version: Option<i64>) -> Result<()> {
    match version {
        Some(version @ ..0) => Err(Error::invalid_input(
            "expected_version",
            format!("must be 0 (no such setting) or more, not {version}"),
        )),
        _ => Ok(()),
    }
}

/// Compares the version that the caller expects with the stored one.
fn expect(expected: Option<i64>, found: Option<&StoredAppSetting>) -> Result<()> {
    let actual = found.map_or(0, |found| found.version);
    match expected {
        Some(expected) if expected != actual => {
            let state = match found {
                Some(_) => format!("the setting has version {actual}"),
                None => "the setting does not exist (version 0)".to_owned(),
            };
            let message = format!("is {expected}, but {state}; read it again");
            Err(Error::taken("expected_version", message))
        }
        _ => Ok(()),
    }
}

fn store_one(
    connection: &mut Connection,
    change: SettingChange<'_>,
    key: &str,
    value: &JsonValue,
    expected_version: Option<i64>,
) -> Result<AppSetting> {
    let stored = store(connection, change, &[(key, value)], expected_version)?;
    stored.into_values().next().ok_or_else(|| Error::internal("the stored setting is missing"))
}

/// Stores settings with different keys, in the caller's transaction, which holds the lock.
fn store(
    connection: &mut Connection,
    change: SettingChange<'_>,
    entries: &[(&str, &JsonValue)],
    expected_version: Option<i64>,
) -> Result<BTreeMap<String, AppSetting>> {
    let keys: Vec<_> = entries.iter().map(|(key, _)| *key).collect();
    let mut stored = stored_settings(connection, change.scope, &keys)?;
    let last_versions = last_versions(connection, change.scope, &keys)?;
    let (mut results, mut versions) = (BTreeMap::new(), Vec::new());
    for (key, value) in entries {
        let found = stored.remove(*key);
        expect(expected_version, found.as_ref())?;
        let setting = match found {
            Some(found) if found.value == **value => found.into(),
            found => {
                let last = last_versions.get(*key).copied().unwrap_or_default();
                let last = last.max(found.as_ref().map_or(0, |found| found.version));
                let version = new_version(change, key, value, last + 1);
                write(connection, found.map(|found| found.id), &version)?;
                let setting = AppSetting {
                    version: version.version,
                    updated_at: Some(version.changed_at),
                    updated_by: change.by.map(str::to_owned),
                    ..AppSetting::new(change.scope, key, (*value).clone(), SettingSource::Database)
                };
                versions.push(version);
                setting
            }
        };
        results.insert((*key).to_owned(), setting);
    }
    add_versions(connection, &versions)?;
    Ok(results)
}

fn new_version<'a>(
    change: SettingChange<'a>,
    setting_key: &'a str,
    value: &'a JsonValue,
    version: i64,
) -> NewVersion<'a> {
    NewVersion {
        scope: change.scope,
        setting_key,
        version,
        value,
        deleted: false,
        changed_at: Timestamp::now(),
        changed_by: change.by,
    }
}

/// Inserts a setting, or updates the one with this id.
fn write(connection: &mut Connection, id: Option<i64>, new: &NewVersion<'_>) -> Result<()> {
    use app_settings::dsl;
    let changes = (
        dsl::value.eq(new.value),
        dsl::version.eq(new.version),
        dsl::updated_at.eq(new.changed_at),
        dsl::updated_by.eq(new.changed_by),
    );
    let Some(id) = id else {
        let row = (dsl::scope.eq(new.scope), dsl::setting_key.eq(new.setting_key), changes);
        let inserted = on_engine!(connection, c => all_stored(
            diesel::insert_into(app_settings::table).values(row).execute(c), 1));
        return inserted.map_err(|error| connection.insert_error(error));
    };
    let updated = on_engine!(connection, c =>
        diesel::update(app_settings::table.find(id)).set(changes).execute(c));
    updated.map(drop).map_err(|error| connection.write_error(error))
}

fn add_versions(connection: &mut Connection, versions: &[NewVersion<'_>]) -> Result<()> {
    let size = |version: &NewVersion<'_>| 1_500 + version.value.as_json().len();
    let stored = insert_many!(connection, app_setting_versions, versions, size);
    stored.map_err(|error| connection.insert_error(error))
}

/// Returns the stored settings with these keys.
fn stored_settings(
    connection: &mut Connection,
    scope: &str,
    keys: &[&str],
) -> Result<BTreeMap<String, StoredAppSetting>> {
    let rows = on_engine!(connection, c => app_settings::table
        .filter(app_settings::scope.eq(scope))
        .filter(app_settings::setting_key.eq_any(keys))
        .load::<StoredAppSetting>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|row| (row.setting_key.clone(), row)).collect())
}

/// Returns the last version of each setting with these keys, also of deleted ones.
fn last_versions(
    connection: &mut Connection,
    scope: &str,
    keys: &[&str],
) -> Result<BTreeMap<String, i64>> {
    use app_setting_versions::dsl;
    let rows = on_engine!(connection, c => app_setting_versions::table
        .filter(dsl::scope.eq(scope))
        .filter(dsl::setting_key.eq_any(keys))
        .group_by(dsl::setting_key)
        .select((dsl::setting_key, max(dsl::version)))
        .load::<(String, Option<i64>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|(key, version)| (key, version.unwrap_or_default())).collect())
}
