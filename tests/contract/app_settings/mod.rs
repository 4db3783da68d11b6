//! Tests of the settings of the application.

mod changes;
mod concurrency;
mod input;
mod plan;
mod pruning;
mod versions;

use chatkeep::{AppSetting, AppSettingVersion, JsonValue};

use crate::store::Store;

/// Names that a database could confuse with others, or interpret.
const HOSTILE: [&str; 16] = [
    "a",
    "A",
    "a ",
    " a",
    "a%",
    "_",
    "é",
    "e\u{301}",
    "🎉",
    "a\n",
    "a'b\"c\\",
    "$(x)",
    "'; DROP TABLE app_settings; --",
    "null",
    "\u{200b}",
    "\u{10ffff}",
];

fn json(text: &str) -> JsonValue {
    JsonValue::parse(text).expect(text)
}

/// Stores a setting of the whole application.
fn set(store: &Store, key: &str, value: &str) -> AppSetting {
    set_in(store, "", key, value)
}

fn set_in(store: &Store, scope: &str, key: &str, value: &str) -> AppSetting {
    let stored = store.app_settings().set_setting(key, &json(value), scope, None, Some("ada"));
    stored.expect("it is stored")
}

fn get(store: &Store, key: &str) -> Option<AppSetting> {
    store.app_settings().get_setting(key, "", None).expect("the query succeeds")
}

/// Returns the versions of a setting of the whole application, newest first.
fn history(store: &Store, key: &str) -> Vec<AppSettingVersion> {
    store.app_settings().list_setting_versions(key, "", 100, None).expect("the query succeeds")
}

/// Returns the numbers and values of versions. A deletion has no value.
fn numbered(versions: &[AppSettingVersion]) -> Vec<(i64, Option<&str>)> {
    assert!(versions.iter().all(|version| !version.deleted || version.value.as_json() == "null"));
    let numbered = versions.iter().map(|version| {
        (version.version, Some(version.value.as_json()).filter(|_| !version.deleted))
    });
    numbered.collect()
}
