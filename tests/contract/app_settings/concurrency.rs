//! Several writers of the same settings.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use chatkeep::{AppSetting, ErrorKind};

use super::{get, history, json, numbered, set};
use crate::every_engine::on_every_engine;
use crate::store::Store;

on_every_engine![
    of_several_writers_that_expect_a_version_one_succeeds,
    concurrent_changes_have_consecutive_versions,
    readers_see_all_of_a_call_or_nothing,
];

const WRITERS: usize = 8;

fn of_several_writers_that_expect_a_version_one_succeeds(store: &Store) {
    for expected in 0..10 {
        let succeeded = AtomicI64::new(0);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let succeeded = &succeeded;
                scope.spawn(move || {
                    let value = json(&format!("[{expected},{writer}]"));
                    let settings = store.app_settings();
                    match settings.set_setting("a", &value, "", Some(expected), None) {
                        Ok(stored) => {
                            assert_eq!(stored.version, expected + 1);
                            succeeded.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                            assert_eq!(error.field(), Some("expected_version"), "{error}");
                        }
                    }
                });
            }
        });
        assert_eq!(succeeded.into_inner(), 1, "{expected}");
    }
    assert_eq!(history(store, "a").len(), 10);
}

fn concurrent_changes_have_consecutive_versions(store: &Store) {
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                for step in 0..10 {
                    if writer == 0 && step % 3 == 2 {
                        let deleted = store.app_settings().delete_setting("a", "", None, None);
                        deleted.expect("the call succeeds");
                    } else {
                        set(store, "a", &format!("[{writer},{step}]"));
                    }
                    get(store, "a");
                }
            });
        }
    });
    let versions = history(store, "a");
    let numbers: Vec<_> = versions.iter().map(|version| version.version).collect();
    let expected: Vec<_> = (1..=versions.len() as i64).rev().collect();
    assert_eq!(numbers, expected);
    let (last, value) = numbered(&versions)[0];
    let found = get(store, "a").map(|one| (one.version, one.value.as_json().to_owned()));
    assert_eq!(found, value.map(|value| (last, value.to_owned())));
}

fn readers_see_all_of_a_call_or_nothing(store: &Store) {
    const KEYS: [&str; 4] = ["a", "b", "c", "d"];
    let values = |number: usize| -> BTreeMap<_, _> {
        KEYS.iter().map(|key| ((*key).to_owned(), json(&number.to_string()))).collect()
    };
    store.app_settings().set_settings(&values(0), "", None).expect("they are stored");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let all = store.app_settings().get_settings("").expect("the query succeeds");
                    assert_eq!(all.len(), KEYS.len());
                    let mut found = all.values().map(|setting: &AppSetting| &setting.value);
                    let first = found.next().expect("it exists");
                    assert!(found.all(|value| value == first), "{all:?}");
                }
            });
        }
        let write = |writer: usize| {
            scope.spawn(move || {
                for step in 0..15 {
                    let values = values(writer * 100 + step);
                    let stored = store.app_settings().set_settings(&values, "", None);
                    stored.expect("they are stored");
                }
            })
        };
        let writers: Vec<_> = (0..WRITERS / 2).map(write).collect();
        let ends: Vec<_> = writers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok));
    });
}
