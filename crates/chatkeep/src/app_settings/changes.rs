//! Changes of settings.

use std::collections::BTreeMap;

use chatkeep_core::app_settings::{self, SettingChange};
use chatkeep_core::{AppSetting, Connection, JsonValue, Result, messages};
use chatkeep_macros::operations;

use super::AppSettingManager;
use crate::batch_sizer::BatchSizer;
use crate::retry::with_retry;

#[operations(part = CHANGES, receiver = app_settings)]
impl AppSettingManager {
    /// Stores a setting in the database.
    ///
    /// If the setting already has an equal value, it stays as it is, and gets no version.
    ///
    /// # Arguments
    /// - `key`: Key of the setting, 1–255 characters. One that looks like the name of a secret,
    ///   such as `api_key`, is refused.
    /// - `value`: Value, as any JSON value of at most 1 MiB.
    /// - `scope`: Scope of the setting, at most 100 characters.
    /// - `expected_version`: Version that the setting must have for the change to be made. 0 means
    ///   that the setting must not exist.
    /// - `updated_by`: Account that makes the change, at most 255 characters.
    ///
    /// # Returns
    /// The setting as it is in the database. A variable of the environment still takes precedence.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid.
    /// - `Conflict`: the setting has another version than `expected_version`. It is not retryable
    ///   then.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_setting(
        &self,
        key: &str,
        value: &JsonValue,
        #[argument(default = "")] scope: &str,
        expected_version: Option<i64>,
        updated_by: Option<&str>,
    ) -> Result<AppSetting> {
        let change = SettingChange { scope, by: updated_by };
        self.change("set_setting", |connection| {
            app_settings::set(connection, change, key, value, expected_version)
        })
    }

    /// Stores several settings of a scope, all or none.
    ///
    /// # Arguments
    /// - `values`: Values by key, like those of `set_setting`; at most 1,000.
    /// - `scope`: Scope of the settings.
    /// - `updated_by`: Account that makes the change.
    ///
    /// # Returns
    /// The settings by key, as they are in the database.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid, such as `values[theme]`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The changes may have
    /// been made; making them again is safe.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn set_settings(
        &self,
        values: &BTreeMap<String, JsonValue>,
        #[argument(default = "")] scope: &str,
        updated_by: Option<&str>,
    ) -> Result<BTreeMap<String, AppSetting>> {
        let change = SettingChange { scope, by: updated_by };
        self.change("set_settings", |connection| app_settings::set_many(connection, change, values))
    }

    /// Deletes a setting from the database. Its versions are kept, and the deletion is one.
    ///
    /// # Arguments
    /// - `key`: Key of the setting.
    /// - `scope`: Scope of the setting.
    /// - `expected_version`: Version that the setting must have for it to be deleted.
    /// - `deleted_by`: Account that makes the change.
    ///
    /// # Returns
    /// `false` if the setting does not exist.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid.
    /// - `Conflict`: the setting has another version than `expected_version`. It is not retryable
    ///   then.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The setting may be
    ///   deleted.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn delete_setting(
        &self,
        key: &str,
        #[argument(default = "")] scope: &str,
        expected_version: Option<i64>,
        deleted_by: Option<&str>,
    ) -> Result<bool> {
        let change = SettingChange { scope, by: deleted_by };
        self.change("delete_setting", |connection| {
            app_settings::delete(connection, change, key, expected_version)
        })
    }

    /// Stores the value of an earlier version again, as a new version.
    ///
    /// A deleted setting exists again then. If the setting already has an equal value, it stays as
    /// it is.
    ///
    /// # Arguments
    /// - `key`: Key of the setting.
    /// - `version`: Version whose value is stored.
    /// - `scope`: Scope of the setting.
    /// - `expected_version`: Version that the setting must have for the change to be made. 0 means
    ///   that the setting must not exist.
    /// - `updated_by`: Account that makes the change.
    ///
    /// # Returns
    /// The setting as it is in the database.
    ///
    /// # Errors
    /// - `InvalidInput`: an argument is invalid, the version does not exist, or it is a deletion.
    /// - `Conflict`: the setting has another version than `expected_version`. It is not retryable
    ///   then.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have
    /// been made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn rollback_setting(
        &self,
        key: &str,
        version: i64,
        #[argument(default = "")] scope: &str,
        expected_version: Option<i64>,
        updated_by: Option<&str>,
    ) -> Result<AppSetting> {
        let change = SettingChange { scope, by: updated_by };
        self.change("rollback_setting", |connection| {
            app_settings::rollback(connection, change, key, version, expected_version)
        })
    }

    /// Deletes versions older than a number of days, in batches.
    ///
    /// The newest version of each setting is kept, also if it is a deletion. So a setting that is
    /// stored again continues its numbers.
    ///
    /// # Arguments
    /// - `days`: Minimum age in days of 24 hours, 1–3,650,000.
    ///
    /// # Returns
    /// The number of deleted versions.
    ///
    /// # Errors
    /// - `InvalidInput`: `days` is out of range. Nothing is deleted.
    /// - `Unavailable`, `PoolTimeout`, `OutcomeUnknown`, `Conflict`, `ReadOnly`: some versions may
    /// be deleted. Call it again.
    #[operation(write)]
    pub fn delete_old_setting_versions(&self, #[argument(positional)] days: i64) -> Result<u64> {
        let run = || {
            let cutoff = messages::retention_cutoff(days)?;
            let mut sizer = BatchSizer::new(self.pool.url().engine());
            let (mut after, mut deleted) = (None, 0);
            loop {
                let batch = sizer.run_batch(&self.pool, |connection, most| {
                    app_settings::prune_batch(connection, cutoff, after, most)
                })?;
                deleted += batch.deleted;
                if batch.next.is_none() {
                    return Ok(deleted);
                }
                after = batch.next;
            }
        };
        run().map_err(|error: chatkeep_core::Error| {
            error.with_operation("delete_old_setting_versions")
        })
    }

    /// Makes a change. The next read sees it, also if its outcome is unknown.
    fn change<T>(
        &self,
        operation: &'static str,
        change: impl FnMut(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        let changed = with_retry(&self.pool, change);
        self.cache.forget();
        changed.map_err(|error| error.with_operation(operation))
    }
}
