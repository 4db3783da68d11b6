//! Values, and their replacement.

use chatkeep::NewMemory;

use super::{found, get, number, put, segments};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    values_are_returned_exactly,
    a_replaced_item_keeps_its_creation_time,
    the_last_of_several_items_with_one_key_counts,
    many_items_are_stored_and_deleted_together,
    one_invalid_item_stores_nothing,
    values_that_are_too_large_are_refused,
];

fn values_are_returned_exactly(store: &Store) {
    let nested = format!("{}1{}", "[".repeat(29), "]".repeat(29));
    for value in [
        "{}".to_owned(),
        r#"{"": null, "a": true, "b": [false, {}, []], "é": "\"\\\n\t\r 🎉 '; --"}"#.to_owned(),
        r#"{"a": 9223372036854775807, "b": 18446744073709551615, "c": -9223372036854775808}"#
            .to_owned(),
        r#"{"a": 0.1, "b": 1e300, "c": 5e18, "d": -1.5, "e": 1.0, "f": 1, "g": 1e-300}"#.to_owned(),
        format!(r#"{{"a": {nested}}}"#),
        format!(r#"{{"a": "{}"}}"#, "日".repeat(1 << 20)),
    ] {
        let stored = put(store, &["n"], "k", &value);
        assert_eq!(stored.value, metadata(&value));
        assert_eq!(get(store, &["n"], "k"), Some(stored.clone()));
        assert_eq!(found(store, &["n"], None), [stored]);
    }
}

fn a_replaced_item_keeps_its_creation_time(store: &Store) {
    let first = put(store, &["n"], "k", r#"{"a": 1}"#);
    assert_eq!(first.created_at, first.updated_at);
    let second = put(store, &["n"], "k", r#"{"b": 2}"#);
    assert_eq!(second.created_at, first.created_at);
    assert!(second.updated_at > first.updated_at);
    assert_eq!(get(store, &["n"], "k"), Some(second.clone()));
    let items = [
        NewMemory::new(["n"], "k", metadata(r#"{"c": 3}"#)).with_ttl_seconds(60),
        NewMemory::new(["n"], "other", metadata("{}")),
    ];
    store.memory().put_memories(&items).expect("they are stored");
    let third = get(store, &["n"], "k").expect("it exists");
    assert_eq!((third.created_at, third.ttl_seconds), (first.created_at, Some(60)));
    assert!(third.updated_at > second.updated_at && third.expires_at.is_some());
    assert_eq!(third.value, metadata(r#"{"c": 3}"#));
    let fourth = put(store, &["n"], "k", "{}");
    assert_eq!((fourth.expires_at, fourth.ttl_seconds), (None, None));
    assert!(store.memory().delete_memory(&segments(&["n"]), "k").expect("it succeeds"));
    let fifth = put(store, &["n"], "k", "{}");
    assert!(fifth.created_at > first.created_at, "a deleted item is created again");
}

fn the_last_of_several_items_with_one_key_counts(store: &Store) {
    let new = |text: &str| NewMemory::new(["n"], "k", metadata(text));
    let deletion = || NewMemory::deletion(["n"], "k");
    for (items, expected) in [
        (vec![new(r#"{"a": 1}"#), new(r#"{"a": 2}"#)], Some(r#"{"a": 2}"#)),
        (vec![new("{}"), deletion()], None),
        (vec![deletion(), new(r#"{"a": 3}"#)], Some(r#"{"a": 3}"#)),
        (vec![deletion(), deletion()], None),
    ] {
        store.memory().put_memories(&items).expect("they are stored");
        assert_eq!(get(store, &["n"], "k").map(|item| item.value), expected.map(metadata));
    }
}

fn many_items_are_stored_and_deleted_together(store: &Store) {
    let item = |number: usize| {
        let value = metadata(&format!(r#"{{"n": {number}}}"#));
        NewMemory::new([format!("{}", number % 7)], format!("{number}"), value)
    };
    let items: Vec<_> = (0..1_500).map(item).collect();
    store.memory().put_memories(&items).expect("they are stored");
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_memories"), 1_500);
    let changes: Vec<_> = (0..1_500)
        .map(|number| match item(number) {
            item if number % 2 == 0 => item,
            item => NewMemory { value: None, ..item },
        })
        .collect();
    store.memory().put_memories(&changes).expect("they are stored");
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_memories"), 750);
    assert_eq!(found(store, &["3"], None).len(), 107);
    assert_eq!(get(store, &["0"], "14").map(|item| item.value), Some(metadata(r#"{"n": 14}"#)));
}

fn one_invalid_item_stores_nothing(store: &Store) {
    put(store, &["n"], "k", r#"{"a": 1}"#);
    let valid = NewMemory::new(["n"], "k", metadata("{}"));
    for (invalid, field) in [
        (NewMemory { key: String::new(), ..valid.clone() }, "items[2].key"),
        (NewMemory { namespace: Vec::new(), ..valid.clone() }, "items[2].namespace"),
        (valid.clone().with_ttl_seconds(0), "items[2].ttl_seconds"),
        (NewMemory::deletion(["n"], "k").with_ttl_seconds(1), "items[2].ttl_seconds"),
    ] {
        let items = [valid.clone(), NewMemory::deletion(["n"], "k"), invalid];
        assert_rejected(store.memory().put_memories(&items), field);
        let kept = get(store, &["n"], "k").expect("it exists");
        assert_eq!(kept.value, metadata(r#"{"a": 1}"#));
    }
}

fn values_that_are_too_large_are_refused(store: &Store) {
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(17 << 20)));
    let put = store.memory().put_memory(&segments(&["n"]), "k", &large, None);
    assert_rejected(put, "value");
    let items = [NewMemory::new(["n"], "a", metadata("{}")), NewMemory::new(["n"], "k", large)];
    assert_rejected(store.memory().put_memories(&items), "items[1].value");
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_memories"), 0);
}
