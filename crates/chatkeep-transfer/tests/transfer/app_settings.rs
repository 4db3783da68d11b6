//! Tests of transfers of settings.

use std::collections::BTreeMap;
use std::time::Duration;

use chatkeep::{AppSetting, AppSettingVersion, Chatkeep, JsonValue};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, copy};

use crate::every_engine::on_every_engine;
use crate::every_target::on_every_target;
use crate::store::{Store, other, url};

on_every_engine![
    settings_and_versions_are_copied_and_restored,
    settings_in_memory_are_read_again_after_a_copy,
];

const SCOPES: [&str; 2] = ["", "tenant:é 'x'"];

fn json(text: &str) -> JsonValue {
    JsonValue::parse(text).expect(text)
}

fn fill(chat: &Chatkeep) {
    let settings = chat.app_settings();
    for scope in SCOPES {
        for (key, value) in [
            ("null", "null"),
            ("text", r#""é😀\r\n\t\\N""#),
            ("number", "18446744073709551615"),
            ("double", "5e18"),
            ("object", r#"{"b": [1, null], "a": {}}"#),
        ] {
            settings.set_setting(key, &json("0"), scope, None, Some("ada")).expect("stored");
            settings.set_setting(key, &json(value), scope, None, None).expect("stored");
        }
        settings.delete_setting("null", scope, None, Some("bob")).expect("deleted");
    }
}

type Everything = (BTreeMap<String, AppSetting>, Vec<AppSettingVersion>);

fn all(chat: &Chatkeep) -> Vec<Everything> {
    let settings = chat.app_settings();
    let of_scope = |scope| {
        let stored = settings.get_settings(scope).expect("the database answers");
        let keys = ["null", "text", "number", "double", "object"];
        let versions = keys.map(|key| {
            settings.list_setting_versions(key, scope, 10, None).expect("the database answers")
        });
        (stored, versions.concat())
    };
    SCOPES.map(of_scope).into()
}

fn settings_and_versions_are_copied_and_restored(store: &Store) {
    fill(store);
    let before = all(store);
    on_every_target(store, &[("app_settings", 8), ("app_setting_versions", 22)], |target| {
        assert_eq!(all(target), before, "{}", target.engine());
        let settings = target.app_settings();
        let stored = settings.set_setting("null", &json("1"), "", None, None).expect("stored");
        assert_eq!(stored.version, 4, "versions continue");
    });
}

/// The revision of the target is not that of the source, and advances.
fn settings_in_memory_are_read_again_after_a_copy(store: &Store) {
    let source = other(Engine::Sqlite);
    source.app_settings().set_setting("a", &json("2"), "", None, None).expect("stored");
    store.app_settings().set_setting("a", &json("1"), "", None, None).expect("stored");
    let seen = || store.app_settings().get_setting("a", "", None).expect("the database answers");
    assert_eq!(seen().map(|setting| setting.value), Some(json("1")));
    let options = CopyOptions { replace: true, ..CopyOptions::default() };
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    copy(&from, &to, options, &mut |_| {}).expect("copied");
    std::thread::sleep(Duration::from_millis(2_100));
    assert_eq!(seen().map(|setting| setting.value), Some(json("2")));
}
