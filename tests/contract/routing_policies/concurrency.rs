//! Several writers of the same policies.

use std::thread;

use chatkeep::{NewPolicy, PolicyKind, Result};

use super::{create, get, policy};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, number};

on_every_engine![
    one_of_concurrent_changes_of_a_version_is_made,
    one_of_concurrent_policies_of_a_kind_is_enabled,
    policies_of_a_provider_that_is_deleted_are_refused_or_deleted,
];

const WRITERS: usize = 8;

/// Runs `call` in threads at the same time, with their numbers.
fn at_once<T: Send>(call: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let call = &call;
        let threads: Vec<_> =
            (0..WRITERS).map(|writer| scope.spawn(move || call(writer))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    })
}

/// Asserts that one call succeeded, and that the others were refused because of this field.
fn assert_one<T>(outcomes: Vec<Result<T>>, field: &str) {
    let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, WRITERS - 1));
    for refused in refused {
        assert_conflict(refused, field);
    }
}

fn one_of_concurrent_changes_of_a_version_is_made(store: &Store) {
    for version in 0..4 {
        assert_one(
            at_once(|writer| {
                let config =
                    format!(r#"{{"min_requests": {}}}"#, version * 100 + writer as i64 + 1);
                let new = policy(None, "p", PolicyKind::CircuitBreaker, &config);
                store.routing().put_policy(&new, Some(version))
            }),
            "expected_version",
        );
        assert_eq!(get(store, "p", None).expect("it exists").version, version + 1);
    }
}

fn one_of_concurrent_policies_of_a_kind_is_enabled(store: &Store) {
    assert_one(
        at_once(|writer| {
            let new = NewPolicy::new(format!("p{writer}"), PolicyKind::CircuitBreaker);
            store.routing().put_policy(&new, None)
        }),
        "kind",
    );
    assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 1);
}

fn policies_of_a_provider_that_is_deleted_are_refused_or_deleted(store: &Store) {
    for _ in 0..5 {
        create(store, "a", 0);
        at_once(|writer| {
            if writer == 0 {
                assert!(store.providers().delete_provider("a").expect("it is deleted"));
                return;
            }
            let name = format!("p{writer}");
            let new = policy(Some("a"), &name, PolicyKind::CircuitBreaker, "{}");
            let new = NewPolicy { enabled: false, ..new };
            if let Err(error) = store.routing().put_policy(&new, None) {
                assert_eq!(error.field(), Some("provider"), "{error}");
            }
        });
        assert_eq!(number(store, "SELECT COUNT(*) FROM chat_provider_policies"), 0);
    }
}
