//! Invalid arguments.

use std::collections::BTreeMap;

use chatkeep::{ErrorKind, JsonValue};

use super::{get, history, json, set};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, number};

on_every_engine![
    invalid_names_are_rejected_by_every_call,
    keys_that_look_like_secrets_are_refused,
    large_values_are_refused,
    invalid_versions_and_limits_are_rejected,
    a_deleted_revision_is_replaced,
];

fn invalid_names_are_rejected_by_every_call(store: &Store) {
    let settings = store.app_settings();
    let (long_key, long_scope) = ("é".repeat(256), "é".repeat(101));
    for (key, scope, field) in [
        ("", "", "key"),
        ("a\0", "", "key"),
        (&long_key, "", "key"),
        ("a", "a\0", "scope"),
        ("a", &long_scope, "scope"),
    ] {
        let value = json("1");
        assert_rejected(settings.get_setting(key, scope, None), field);
        assert_rejected(settings.set_setting(key, &value, scope, None, None), field);
        assert_rejected(settings.delete_setting(key, scope, None, None), field);
        assert_rejected(settings.list_setting_versions(key, scope, 10, None), field);
        assert_rejected(settings.rollback_setting(key, 1, scope, None, None), field);
        let values = BTreeMap::from([(key.to_owned(), value)]);
        let field = if field == "key" { "values" } else { field };
        assert_rejected(settings.set_settings(&values, scope, None), field);
    }
    assert_rejected(settings.get_settings(&long_scope), "scope");
    assert_rejected(settings.list_setting_scopes(10, Some(&long_scope)), "after");
    let long = "u".repeat(256);
    for user in ["", "a\0", &long] {
        let by = Some(user);
        assert_rejected(settings.set_setting("a", &json("1"), "", None, by), "updated_by");
        assert_rejected(settings.rollback_setting("a", 1, "", None, by), "updated_by");
        assert_rejected(settings.delete_setting("a", "", None, by), "deleted_by");
        let values = BTreeMap::from([("a".to_owned(), json("1"))]);
        assert_rejected(settings.set_settings(&values, "", by), "updated_by");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM app_setting_versions"), 0);
    // The longest names are stored.
    let (key, scope, user) = ("é".repeat(255), "é".repeat(100), "é".repeat(255));
    let stored = settings.set_setting(&key, &json("1"), &scope, None, Some(&user));
    let stored = stored.expect("it is stored");
    let found = settings.get_setting(&key, &scope, None).expect("the query succeeds");
    assert_eq!(found, Some(stored));
}

fn keys_that_look_like_secrets_are_refused(store: &Store) {
    let settings = store.app_settings();
    for key in ["smtp.password", "apiKey", "OPENAI_API_KEY", "github-token", "client secret"] {
        let error = settings.set_setting(key, &json("1"), "", None, None).expect_err(key);
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("key")), "{key}");
        assert!(error.message().contains("use credentials"), "{error}");
        // The value is not shown.
        let value = JsonValue::text("hush-hush").expect("a text");
        let error = settings.set_setting(key, &value, "", None, None).expect_err(key);
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        assert_eq!(get(store, key), None);
    }
    for key in ["max_tokens", "tokens.per.minute", "keyboard", "primary_key"] {
        assert_eq!(set(store, key, "1").version, 1);
    }
}

fn large_values_are_refused(store: &Store) {
    let settings = store.app_settings();
    let text = |bytes: usize| JsonValue::text(&"a".repeat(bytes - 2)).expect("a text");
    let large = text((1 << 20) + 1);
    assert_rejected(settings.set_setting("a", &large, "", None, None), "value");
    let values = BTreeMap::from([("a".to_owned(), large)]);
    assert_rejected(settings.set_settings(&values, "", None), "values[a]");
    let stored = settings.set_setting("a", &text(1 << 20), "", None, None).expect("it is stored");
    assert_eq!(get(store, "a"), Some(stored));
    let values: BTreeMap<_, _> = (0..20).map(|n| (n.to_string(), text(1 << 20))).collect();
    assert_eq!(settings.set_settings(&values, "", None).expect("stored").len(), 20);
    assert_eq!(settings.get_settings("").expect("the query succeeds").len(), 21);
}

fn invalid_versions_and_limits_are_rejected(store: &Store) {
    let settings = store.app_settings();
    set(store, "a", "1");
    for limit in [0, -1, 10_001] {
        assert_rejected(settings.list_setting_versions("a", "", limit, None), "limit");
        assert_rejected(settings.list_setting_scopes(limit, None), "limit");
    }
    let expected = Some(-1);
    assert_rejected(settings.set_setting("a", &json("2"), "", expected, None), "expected_version");
    assert_rejected(settings.delete_setting("a", "", expected, None), "expected_version");
    assert_rejected(settings.rollback_setting("a", 1, "", expected, None), "expected_version");
    for version in [i64::MIN, -1, 0, 2, i64::MAX] {
        assert_rejected(settings.rollback_setting("a", version, "", None, None), "version");
    }
    assert_rejected(settings.rollback_setting("missing", 1, "", None, None), "version");
    for days in [0, -1, 3_650_001] {
        assert_rejected(settings.delete_old_setting_versions(days), "days");
    }
    assert_eq!(history(store, "a").len(), 1);
}

/// Another program may delete the row. Changes are made nevertheless, and noticed.
fn a_deleted_revision_is_replaced(store: &Store) {
    set(store, "a", "1");
    let other = store.new_handle();
    let seen = || {
        let found = other.app_settings().get_setting("a", "", None).expect("the query succeeds");
        found.map(|setting| setting.value)
    };
    assert_eq!(seen(), Some(json("1")));
    store.raw.execute("DELETE FROM chat_revisions WHERE name = 'app_settings'");
    set(store, "a", "2");
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_revisions WHERE name = 'app_settings'"), 1);
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert_eq!(seen(), Some(json("2")));
}
