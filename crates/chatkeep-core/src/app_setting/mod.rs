//! Settings of the application: the tables `app_settings` and `app_setting_versions`.
//!
//! A transaction that changes settings first advances the revision of the subject, which locks its
//! row. So changes are made one after another, and processes notice them.

mod prune;
mod read;
mod record;
mod rows;
mod write;

pub use prune::{Pruned, prune_batch};
pub use read::{list_scopes, list_versions, load_scope};
pub use record::{
    AppSetting, AppSettingVersion, MAX_KEY, MAX_SCOPE, SettingSource, check_key, check_scope,
    check_user, check_value,
};
pub use rows::{StoredAppSetting, StoredSettingVersion};
pub(crate) use rows::{app_setting_versions, app_settings};
pub use write::{SettingChange, delete, rollback, set, set_many};
