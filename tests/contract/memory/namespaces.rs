//! Namespaces are distinguished by their segments, whatever these contain.

use std::collections::BTreeSet;

use chatkeep::NewMemory;

use super::{HOSTILE, found, get, keys, number, put, put_all, segments};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    a_prefix_finds_the_namespaces_with_its_segments_only,
    a_deletion_below_a_prefix_deletes_no_other_items,
    keys_are_told_apart_by_their_characters,
    the_longest_names_are_stored_and_longer_ones_are_refused,
    many_namespaces_are_listed_in_pages,
];

/// Stores an item in each namespace of one or two hostile segments.
fn fill(store: &Store) -> Vec<Vec<String>> {
    let mut namespaces = Vec::new();
    for one in HOSTILE {
        namespaces.push(segments(&[one]));
        namespaces.extend(HOSTILE.map(|two| segments(&[one, two])));
    }
    let items: Vec<_> = namespaces
        .iter()
        .map(|namespace| NewMemory::new(namespace.clone(), "k", metadata("{}")))
        .collect();
    put_all(store, &items);
    namespaces
}

/// Returns the namespaces that begin with these segments.
fn below(namespaces: &[Vec<String>], prefix: &[String]) -> BTreeSet<Vec<String>> {
    namespaces.iter().filter(|namespace| namespace.starts_with(prefix)).cloned().collect()
}

