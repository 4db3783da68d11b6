//! Items with a time to live.

use chatkeep::{Memory, NewMemory};

use super::{found, get, number, put, put_all, segments};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    an_expired_item_does_not_exist,
    an_expired_item_that_is_stored_again_is_new,
    a_read_extends_an_item_unless_it_has_expired,
    a_search_extends_the_items_that_it_returns,
    expired_items_are_deleted_and_no_others,
    times_to_live_out_of_range_are_refused,
];

const PAST: &str = "2020-01-01 00:00:00.000000";

fn put_for(store: &Store, namespace: &[&str], key: &str, seconds: i64) -> Memory {
    let namespace = segments(namespace);
    let put = store.memory().put_memory(&namespace, key, &metadata(r#"{"a": 1}"#), Some(seconds));
    put.expect("it is stored")
}

fn expire(store: &Store, key: &str) {
    store.raw.execute(&format!(
        "UPDATE graph_memories SET expires_at = '{PAST}' WHERE item_key = '{key}'"
    ));
}

fn rows(store: &Store) -> i64 {
    number(store, "SELECT COUNT(*) FROM graph_memories")
}

fn an_expired_item_does_not_exist(store: &Store) {
    put_for(store, &["a", "b"], "expired", 3_600);
    put_for(store, &["a", "c"], "k", 3_600);
    expire(store, "expired");
    assert_eq!(get(store, &["a", "b"], "expired"), None);
    for filter in [None, Some(r#"{"a": 1}"#)] {
        let found = found(store, &["a"], filter);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].namespace, ["a", "c"]);
    }
    let listed = store.memory().list_memory_namespaces(None, None, None, 10, 0);
    assert_eq!(listed.expect("the query succeeds"), [["a", "c"]]);
    let deleted = store.memory().delete_memory(&segments(&["a", "b"]), "expired");
    assert!(!deleted.expect("it succeeds"));
    let first = store.memory().search_memories(&segments(&["a"]), None, 1, 1, true);
    assert!(first.expect("the query succeeds").is_empty(), "an offset counts no expired item");
    assert_eq!(rows(store), 2);
}

fn an_expired_item_that_is_stored_again_is_new(store: &Store) {
    for several in [false, true] {
        let first = put_for(store, &["a"], "k", 3_600);
        expire(store, "k");
        let new = NewMemory::new(["a"], "k", metadata("{}"));
        let items = [new, NewMemory::new(["a"], "other", metadata("{}"))];
        if several {
            store.memory().put_memories(&items).expect("they are stored");
        } else {
            put(store, &["a"], "k", "{}");
        }
        let second = get(store, &["a"], "k").expect("it exists");
        assert!(second.created_at > first.created_at);
        assert_eq!(second.created_at, second.updated_at);
        assert_eq!((second.expires_at, second.ttl_seconds), (None, None));
    }
}

fn a_read_extends_an_item_unless_it_has_expired(store: &Store) {
    let stored = put_for(store, &["a"], "k", 3_600);
    assert_eq!(get(store, &["a"], "k").map(|item| item.value), Some(stored.value.clone()));
    store.raw.execute("UPDATE graph_memories SET ttl_seconds = 7200");
    let memory = store.memory();
    let read = |refresh| {
        let found = memory.get_memory(&segments(&["a"]), "k", refresh);
        found.expect("the query succeeds").expect("it exists").expires_at
    };
    let before = read(false);
    assert!(read(false) == before, "it is not extended");
    let extended = read(true).expect("it expires");
    let gain = extended.as_microsecond() - before.expect("it expires").as_microsecond();
    assert!((3_600_000_000..3_700_000_000).contains(&gain), "{gain}");
    assert_eq!(read(false), Some(extended), "the extension is stored");
    expire(store, "k");
    assert_eq!(get(store, &["a"], "k"), None);
    let sql = format!("SELECT COUNT(*) FROM graph_memories WHERE expires_at = '{PAST}'");
    assert_eq!(number(store, &sql), 1, "it is not extended");
}

fn a_search_extends_the_items_that_it_returns(store: &Store) {
    for key in ["expired", "other", "long", "k"] {
        put_for(store, &["a"], key, if key == "long" { 9_000 } else { 3_600 });
    }
    put(store, &["a"], "forever", r#"{"a": 1}"#);
    expire(store, "expired");
    store.raw.execute("UPDATE graph_memories SET ttl_seconds = ttl_seconds + 3600");
    let filter = Some(metadata(r#"{"a": 1}"#));
    for filter in [None, filter] {
        let searched = store.memory().search_memories(&segments(&["a"]), filter, 3, 0, true);
        let searched = searched.expect("the query succeeds");
        assert_eq!(super::keys(&searched), ["forever", "k", "long"]);
        let stored = found(store, &["a"], None);
        assert_eq!(&stored[..3], searched, "the extensions are stored");
        for (item, hours) in stored.iter().zip([None, Some(2.0), Some(3.5), Some(1.0)]) {
            let left = item.expires_at.map(|end| {
                (end.as_microsecond() - item.updated_at.as_microsecond()) as f64 / 3_600e6
            });
            let is_expected = match (left, hours) {
                (Some(left), Some(hours)) => (left - hours).abs() < 0.1,
                (left, hours) => left.is_none() && hours.is_none(),
            };
            assert!(is_expected, "{}: {left:?}", item.key);
        }
    }
}

fn expired_items_are_deleted_and_no_others(store: &Store) {
    let items: Vec<_> = (0..900)
        .map(|number| {
            let key = if number % 3 == 0 { "expired" } else { "k" };
            NewMemory::new([format!("{number}")], key, metadata("{}")).with_ttl_seconds(3_600)
        })
        .chain([NewMemory::new(["forever"], "expires never", metadata("{}"))])
        .collect();
    put_all(store, &items);
    let delete = || store.memory().delete_expired_memories().expect("it succeeds");
    assert_eq!(delete(), 0);
    expire(store, "expired");
    assert_eq!(delete(), 300);
    assert_eq!(delete(), 0);
    assert_eq!(rows(store), 601);
}

fn times_to_live_out_of_range_are_refused(store: &Store) {
    for seconds in [0, -1, i64::MIN, i64::MAX, 300_000_000_000] {
        let namespace = segments(&["a"]);
        let put = store.memory().put_memory(&namespace, "k", &metadata("{}"), Some(seconds));
        assert_rejected(put, "ttl_seconds");
        let new = NewMemory::new(["a"], "k", metadata("{}")).with_ttl_seconds(seconds);
        assert_rejected(store.memory().put_memories(&[new]), "items[0].ttl_seconds");
    }
    put_for(store, &["a"], "k", 200_000_000_000);
    assert!(get(store, &["a"], "k").is_some());
}
