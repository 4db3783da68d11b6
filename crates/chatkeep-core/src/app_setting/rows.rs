//! The tables, and their complete rows.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::record::{
    AppSetting, AppSettingVersion, SettingSource, check_key, check_scope, check_user, check_value,
};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::transfer::stored_rows;
use crate::value::{JsonValue, Timestamp, raw_json};

diesel::table! {
    use diesel::sql_types::{BigInt, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    app_settings (id) {
        id -> BigInt,
        scope -> Text,
        setting_key -> Text,
        value -> Json,
        version -> BigInt,
        updated_at -> UtcTimestamp,
        updated_by -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    app_setting_versions (id) {
        id -> BigInt,
        scope -> Text,
        setting_key -> Text,
        version -> BigInt,
        value -> Json,
        deleted -> Bool,
        changed_at -> UtcTimestamp,
        changed_by -> Nullable<Text>,
    }
}

/// A setting with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = app_settings)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredAppSetting {
    /// Internal id.
    pub id: i64,
    /// Scope.
    pub scope: String,
    /// Key in the scope.
    pub setting_key: String,
    /// Value.
    #[serde(with = "raw_json")]
    pub value: JsonValue,
    /// Number of its version.
    pub version: i64,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Account that made the last change.
    pub updated_by: Option<String>,
}

impl From<StoredAppSetting> for AppSetting {
    fn from(row: StoredAppSetting) -> Self {
        Self {
            scope: row.scope,
            key: row.setting_key,
            value: row.value,
            version: row.version,
            source: SettingSource::Database,
            updated_at: Some(row.updated_at),
            updated_by: row.updated_by,
        }
    }
}

/// A version of a setting with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = app_setting_versions)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredSettingVersion {
    /// Internal id.
    pub id: i64,
    /// Scope.
    pub scope: String,
    /// Key in the scope.
    pub setting_key: String,
    /// Number of the version.
    pub version: i64,
    /// Value, which is null after a deletion.
    #[serde(with = "raw_json")]
    pub value: JsonValue,
    /// Whether the setting was deleted.
    pub deleted: bool,
    /// Time of the change.
    pub changed_at: Timestamp,
    /// Account that made the change.
    pub changed_by: Option<String>,
}

impl From<StoredSettingVersion> for AppSettingVersion {
    fn from(row: StoredSettingVersion) -> Self {
        Self {
            scope: row.scope,
            key: row.setting_key,
            version: row.version,
            value: row.value,
            deleted: row.deleted,
            changed_at: row.changed_at,
            changed_by: row.changed_by,
        }
    }
}

impl StoredSettingVersion {
    pub(super) fn size(&self) -> usize {
        1_500 + self.value.as_json().len()
    }
}

/// Validates what both tables have in common, with the names of the columns.
fn check(scope: &str, key: &str, value: &JsonValue, version: i64) -> Result<()> {
    check_scope(scope)?;
    check_key(key).map_err(|error| error.with_field("setting_key"))?;
    check_value(value)?;
    if version < 1 {
        return Err(Error::invalid_input("version", format!("must be 1 or more, not {version}")));
    }
    Ok(())
}

stored_rows! {
    StoredAppSetting: app_settings by id,
        |row| 1_500 + row.value.as_json().len(),
        |row| {
            check(&row.scope, &row.setting_key, &row.value, row.version)?;
            check_user("updated_by", row.updated_by.as_deref())
        };
    StoredSettingVersion: app_setting_versions by id,
        Self::size,
        |row| {
            check(&row.scope, &row.setting_key, &row.value, row.version)?;
            check_user("changed_by", row.changed_by.as_deref())
        };
}
