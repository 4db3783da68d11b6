//! The tasks that a claim takes, and their order.

use chatkeep::{NewTask, TaskStatus, Timestamp};

use super::{claim, claim_many, empty, enqueue, enqueue_new, get, make_due};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, at};

on_every_engine![
    a_claimed_task_is_leased_to_its_worker,
    tasks_are_claimed_by_kind_priority_and_time,
    tasks_whose_time_has_not_come_are_not_claimed,
    kinds_are_compared_exactly,
    invalid_claims_name_their_fields,
];

fn a_claimed_task_is_leased_to_its_worker(store: &Store) {
    assert_eq!(claim(store, "k"), None);
    let id = enqueue(store, "k");
    let before = Timestamp::now();
    let claimed = store.tasks().claim_tasks(&["k".to_owned()], "é'w", 90, 1, 0);
    let claimed = claimed.expect("the call succeeds").remove(0);
    let task = &claimed.task;
    assert_eq!((&task.public_id, task.status, task.attempts), (&id, TaskStatus::Running, 1));
    assert_eq!(task.worker.as_deref(), Some("é'w"));
    let started = task.started_at.expect("it is started");
    assert!((before..=Timestamp::now()).contains(&started));
    let lease = task.lease_until.expect("a lease").as_microsecond() - started.as_microsecond();
    assert_eq!(lease, 90_000_000);
    assert_eq!(claimed.lease_token.len(), 32);
    assert_eq!(get(store, &id), *task);
    assert_eq!(claim(store, "k"), None);
}

fn tasks_are_claimed_by_kind_priority_and_time(store: &Store) {
    let new = |kind: &str, priority, minute: u32| {
        let time = at(&format!("2024-01-01T00:{minute:02}:00Z"));
        enqueue_new(store, &NewTask::new(kind, empty()).with_priority(priority).with_run_at(time))
    };
    let expected_b = [new("b", 5, 3), new("b", 5, 3)];
    let last = new("a", -7, 0);
    let second = new("a", 0, 2);
    let third = new("a", 0, 4);
    let first = new("a", 1_000, 9);
    new("c", 1_000, 0);
    let ids = |kinds: &[&str], limit| {
        let claimed = claim_many(store, kinds, limit).into_iter();
        claimed.map(|claimed| claimed.task.public_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["a"], 1), [first.as_str()]);
    // Kinds are taken in their order, and one that is repeated counts once.
    let rest = [&second, &third, &last, &expected_b[0]];
    assert_eq!(ids(&["a", "b", "a"], 4), rest.map(String::as_str));
    assert_eq!(ids(&["b", "a"], 100), [expected_b[1].as_str()]);
    assert_eq!(ids(&["a", "b"], 100), [""; 0]);
}

/// Tasks at high priorities whose time has not come do not delay the others.
fn tasks_whose_time_has_not_come_are_not_claimed(store: &Store) {
    for priority in [1_000, 10, 3] {
        enqueue_new(
            store,
            &NewTask::new("k", empty()).with_priority(priority).with_delay_seconds(3_600),
        );
    }
    assert_eq!(claim(store, "k"), None);
    let due: Vec<_> = [7, -5]
        .map(|priority| enqueue_new(store, &NewTask::new("k", empty()).with_priority(priority)))
        .into();
    let claimed = claim_many(store, &["none", "k"], 10);
    let claimed: Vec<_> = claimed.into_iter().map(|claimed| claimed.task.public_id).collect();
    assert_eq!(claimed, due);
    assert_eq!(claim(store, "k"), None);
    make_due(store);
    let priorities = claim_many(store, &["k"], 10).into_iter().map(|claimed| claimed.task.priority);
    assert_eq!(priorities.collect::<Vec<_>>(), [1_000, 10, 3]);
}

fn kinds_are_compared_exactly(store: &Store) {
    enqueue(store, "é");
    for other in ["É", "e\u{301}", "é ", "e", "%", "_"] {
        assert_eq!(claim(store, other), None, "{other:?}");
    }
    assert!(claim(store, "é").is_some());
}

fn invalid_claims_name_their_fields(store: &Store) {
    enqueue(store, "k");
    let kinds = |kinds: &[&str]| kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
    let one = kinds(&["k"]);
    let tasks = store.tasks();
    assert_rejected(tasks.claim_tasks(&[], "w", 60, 1, 0), "kinds");
    assert_rejected(tasks.claim_tasks(&vec!["k".to_owned(); 101], "w", 60, 1, 0), "kinds");
    let long = "é".repeat(101);
    for bad in ["", "a\0", &long] {
        assert_rejected(tasks.claim_tasks(&kinds(&["k", bad]), "w", 60, 1, 0), "kinds[1]");
    }
    let long = "é".repeat(256);
    for bad in ["", "a\0", &long] {
        assert_rejected(tasks.claim_tasks(&one, bad, 60, 1, 0), "worker");
    }
    for bad in [0, -1, 2_592_001, i64::MAX] {
        assert_rejected(tasks.claim_tasks(&one, "w", bad, 1, 0), "lease_seconds");
    }
    for bad in [0, -1, 101, i64::MAX] {
        assert_rejected(tasks.claim_tasks(&one, "w", 60, bad, 0), "limit");
    }
    assert!(claim(store, "k").is_some(), "it was not claimed");
}