fn a_prefix_finds_the_namespaces_with_its_segments_only(store: &Store) {
    let namespaces = fill(store);
    let list = |prefix, suffix, depth| {
        let listed = store.memory().list_memory_namespaces(prefix, suffix, depth, 10_000, 0);
        let listed = listed.expect("the query succeeds");
        let unique: BTreeSet<_> = listed.iter().cloned().collect();
        assert_eq!(unique.len(), listed.len(), "each is listed once");
        unique
    };
    for prefix in namespaces.iter().take(60).chain([&Vec::new()]) {
        let expected = below(&namespaces, prefix);
        let texts: Vec<_> = prefix.iter().map(String::as_str).collect();
        for filter in [None, Some(r#"{"a": null}"#)] {
            let items = found(store, &texts, filter);
            assert_eq!(items.len(), expected.len(), "{prefix:?}");
            let items: BTreeSet<_> = items.into_iter().map(|item| item.namespace).collect();
            assert_eq!(items, expected, "{prefix:?}");
        }
        assert_eq!(list(Some(prefix.clone()), None, None), expected, "{prefix:?}");
    }
    for last in HOSTILE {
        let ends = |namespace: &&Vec<String>| namespace.ends_with(&segments(&[last]));
        let expected: BTreeSet<_> = namespaces.iter().filter(ends).cloned().collect();
        assert_eq!(list(None, Some(segments(&[last])), None), expected, "{last:?}");
        let two = |namespace: &&Vec<String>| namespace.len() == 2 && ends(namespace);
        let expected: BTreeSet<_> = namespaces.iter().filter(two).cloned().collect();
        assert_eq!(list(Some(segments(&["*", last])), None, None), expected, "{last:?}");
    }
    let outermost: BTreeSet<_> = HOSTILE.iter().map(|name| segments(&[name])).collect();
    assert_eq!(list(None, None, Some(1)), outermost);
    assert_eq!(list(Some(segments(&["*", "*"])), None, Some(1)), outermost);
}

fn a_deletion_below_a_prefix_deletes_no_other_items(store: &Store) {
    let mut namespaces = fill(store);
    for prefix in [segments(&["a/"]), segments(&["%"]), segments(&["_", "a"]), segments(&["A"])] {
        let expected = below(&namespaces, &prefix);
        let deleted = store.memory().delete_memories_under(&prefix).expect("it succeeds");
        assert_eq!(deleted, expected.len() as u64, "{prefix:?}");
        namespaces.retain(|namespace| !expected.contains(namespace));
        let left: BTreeSet<_> =
            found(store, &[], None).into_iter().map(|item| item.namespace).collect();
        assert_eq!(left, below(&namespaces, &[]), "{prefix:?}");
    }
    assert_rejected(store.memory().delete_memories_under(&[]), "prefix");
    assert_rejected(store.memory().delete_memories_under(&segments(&["a", ""])), "prefix[1]");
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_memories"), namespaces.len() as i64);
}

fn keys_are_told_apart_by_their_characters(store: &Store) {
    for (number, key) in HOSTILE.iter().enumerate() {
        put(store, &["n"], key, &format!(r#"{{"n": {number}}}"#));
    }
    for (number, key) in HOSTILE.iter().enumerate() {
        let found = get(store, &["n"], key).expect("it exists");
        assert_eq!(found.key, *key);
        assert_eq!(found.value, metadata(&format!(r#"{{"n": {number}}}"#)));
    }
    assert!(store.memory().delete_memory(&segments(&["n"]), "a ").expect("it succeeds"));
    assert!(get(store, &["n"], "a ").is_none());
    assert!(get(store, &["n"], "a").is_some() && get(store, &["n"], " a").is_some());
}

/// Returns characters of four bytes, incompressible.
fn rare(count: usize) -> String {
    let character = |number: usize| char::from_u32(0x20000 + (number * 7_919 % 0xa000) as u32);
    (0..count).filter_map(character).collect()
}

fn the_longest_names_are_stored_and_longer_ones_are_refused(store: &Store) {
    let put = |namespace: &[&str], key: &str| {
        store.memory().put_memory(&segments(namespace), key, &metadata("{}"), None)
    };
    let (segment, key) = ("é".repeat(255), "日".repeat(255));
    for namespace in [
        vec![segment.as_str(), &segment[..486]],
        vec!["a"; 250],
        vec!["日"; 250],
        vec![&"/".repeat(249)],
    ] {
        put(&namespace, &key).expect("it is stored");
        assert!(get(store, &namespace, &key).is_some());
        assert_eq!(keys(&found(store, &namespace, None)), [key.as_str()]);
    }
    // 2,600 bytes, the most that an index of PostgreSQL can have.
    let (outer, inner, key) = (rare(255), rare(139), rare(255));
    let namespace = [outer.as_str(), &inner, "ab", "c"];
    assert_eq!(namespace.concat().len() + namespace.len() + key.len(), 2_603);
    assert_rejected(put(&namespace, &key), "namespace");
    let namespace = &namespace[..3];
    assert_eq!(namespace.concat().len() + namespace.len() + key.len(), 2_601);
    assert_rejected(put(namespace, &key), "namespace");
    let namespace = [outer.as_str(), &inner, "a"];
    put(&namespace, &key).expect("it is stored");
    assert!(get(store, &namespace, &key).is_some());
}

fn many_namespaces_are_listed_in_pages(store: &Store) {
    let mut items = Vec::new();
    for user in 0..1_300 {
        for kind in ["facts", "tasks"] {
            let namespace = ["users".to_owned(), format!("{user:04}"), kind.to_owned()];
            items.push(NewMemory::new(namespace, "k", metadata("{}")));
        }
    }
    items.push(NewMemory::new(["users"], "k", metadata("{}")));
    items.push(NewMemory::new(["zebra"], "k", metadata("{}")));
    put_all(store, &items);
    let list = |prefix: Option<&[&str]>, depth, limit, offset| {
        let prefix = prefix.map(segments);
        let listed = store.memory().list_memory_namespaces(prefix, None, depth, limit, offset);
        listed.expect("the query succeeds")
    };
    let all = list(None, None, 10_000, 0);
    assert_eq!(all.len(), 2_602);
    assert_eq!(all[0], ["users"]);
    assert_eq!(all[2], ["users", "0000", "tasks"]);
    assert_eq!(all[2_601], ["zebra"]);
    let pages = (0..27).flat_map(|page| list(None, None, 100, page * 100));
    assert!(pages.eq(all.iter().cloned()));
    assert_eq!(list(None, Some(1), 10, 0), [["users"], ["zebra"]]);
    let users = list(Some(&["users", "*"]), Some(2), 10_000, 0);
    assert_eq!(users.len(), 1_300);
    assert_eq!(users[1_299], ["users", "1299"]);
    assert_eq!(list(None, Some(2), 2, 1_000), [["users", "0999"], ["users", "1000"]]);
    assert_eq!(list(Some(&["*", "*", "tasks"]), None, 1, 1_299)[0][1], "1299");
    assert!(list(None, None, 10, 2_602).is_empty());
}
