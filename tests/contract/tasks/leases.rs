//! Leases: their extension, their end, and workers that lost them.

use chatkeep::{NewTask, TaskStatus, Timestamp};

use super::{
    NO_TOKEN, assert_lost, claim, claim_many, create_ada, empty, end_all_leases, end_lease,
    enqueue, enqueue_new, get, running, status,
};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_rejected, metadata};

on_every_engine![
    a_heartbeat_extends_the_lease,
    a_task_whose_lease_ended_is_claimed_again_and_lost_to_its_worker,
    a_task_without_further_attempts_fails_when_its_lease_ends,
    ended_leases_of_any_kind_are_ended_by_a_claim,
    a_released_attempt_does_not_count,
    only_the_token_of_the_lease_is_accepted,
    a_task_of_an_erased_user_is_lost_to_its_worker,
];

fn a_heartbeat_extends_the_lease(store: &Store) {
    let (id, token) = running(store, "k");
    let before = Timestamp::now().as_microsecond();
    let cancelled = store.tasks().heartbeat_task(&id, &token, 7_200).expect("it is extended");
    assert!(!cancelled);
    let left = get(store, &id).lease_until.expect("a lease").as_microsecond() - before;
    assert!((7_200_000_000..7_300_000_000).contains(&left), "{left}");
    // It can be shortened, too.
    store.tasks().heartbeat_task(&id, &token, 60).expect("it is shortened");
    let left = get(store, &id).lease_until.expect("a lease").as_microsecond() - before;
    assert!(left < 160_000_000, "{left}");
    for seconds in [0, -1, 2_592_001] {
        let outcome = store.tasks().heartbeat_task(&id, &token, seconds);
        assert_rejected(outcome, "lease_seconds");
    }
}

