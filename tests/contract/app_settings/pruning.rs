//! Deletion of old versions.

use super::{history, numbered, set, set_in};
use crate::every_engine::on_every_engine;
use crate::store::{Store, number};

on_every_engine![
    old_versions_are_deleted_except_for_the_newest,
    pruning_examines_each_version_once,
];

fn make_old(store: &Store, condition: &str) {
    store.raw.execute(&format!(
        "UPDATE app_setting_versions SET changed_at = '2024-01-01 00:00:00.000000' \
         WHERE {condition}"
    ));
}

fn prune(store: &Store) -> u64 {
    store.app_settings().delete_old_setting_versions(30).expect("it succeeds")
}

fn old_versions_are_deleted_except_for_the_newest(store: &Store) {
    let settings = store.app_settings();
    assert_eq!(prune(store), 0);
    for value in ["1", "2", "3", "4"] {
        set(store, "a", value);
        set(store, "b", value);
        set_in(store, "s", "a", value);
    }
    settings.delete_setting("b", "", None, None).expect("deleted");
    assert_eq!(prune(store), 0, "they are new");
    make_old(store, "scope = '' AND version <= 3");
    assert_eq!(prune(store), 6);
    assert_eq!(numbered(&history(store, "a")), [(4, Some("4"))]);
    assert_eq!(numbered(&history(store, "b")), [(5, None), (4, Some("4"))]);
    make_old(store, "1 = 1");
    // The newest ones remain: that of `a`, the deletion of `b`, and that of the other scope.
    assert_eq!(prune(store), 4);
    assert_eq!(prune(store), 0);
    assert_eq!(numbered(&history(store, "b")), [(5, None)]);
    let other = settings.list_setting_versions("a", "s", 10, None).expect("the query succeeds");
    assert_eq!(numbered(&other), [(4, Some("4"))]);
    assert_eq!(set(store, "b", "6").version, 6, "numbers continue");
    assert_eq!(set(store, "a", "5").version, 5);
    assert_eq!(number(store, "SELECT COUNT(*) FROM app_settings"), 3);
}

/// More settings than a batch has rows are kept, so a batch with deletions follows others.
fn pruning_examines_each_version_once(store: &Store) {
    let values = |value: &str| (0..900).map(|n| (format!("k{n}"), super::json(value))).collect();
    for value in ["1", "2"] {
        store.app_settings().set_settings(&values(value), "", None).expect("they are stored");
    }
    make_old(store, "version = 2");
    assert_eq!(prune(store), 0);
    make_old(store, "1 = 1");
    assert_eq!(prune(store), 900);
    assert_eq!(number(store, "SELECT COUNT(*) FROM app_setting_versions"), 900);
    assert_eq!(number(store, "SELECT MIN(version) FROM app_setting_versions"), 2);
}
