//! Storing, reading and deleting settings.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{ErrorKind, SettingSource};

use super::{HOSTILE, get, history, json, numbered, set, set_in};
use crate::every_engine::on_every_engine;
use crate::store::{Store, number};

on_every_engine![
    a_setting_is_stored_read_and_deleted,
    every_json_value_is_returned_as_it_was_stored,
    an_equal_value_makes_no_version,
    keys_and_scopes_are_compared_by_their_characters,
    a_default_applies_only_to_a_missing_setting,
    several_settings_are_stored_or_none,
    scopes_are_listed_in_pages,
    another_process_sees_changes_after_seconds,
    settings_in_memory_are_not_returned_for_long_without_the_database,
];

fn a_setting_is_stored_read_and_deleted(store: &Store) {
    let settings = store.app_settings();
    assert_eq!(get(store, "theme"), None);
    let stored = set(store, "theme", r#"{"name":"dark"}"#);
    assert_eq!((stored.scope.as_str(), stored.key.as_str()), ("", "theme"));
    assert_eq!((stored.version, stored.source), (1, SettingSource::Database));
    assert_eq!(stored.updated_by.as_deref(), Some("ada"));
    assert!(stored.updated_at.is_some());
    assert_eq!(get(store, "theme"), Some(stored));
    let stored = settings.set_setting("theme", &json("[1]"), "", Some(1), None).expect("stored");
    assert_eq!((stored.version, stored.updated_by.as_deref()), (2, None));
    assert_eq!(get(store, "theme").as_ref(), Some(&stored));
    let all = settings.get_settings("").expect("the query succeeds");
    assert_eq!(all, BTreeMap::from([("theme".to_owned(), stored)]));
    assert!(settings.delete_setting("theme", "", None, Some("bob")).expect("deleted"));
    assert!(!settings.delete_setting("theme", "", None, None).expect("it does not exist"));
    assert_eq!(get(store, "theme"), None);
    assert_eq!(settings.get_settings("").expect("the query succeeds"), BTreeMap::new());
}

fn every_json_value_is_returned_as_it_was_stored(store: &Store) {
    let values = [
        "null",
        "true",
        "0",
        "-9223372036854775808",
        "18446744073709551615",
        "9007199254740993",
        "0.1",
        "5e18",
        "1e300",
        "-0.0",
        "100.0",
        r#""""#,
        r#""a'b\"c\\ é 😀 \n\t""#,
        r#""null""#,
        "[]",
        r#"[null, [1, 2.50], {"b": {}, "a": ""}]"#,
        r#"{"z": 1, "a": [true], "é'\"": null, "z": 2}"#,
    ];
    for (number, value) in values.iter().enumerate() {
        let key = number.to_string();
        let stored = set(store, &key, value);
        assert_eq!(stored.value, json(value));
        assert_eq!(get(store, &key), Some(stored.clone()), "{value}");
        let fresh = store.new_handle();
        let found = fresh.app_settings().get_setting(&key, "", None).expect("the query succeeds");
        assert_eq!(found, Some(stored), "{value}");
        assert_eq!(numbered(&history(store, &key)), [(1, Some(json(value).as_json()))], "{value}");
    }
    assert_eq!(number(store, "SELECT COUNT(*) FROM app_settings"), values.len() as i64);
}

fn an_equal_value_makes_no_version(store: &Store) {
    let settings = store.app_settings();
    for value in ["null", r#"{"b":5e18,"a":[1]}"#, "0.0"] {
        let stored = set(store, "theme", value);
        let again = settings.set_setting("theme", &json(value), "", None, Some("bob"));
        assert_eq!(again.expect("nothing is changed"), stored, "{value}");
    }
    let equal = settings.set_setting("theme", &json("-0.0"), "", Some(3), None).expect("unchanged");
    assert_eq!(equal.version, 3);
    // Other types are other values.
    for (value, version) in [("0", 4), (r#""0""#, 5), ("false", 6), ("null", 7)] {
        assert_eq!(set(store, "theme", value).version, version);
    }
    assert_eq!(history(store, "theme").len(), 7);
}

fn keys_and_scopes_are_compared_by_their_characters(store: &Store) {
    let scopes = HOSTILE.iter().copied().chain([""]);
    let keys = HOSTILE.iter().copied();
    for (number, (scope, key)) in
        scopes.clone().flat_map(|scope| keys.clone().map(move |key| (scope, key))).enumerate()
    {
        assert_eq!(set_in(store, scope, key, &number.to_string()).version, 1, "{scope:?} {key:?}");
    }
    let mut number = 0;
    for scope in scopes {
        let all = store.app_settings().get_settings(scope).expect("the query succeeds");
        assert_eq!(all.len(), HOSTILE.len(), "{scope:?}");
        for key in keys.clone() {
            assert_eq!(all[key].value, json(&number.to_string()), "{scope:?} {key:?}");
            number += 1;
        }
    }
    let missing = store.app_settings().get_setting("b", "a", None).expect("the query succeeds");
    assert_eq!(missing, None);
}

fn a_default_applies_only_to_a_missing_setting(store: &Store) {
    let settings = store.app_settings();
    let default = Some(json("[1]"));
    let found = settings.get_setting("theme", "s", default.clone()).expect("the query succeeds");
    let found = found.expect("it has a default");
    assert_eq!((found.source, found.version), (SettingSource::Default, 0));
    assert_eq!((found.value, found.updated_at, found.updated_by), (json("[1]"), None, None));
    set_in(store, "s", "theme", "null");
    let found = settings.get_setting("theme", "s", default).expect("the query succeeds");
    let found = found.expect("it is stored");
    assert_eq!((found.source, found.value), (SettingSource::Database, json("null")));
}

fn several_settings_are_stored_or_none(store: &Store) {
    let settings = store.app_settings();
    set(store, "b", "1");
    let values = |pairs: &[(&str, &str)]| -> BTreeMap<_, _> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), json(value))).collect()
    };
    let changed = [("a", "1"), ("b", "2"), ("c", "null")];
    let stored = settings.set_settings(&values(&changed), "", Some("bob")).expect("stored");
    let versions: Vec<_> = stored.iter().map(|(key, one)| (key.as_str(), one.version)).collect();
    assert_eq!(versions, [("a", 1), ("b", 2), ("c", 1)]);
    assert_eq!(settings.get_settings("").expect("the query succeeds"), stored);
    let again = settings.set_settings(&values(&changed), "", None).expect("nothing is changed");
    assert_eq!(again, stored);
    let refused = values(&[("a", "3"), ("api_key", "1")]);
    let error = settings.set_settings(&refused, "", None).expect_err("it is refused");
    assert_eq!(error.field(), Some("values[api_key]"));
    assert_eq!(get(store, "a").map(|one| one.value), Some(json("1")));
    assert_eq!(
        settings.set_settings(&BTreeMap::new(), "", None).expect("nothing"),
        BTreeMap::new()
    );
    let many: BTreeMap<_, _> = (0..1_000).map(|n| (format!("k{n}"), json("1"))).collect();
    assert_eq!(settings.set_settings(&many, "many", None).expect("stored").len(), 1_000);
    let mut too_many = many;
    too_many.insert("k".to_owned(), json("1"));
    let error = settings.set_settings(&too_many, "many", None).expect_err("it is refused");
    assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("values")));
}

