//! Versions, and changes that expect one.

use chatkeep::Result;

use super::{get, history, json, numbered, set};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected};

on_every_engine![
    versions_continue_after_a_deletion,
    a_rollback_is_a_new_version,
    a_deletion_is_not_rolled_back_to,
    a_change_that_expects_another_version_is_refused,
    versions_are_listed_in_pages,
    a_page_of_large_versions_is_shorter,
];

fn versions_continue_after_a_deletion(store: &Store) {
    let settings = store.app_settings();
    set(store, "a", "1");
    set(store, "a", "null");
    assert!(settings.delete_setting("a", "", None, Some("bob")).expect("deleted"));
    assert_eq!(set(store, "a", "null").version, 4);
    let versions = history(store, "a");
    assert_eq!(
        numbered(&versions),
        [(4, Some("null")), (3, None), (2, Some("null")), (1, Some("1"))]
    );
    let by: Vec<_> = versions.iter().map(|version| version.changed_by.as_deref()).collect();
    assert_eq!(by, [Some("ada"), Some("bob"), Some("ada"), Some("ada")]);
    assert!(versions.is_sorted_by(|one, next| one.changed_at >= next.changed_at));
    assert_eq!(get(store, "a").and_then(|one| one.updated_at), Some(versions[0].changed_at));
}

fn a_rollback_is_a_new_version(store: &Store) {
    let settings = store.app_settings();
    for value in ["1", "2", "3"] {
        set(store, "a", value);
    }
    let stored = settings.rollback_setting("a", 1, "", Some(3), Some("bob")).expect("stored");
    assert_eq!((stored.version, stored.value.as_json()), (4, "1"));
    assert_eq!(stored.updated_by.as_deref(), Some("bob"));
    assert_eq!(get(store, "a"), Some(stored.clone()));
    // To an equal value: nothing is changed.
    assert_eq!(settings.rollback_setting("a", 1, "", None, None).expect("unchanged"), stored);
    settings.delete_setting("a", "", None, None).expect("deleted");
    let stored = settings.rollback_setting("a", 2, "", Some(0), None).expect("stored again");
    assert_eq!((stored.version, stored.value.as_json()), (6, "2"));
    let values = [Some("2"), None, Some("1"), Some("3"), Some("2"), Some("1")];
    let expected: Vec<_> = (1..=6).rev().zip(values).collect();
    assert_eq!(numbered(&history(store, "a")), expected);
}

fn a_deletion_is_not_rolled_back_to(store: &Store) {
    let settings = store.app_settings();
    set(store, "a", "1");
    settings.delete_setting("a", "", None, None).expect("deleted");
    set(store, "a", "2");
    let refused = settings.rollback_setting("a", 2, "", None, None);
    let message = refused.as_ref().expect_err("it is refused").to_string();
    assert!(message.contains("is a deletion"), "{message}");
    assert_rejected(refused, "version");
    assert_eq!(get(store, "a").map(|one| one.version), Some(3));
}

#[track_caller]
fn conflicts<T>(outcome: Result<T>, actual: &str) {
    let message = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    assert!(message.contains(actual), "{message}");
    assert_conflict(outcome, "expected_version");
}

fn a_change_that_expects_another_version_is_refused(store: &Store) {
    let settings = store.app_settings();
    let set_if =
        |value: &str, expected| settings.set_setting("a", &json(value), "", Some(expected), None);
    conflicts(set_if("1", 1), "does not exist (version 0)");
    conflicts(settings.delete_setting("a", "", Some(1), None), "version 0");
    assert!(!settings.delete_setting("a", "", Some(0), None).expect("it does not exist"));
    assert_eq!(set_if("1", 0).expect("stored").version, 1);
    conflicts(set_if("2", 0), "has version 1");
    // Also if the value is equal.
    conflicts(set_if("1", 2), "has version 1");
    assert_eq!(set_if("2", 1).expect("stored").version, 2);
    conflicts(settings.rollback_setting("a", 1, "", Some(1), None), "has version 2");
    conflicts(settings.delete_setting("a", "", Some(1), None), "has version 2");
    assert!(settings.delete_setting("a", "", Some(2), None).expect("deleted"));
    conflicts(set_if("1", 2), "version 0");
    conflicts(set_if("1", 3), "version 0");
    assert_eq!(set_if("1", 0).expect("stored").version, 4);
    assert_eq!(history(store, "a").len(), 4);
}

fn versions_are_listed_in_pages(store: &Store) {
    let settings = store.app_settings();
    let large = format!("{:?}", "é".repeat(400_000));
    for number in 0..12 {
        set(store, "a", &number.to_string());
        set(store, "b", &number.to_string());
    }
    set(store, "a", &large);
    let all = history(store, "a");
    assert_eq!(all.len(), 13);
    for limit in [1, 5, 13, 100] {
        let mut paged = Vec::new();
        let mut before = None;
        loop {
            let page = settings.list_setting_versions("a", "", limit, before);
            let page = page.expect("the query succeeds");
            assert!(page.len() as i64 <= limit);
            let Some(last) = page.last() else { break };
            before = Some(last.version);
            paged.extend(page);
        }
        assert_eq!(paged, all, "{limit}");
    }
    let none = settings.list_setting_versions("missing", "", 10, None);
    assert_eq!(none.expect("the query succeeds"), []);
}

fn a_page_of_large_versions_is_shorter(store: &Store) {
    let large = "x".repeat(1_000_000);
    for number in 0..24 {
        set(store, "a", &format!("\"{number}{large}\""));
    }
    let page = |before| store.app_settings().list_setting_versions("a", "", 100, before);
    let first = page(None).expect("the query succeeds");
    let last = first.last().expect("it has versions").version;
    assert!(first.len() < 24 && last > 1, "{}", first.len());
    let rest = page(Some(last)).expect("the query succeeds");
    assert_eq!((first.len() + rest.len(), rest.last().map(|one| one.version)), (24, Some(1)));
}
