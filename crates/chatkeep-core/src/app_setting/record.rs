//! Settings, their versions, and the rules that they must meet.

use serde::Serialize;

use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{
    JsonValue, Timestamp, check_bytes, check_name, check_nonempty_name, looks_like_secret,
};

/// Maximum length of a key, in characters.
pub const MAX_KEY: usize = 255;
/// Maximum length of a scope, in characters.
pub const MAX_SCOPE: usize = 100;
/// Maximum length of the name of an account, in characters.
const MAX_USER: usize = 255;
/// Maximum size of a value, in bytes of JSON: 1 MiB. Processes keep the values in memory.
const MAX_VALUE: u64 = 1 << 20;

/// The origin of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SettingSource {
    /// A variable of the environment.
    Environment,
    /// The database.
    Database,
    /// The caller.
    Default,
}

impl SettingSource {
    /// Returns the stable name: `environment`, `database` or `default`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Database => "database",
            Self::Default => "default",
        }
    }
}

/// A setting of the application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct AppSetting {
    /// Scope. It is empty if the setting is for the whole application.
    pub scope: String,
    /// Key in the scope.
    pub key: String,
    /// Value, as any JSON value.
    pub value: JsonValue,
    /// Version that is stored, also if the value is from another source. 0 if the setting is not
    /// stored.
    pub version: i64,
    /// Origin of the value.
    pub source: SettingSource,
    /// Time of the last change in the database, if the setting is stored.
    pub updated_at: Option<Timestamp>,
    /// Account that made the last change, if known.
    pub updated_by: Option<String>,
}

impl AppSetting {
    /// Creates a setting that is not stored.
    pub fn new(scope: &str, key: &str, value: JsonValue, source: SettingSource) -> Self {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        Self { scope, key, value, version: 0, source, updated_at: None, updated_by: None }
    }
}

/// A value that a setting had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct AppSettingVersion {
    /// Scope of the setting.
    pub scope: String,
    /// Key of the setting.
    pub key: String,
    /// Number of the version. The first one is 1, and a deletion is a version, too.
    pub version: i64,
    /// Value, which is null after a deletion.
    pub value: JsonValue,
    /// Whether the setting was deleted.
    pub deleted: bool,
    /// Time of the change.
    pub changed_at: Timestamp,
    /// Account that made the change, if known.
    pub changed_by: Option<String>,
}

/// Validates the key of a setting.
///
/// # Errors
/// `InvalidInput` with the field `key` if it is empty, has more than 255 characters, or contains a
/// NUL character.
pub fn check_key(key: &str) -> Result<()> {
    check_nonempty_name("key", key, MAX_KEY)
}

/// Validates the key of a setting to store.
pub(super) fn check_new_key(key: &str) -> Result<()> {
    check_key(key)?;
    if looks_like_secret(key) {
        return Err(Error::invalid_input(
            "key",
            "looks like the name of a secret, and settings are not encrypted; use credentials",
        ));
    }
    Ok(())
}

/// Validates a scope.
///
/// # Errors
/// `InvalidInput` with the field `scope` if it has more than 100 characters, or contains a NUL
/// character.
pub fn check_scope(scope: &str) -> Result<()> {
    check_name("scope", scope, MAX_SCOPE)
}

/// Validates the account of a change.
///
/// # Errors
/// `InvalidInput` with the field's name if it is empty, has more than 255 characters, or contains a
/// NUL character.
pub fn check_user(field: &'static str, user: Option<&str>) -> Result<()> {
    user.map_or(Ok(()), |user| check_nonempty_name(field, user, MAX_USER))
}

/// Validates the size of a value.
///
/// # Errors
/// `InvalidInput` with the field `value`.
pub fn check_value(value: &JsonValue) -> Result<()> {
    check_bytes("value", value.as_json(), MAX_VALUE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_secrets_are_refused_when_they_are_stored() {
        let error = check_new_key("smtp.password").unwrap_err();
        assert_eq!(error.field(), Some("key"));
        assert!(error.message().contains("use credentials"), "{error}");
        assert!(check_key("smtp.password").is_ok());
        assert!(check_new_key("max_tokens").is_ok());
    }

    #[test]
    fn names_and_values_have_limits() {
        let field = |result: Result<()>| result.unwrap_err().field().map(str::to_owned);
        for key in ["", "a\0", &"é".repeat(256)] {
            assert_eq!(field(check_key(key)).as_deref(), Some("key"), "{key:?}");
        }
        assert!(check_key(&"é".repeat(255)).is_ok());
        for scope in ["a\0", &"é".repeat(101)] {
            assert_eq!(field(check_scope(scope)).as_deref(), Some("scope"), "{scope:?}");
        }
        assert!(check_scope("").is_ok() && check_scope(&"é".repeat(100)).is_ok());
        for user in ["", "a\0", &"u".repeat(256)] {
            assert_eq!(field(check_user("updated_by", Some(user))).as_deref(), Some("updated_by"));
        }
        assert!(check_user("updated_by", None).is_ok());
        let text = |bytes: usize| JsonValue::text(&"a".repeat(bytes - 2)).unwrap();
        assert!(check_value(&text(1 << 20)).is_ok());
        assert_eq!(field(check_value(&text((1 << 20) + 1))).as_deref(), Some("value"));
    }
}
