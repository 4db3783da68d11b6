//! Settings of the application.

mod cache;
mod changes;
mod environment;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chatkeep_core::app_settings;
use chatkeep_core::{AppSetting, AppSettingVersion, JsonValue, Result, SettingSource, check_limit};
use chatkeep_macros::operations;
use chatkeep_pool::Pool;

pub(crate) use self::cache::SettingCache;
use crate::managers::Parts;

/// Stores settings of the application. It is cheap to clone.
#[derive(Clone)]
pub struct AppSettingManager {
    pool: Arc<Pool>,
    cache: Arc<SettingCache>,
}

/// Stores settings of the application, such as feature switches and limits, with their history.
///
/// A setting has a key in a scope. The scope is empty for the whole application; others are such as
/// `tenant:7` or `user:` and a public id. A value is any JSON value, also null.
///
/// Settings are read from memory. Another process sees a change after 2 s, or after 5 s if the
/// database answers slowly; the process that makes it sees it at once.
///
/// A variable of the environment takes precedence over the database. Its name is
/// `CHATKEEP_SETTING_` and the key, or the scope, two underscores and the key. It is in upper case,
/// with an underscore in place of every character other than letters from A to Z and digits.
/// `CHATKEEP_SETTING_UI_THEME` is that of `ui.theme`. A value that is not JSON is a string.
///
/// Settings are not encrypted, so keys that look like names of secrets are refused.
#[operations(name = "app_settings", receiver = app_settings, parts(CHANGES))]
impl AppSettingManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool), cache: Arc::clone(&parts.setting_cache) }
    }

    /// Returns a setting from the environment, the database or the default, in this order.
    ///
    /// ```
    /// use chatkeep::{JsonValue, SettingSource};
    ///
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let settings = chat.app_settings();
    /// let light = Some(JsonValue::text("light")?);
    /// let setting = settings.get_setting("theme", "", light.clone())?.expect("it has a default");
    /// assert_eq!(setting.source, SettingSource::Default);
    ///
    /// settings.set_setting("theme", &JsonValue::text("dark")?, "", None, Some("admin-1"))?;
    /// let setting = settings.get_setting("theme", "", light)?.expect("it is stored");
    /// assert_eq!((setting.value.as_json(), setting.version), (r#""dark""#, 1));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `key`: Key of the setting.
    /// - `scope`: Scope of the setting.
    /// - `default_value`: Value if the setting is in neither of the two.
    ///
    /// # Returns
    /// The setting, with the origin of its value. `None` if it does not exist and has no default.
    ///
    /// # Errors
    /// - `InvalidInput`: `key` or `scope` is invalid.
    /// - `Configuration`: the variable is not valid Unicode.
    /// - `Unavailable`: the database does not answer, and the value in memory is more than 5 s old.
    /// Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_setting(
        &self,
        key: &str,
        #[argument(default = "")] scope: &str,
        default_value: Option<JsonValue>,
    ) -> Result<Option<AppSetting>> {
        let run = || -> Result<_> {
            app_settings::check_key(key)?;
            app_settings::check_scope(scope)?;
            let not_stored = |value, source| AppSetting::new(scope, key, value, source);
            let stored = self.cache.scope(&self.pool, scope)?.get(key).cloned();
            Ok(match (stored, environment::value(scope, key)?) {
                (Some(stored), Some(value)) => Some(overridden(stored, value)),
                (Some(stored), None) => Some(stored),
                (None, Some(value)) => Some(not_stored(value, SettingSource::Environment)),
                (None, None) => {
                    default_value.map(|value| not_stored(value, SettingSource::Default))
                }
            })
        };
        run().map_err(|error| error.with_operation("get_setting"))
    }

    /// Returns the stored settings of a scope by key.
    ///
    /// Values from the environment replace those in the database. A variable for a key that is not
    /// stored applies to `get_setting` only, because its key is unknown.
    ///
    /// # Arguments
    /// - `scope`: Scope of the settings.
    ///
    /// # Errors
    /// - `InvalidInput`: `scope` is invalid.
    /// - `Configuration`: a variable is not valid Unicode.
    /// - `Unavailable`: the database does not answer, and the values in memory are more than 5 s
    /// old. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_settings(
        &self,
        #[argument(default = "")] scope: &str,
    ) -> Result<BTreeMap<String, AppSetting>> {
        let run = || -> Result<BTreeMap<_, _>> {
            app_settings::check_scope(scope)?;
            let stored = self.cache.scope(&self.pool, scope)?;
            let entry = |(key, setting): (&String, &AppSetting)| {
                let setting = match environment::value(scope, key)? {
                    Some(value) => overridden(setting.clone(), value),
                    None => setting.clone(),
                };
                Ok((key.clone(), setting))
            };
            stored.iter().map(entry).collect()
        };
        run().map_err(|error| error.with_operation("get_settings"))
    }

    /// Returns the scopes that have stored settings, in the order of their characters.
    ///
    /// The scope of the whole application is an empty string.
    ///
    /// # Arguments
    /// - `limit`: Maximum number of scopes to return (1–10,000).
    /// - `after`: Scope after which the list begins. Pass the last scope of a page for the next
    ///   page.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` is out of range, or `after` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    ///   too.
    #[operation(read)]
    pub fn list_setting_scopes(
        &self,
        #[argument(default = 100)] limit: i64,
        after: Option<&str>,
    ) -> Result<Vec<String>> {
        let run = || {
            check_limit(limit)?;
            app_settings::list_scopes(&mut *self.pool.reader()?, limit, after)
        };
        run().map_err(|error| error.with_operation("list_setting_scopes"))
    }

    /// Returns the versions of a setting, newest first, also of a deleted one.
    ///
    /// # Arguments
    /// - `key`: Key of the setting.
    /// - `scope`: Scope of the setting.
    /// - `limit`: Maximum number of versions to return (1–10,000). A page of more than 4 MB ends
    ///   earlier.
    /// - `before_version`: Version, to return only earlier ones. Pass the last version of a page
    ///   for the next page. An empty page is the end.
    ///
    /// # Errors
    /// - `InvalidInput`: `key` or `scope` is invalid, or `limit` is out of range.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible,
    ///   too.
    #[operation(read)]
    pub fn list_setting_versions(
        &self,
        key: &str,
        #[argument(default = "")] scope: &str,
        #[argument(default = 100)] limit: i64,
        before_version: Option<i64>,
    ) -> Result<Vec<AppSettingVersion>> {
        let run = || {
            check_limit(limit)?;
            let connection = &mut *self.pool.reader()?;
            app_settings::list_versions(connection, scope, key, limit, before_version)
        };
        run().map_err(|error| error.with_operation("list_setting_versions"))
    }
}

/// Replaces the value of a stored setting by that of the environment.
fn overridden(mut setting: AppSetting, value: JsonValue) -> AppSetting {
    setting.value = value;
    setting.source = SettingSource::Environment;
    setting
}

impl fmt::Debug for AppSettingManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSettingManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