fn scopes_are_listed_in_pages(store: &Store) {
    let settings = store.app_settings();
    for scope in HOSTILE.iter().copied().chain([""]) {
        set_in(store, scope, "a", "1");
        set_in(store, scope, "b", "1");
    }
    set_in(store, "deleted", "a", "1");
    settings.delete_setting("a", "deleted", None, None).expect("deleted");
    let all = settings.list_setting_scopes(10_000, None).expect("the query succeeds");
    let mut expected: Vec<_> = HOSTILE.iter().copied().chain([""]).collect();
    expected.sort_unstable();
    assert_eq!(all, expected);
    let mut paged: Vec<String> = Vec::new();
    loop {
        let after = paged.last().map(String::as_str);
        let page = settings.list_setting_scopes(3, after).expect("the query succeeds");
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

fn another_process_sees_changes_after_seconds(store: &Store) {
    let other = store.new_handle();
    let seen = |key: &str| {
        let found = other.app_settings().get_setting(key, "", None).expect("the query succeeds");
        found.map(|setting| setting.value)
    };
    set(store, "theme", "1");
    assert_eq!(seen("theme"), Some(json("1")));
    let within_seconds = |key: &str, expected| {
        let start = Instant::now();
        while seen(key) != expected {
            assert!(start.elapsed() < Duration::from_secs(10), "{key} is not seen");
            thread::sleep(Duration::from_millis(50));
        }
    };
    set(store, "theme", "2");
    within_seconds("theme", Some(json("2")));
    store.app_settings().delete_setting("theme", "", None, None).expect("deleted");
    within_seconds("theme", None);
    set_in(store, "other", "theme", "3");
    set(store, "theme", "4");
    within_seconds("theme", Some(json("4")));
}

/// Settings are read from memory for some seconds, and then the error is reported.
fn settings_in_memory_are_not_returned_for_long_without_the_database(store: &Store) {
    set(store, "theme", "1");
    assert!(get(store, "theme").is_some());
    store.raw.execute("ALTER TABLE chat_revisions RENAME TO renamed");
    let start = Instant::now();
    loop {
        match store.app_settings().get_setting("theme", "", None) {
            Ok(found) => assert!(found.is_some()),
            Err(error) => break assert!(!matches!(error.kind(), ErrorKind::InvalidInput)),
        }
        assert!(start.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(50));
    }
    store.raw.execute("ALTER TABLE renamed RENAME TO chat_revisions");
    assert!(get(store, "theme").is_some());
}