fn assert_all_lost(store: &Store, id: &str, token: &str) {
    let tasks = store.tasks();
    assert_lost(tasks.heartbeat_task(id, token, 60));
    assert_lost(tasks.complete_task(id, token, Some(metadata(r#"{"late": true}"#))));
    assert_lost(tasks.fail_task(id, token, "late", None, true));
    assert_lost(tasks.release_task(id, token));
}

fn a_task_whose_lease_ended_is_claimed_again_and_lost_to_its_worker(store: &Store) {
    let (id, first) = running(store, "k");
    end_lease(store, &id);
    let ended = get(store, &id);
    assert_all_lost(store, &id, &first);
    assert_eq!(get(store, &id), ended, "nothing was changed");
    let claimed = claim(store, "k").expect("it is claimed again");
    assert_eq!((&claimed.task.public_id, claimed.task.attempts), (&id, 2));
    assert_ne!(claimed.lease_token, first);
    let error = claimed.task.error.as_deref().expect("the reason");
    assert!(error.contains("lease ended"), "{error}");
    assert_all_lost(store, &id, &first);
    assert_eq!(get(store, &id), claimed.task, "nothing was changed");
    let result = metadata(r#"{"n": 1}"#);
    store
        .tasks()
        .complete_task(&id, &claimed.lease_token, Some(result.clone()))
        .expect("it has the lease");
    let completed = get(store, &id);
    assert_eq!(
        (completed.status, completed.result.as_ref()),
        (TaskStatus::Completed, Some(&result))
    );
    assert_eq!((completed.error.as_deref(), completed.lease_until), (None, None));
    for token in [&first, &claimed.lease_token] {
        assert_all_lost(store, &id, token);
    }
    assert_eq!(get(store, &id), completed, "an end is final");
}

fn a_task_without_further_attempts_fails_when_its_lease_ends(store: &Store) {
    let id = enqueue_new(store, &NewTask::new("k", empty()).with_max_attempts(2));
    for attempt in 1..=2 {
        let claimed = claim(store, "k").expect("it is due");
        assert_eq!(claimed.task.attempts, attempt);
        end_lease(store, &id);
    }
    assert_eq!(claim(store, "k"), None);
    let failed = get(store, &id);
    assert_eq!((failed.status, failed.attempts), (TaskStatus::Failed, 2));
    assert!(failed.error.as_deref().is_some_and(|error| error.contains("lease ended")));
    assert!(failed.finished_at.is_some() && failed.lease_until.is_none());
}

fn ended_leases_of_any_kind_are_ended_by_a_claim(store: &Store) {
    let (id, _) = running(store, "other");
    let (cancelled, _) = running(store, "cancelled");
    let requested = store.tasks().cancel_task(&cancelled).expect("the call succeeds");
    assert_eq!(requested.expect("it exists").status, TaskStatus::Running);
    end_lease(store, &id);
    end_lease(store, &cancelled);
    assert_eq!(claim(store, "k"), None);
    assert_eq!(status(store, &id), TaskStatus::Queued);
    assert_eq!(status(store, &cancelled), TaskStatus::Cancelled, "it is not run again");
    // Many of them, in several claims.
    for _ in 0..120 {
        enqueue(store, "many");
    }
    let first = claim_many(store, &["many"], 100).len() + claim_many(store, &["many"], 100).len();
    assert_eq!(first, 120);
    end_all_leases(store);
    let mut again = 0;
    loop {
        let claimed = claim_many(store, &["many"], 100);
        if claimed.is_empty() {
            break;
        }
        assert!(claimed.iter().all(|claimed| claimed.task.attempts == 2));
        again += claimed.len();
    }
    assert_eq!(again, 120);
}

fn a_released_attempt_does_not_count(store: &Store) {
    let id = enqueue_new(store, &NewTask::new("k", empty()).with_max_attempts(1));
    for _ in 0..3 {
        let claimed = claim(store, "k").expect("it is due");
        assert_eq!(claimed.task.attempts, 1);
        let released = store.tasks().release_task(&id, &claimed.lease_token);
        let released = released.expect("it is released");
        assert_eq!((released.status, released.attempts), (TaskStatus::Queued, 0));
        assert_eq!((released.run_at, released.lease_until), (claimed.task.run_at, None));
        assert_all_lost(store, &id, &claimed.lease_token);
    }
    let claimed = claim(store, "k").expect("it is due");
    store.tasks().cancel_task(&id).expect("the call succeeds");
    let released = store.tasks().release_task(&id, &claimed.lease_token);
    assert_eq!(released.expect("it is released").status, TaskStatus::Cancelled);
}

fn only_the_token_of_the_lease_is_accepted(store: &Store) {
    let (id, token) = running(store, "k");
    let (other, other_token) = running(store, "k");
    let before = get(store, &id);
    assert_all_lost(store, &id, NO_TOKEN);
    assert_all_lost(store, &id, &other_token);
    assert_all_lost(store, &enqueue(store, "queued"), &token);
    let tasks = store.tasks();
    for unknown in ["none", "", "a\0", "'; --", &"x".repeat(100)] {
        assert_all_lost(store, unknown, &token);
        assert_eq!(tasks.get_task(unknown).expect("the query succeeds"), None);
        assert_eq!(tasks.cancel_task(unknown).expect("the query succeeds"), None);
        assert_eq!(tasks.retry_task(unknown).expect("the query succeeds"), None);
    }
    for malformed in ["", "x", "a\0", &token.to_uppercase().replace(char::is_numeric, "A")] {
        assert_rejected(tasks.heartbeat_task(&id, malformed, 60), "lease_token");
        assert_rejected(tasks.complete_task(&id, malformed, None), "lease_token");
        assert_rejected(tasks.fail_task(&id, malformed, "e", None, false), "lease_token");
        assert_rejected(tasks.release_task(&id, malformed), "lease_token");
    }
    assert_eq!(get(store, &id), before);
    tasks.complete_task(&id, &token, None).expect("it has the lease");
    assert_eq!(status(store, &other), TaskStatus::Running);
}

fn a_task_of_an_erased_user_is_lost_to_its_worker(store: &Store) {
    create_ada(store);
    let id = enqueue_new(store, &NewTask::new("k", empty()).with_user_id("ada"));
    let claimed = claim(store, "k").expect("it is due");
    assert_eq!(claimed.task.user_id.as_deref(), Some("ada"));
    store.users().erase_user("ada").expect("the erasure succeeds").expect("the user exists");
    assert_all_lost(store, &id, &claimed.lease_token);
    assert_eq!(store.tasks().get_task(&id).expect("the query succeeds"), None);
}
