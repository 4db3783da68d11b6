//! Tests of the long-term memory of agents.

mod concurrency;
mod expiry;
mod filters;
mod model;
mod namespaces;
mod plan;
mod values;

use chatkeep::{Memory, Metadata, NewMemory};

use crate::store::{Store, metadata, number};

/// Names that a database could confuse with others, or interpret.
const HOSTILE: [&str; 18] = [
    "a",
    "A",
    "ab",
    "a ",
    " a",
    "a/",
    "a/b",
    "a\\",
    "\\/",
    "a%",
    "%",
    "_",
    "é",
    "e\u{301}",
    "🎉",
    "a\n",
    "'; DROP TABLE graph_memories; --",
    "\u{10ffff}",
];

fn segments(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn put(store: &Store, namespace: &[&str], key: &str, value: &str) -> Memory {
    let put = store.memory().put_memory(&segments(namespace), key, &metadata(value), None);
    put.expect("it is stored")
}

fn get(store: &Store, namespace: &[&str], key: &str) -> Option<Memory> {
    store.memory().get_memory(&segments(namespace), key, true).expect("the query succeeds")
}

/// Returns all items below a namespace that match a filter, as a caller with small pages reads them.
fn found(store: &Store, prefix: &[&str], filter: Option<&str>) -> Vec<Memory> {
    search(store, &segments(prefix), filter.map(metadata))
}

fn search(store: &Store, prefix: &[String], filter: Option<Metadata>) -> Vec<Memory> {
    const PAGE: i64 = 700;
    let mut found = Vec::new();
    loop {
        let offset = found.len() as i64;
        let page = store.memory().search_memories(prefix, filter.clone(), PAGE, offset, false);
        let page = page.expect("the query succeeds");
        let is_last = page.len() < PAGE as usize;
        found.extend(page);
        if is_last {
            let latest_first = |one: &Memory, next: &Memory| one.updated_at >= next.updated_at;
            assert!(found.is_sorted_by(latest_first));
            return found;
        }
    }
}

fn keys(found: &[Memory]) -> Vec<&str> {
    found.iter().map(|item| item.key.as_str()).collect()
}

/// Stores many items, some hundred at a time.
fn put_all(store: &Store, items: &[NewMemory]) {
    for items in items.chunks(400) {
        store.memory().put_memories(items).expect("they are stored");
    }
}
