//! Several writers of the same items.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use chatkeep::{Memory, NewMemory};

use super::{found, get, number, put, segments};
use crate::every_engine::on_every_engine;
use crate::store::{Store, metadata};

on_every_engine![
    concurrent_puts_of_one_key_leave_one_item,
    a_search_sees_all_of_a_call_or_nothing,
    items_that_are_replaced_during_a_search_are_found_once,
    reads_and_deletions_at_the_same_time_succeed,
];

const WRITERS: usize = 8;

fn value(number: usize) -> chatkeep::Metadata {
    metadata(&format!(r#"{{"n": {number}}}"#))
}

fn concurrent_puts_of_one_key_leave_one_item(store: &Store) {
    let written: Vec<Memory> = thread::scope(|scope| {
        let write = |writer: usize| {
            let put = move |step| {
                let namespace = segments(&["n"]);
                store.memory().put_memory(&namespace, "k", &value(writer * 100 + step), None)
            };
            scope.spawn(move || (0..20).map(put).collect::<Result<Vec<_>, _>>())
        };
        let writers: Vec<_> = (0..WRITERS).map(write).collect();
        let written = writers.into_iter().map(|writer| writer.join().expect("no panic"));
        written.flat_map(|written| written.expect("each put succeeds")).collect()
    });
    assert_eq!(number(store, "SELECT COUNT(*) FROM graph_memories"), 1);
    let left = get(store, &["n"], "k").expect("it exists");
    assert!(written.contains(&left), "it is one of those that were stored");
    assert!(written.iter().all(|item| item.created_at == left.created_at));
}

fn a_search_sees_all_of_a_call_or_nothing(store: &Store) {
    const KEYS: [&str; 3] = ["a", "b", "c"];
    let items = |number: usize, reversed: bool| {
        let mut items = KEYS.map(|key| NewMemory::new(["n", key], key, value(number)));
        if reversed {
            items.reverse();
        }
        items
    };
    store.memory().put_memories(&items(0, false)).expect("they are stored");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let (done, items) = (&done, &items);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                let found = found(store, &["n"], None);
                assert_eq!(found.len(), KEYS.len());
                assert!(found.iter().all(|item| item.value == found[0].value), "{found:?}");
            }
        });
        let write = |writer: usize| {
            scope.spawn(move || {
                for step in 0..15 {
                    let items = items(writer * 100 + step, writer.is_multiple_of(2));
                    store.memory().put_memories(&items).expect("they are stored");
                }
            })
        };
        let writers: Vec<_> = (0..WRITERS / 2).map(write).collect();
        let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok));
    });
}

/// With a filter, a search reads several pages.
fn items_that_are_replaced_during_a_search_are_found_once(store: &Store) {
    let items: Vec<_> = (0..1_200)
        .map(|number| NewMemory::new([format!("{number}")], "k", value(number)))
        .collect();
    super::put_all(store, &items);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            let mut number = 0;
            while !done.load(Ordering::Relaxed) {
                number = (number + 311) % 1_200;
                put(store, &[&number.to_string()], "k", &format!(r#"{{"n": {number}}}"#));
            }
        });
        let search = || {
            let filter = Some(metadata(r#"{"n": {"$gte": 0}}"#));
            let found = store.memory().search_memories(&[], filter, 2_000, 0, true);
            let mut namespaces: Vec<_> =
                found.expect("it succeeds").into_iter().map(|item| item.namespace).collect();
            let count = namespaces.len();
            namespaces.sort();
            namespaces.dedup();
            (count, namespaces.len())
        };
        let counts: Vec<_> = (0..5).map(|_| search()).collect();
        done.store(true, Ordering::Relaxed);
        assert_eq!(counts, [(1_200, 1_200); 5]);
    });
}

fn reads_and_deletions_at_the_same_time_succeed(store: &Store) {
    thread::scope(|scope| {
        for worker in 0..WRITERS {
            scope.spawn(move || {
                let memory = store.memory();
                for step in 0..15_usize {
                    let namespace = segments(&["n", &format!("{}", step % 3)]);
                    match worker % 4 {
                        0 | 1 => memory
                            .put_memory(&namespace, "k", &value(step), Some(3_600))
                            .map(drop)
                            .expect("it is stored"),
                        2 => drop(
                            memory.search_memories(&[], None, 10, 0, true).expect("it succeeds"),
                        ),
                        _ if step % 2 == 0 => drop(
                            memory.delete_memories_under(&segments(&["n"])).expect("it succeeds"),
                        ),
                        _ => drop(memory.get_memory(&namespace, "k", true).expect("it succeeds")),
                    }
                }
            });
        }
    });
}
