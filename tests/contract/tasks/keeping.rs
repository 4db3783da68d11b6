//! Leases that are renewed in the background, and claims that wait.

use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, ErrorKind, LeaseState, NewTask, TaskStatus};

use super::{NO_TOKEN, claim, claim_many, empty, end_lease, enqueue, get, running, status};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, metadata};

on_every_engine![
    kept_leases_outlast_their_duration,
    leases_that_are_not_kept_end,
    lost_leases_and_cancellations_are_noticed,
    ended_tasks_are_not_kept,
    kept_tasks_are_released_together,
    closed_and_dropped_stores_release_their_tasks,
    arguments_of_kept_leases_are_checked,
    waiting_claims_return_tasks_of_this_process_at_once,
    waiting_claims_return_tasks_of_other_processes,
    waiting_claims_end,
    each_of_several_waiting_claims_gets_a_task,
];

/// The shortest lease with time for renewals on a busy computer.
const LEASE: i64 = 2;

fn claim_short(chat: &Chatkeep, kind: &str) -> (String, String) {
    let claimed = chat.tasks().claim_tasks(&[kind.to_owned()], "w", LEASE, 1, 0);
    let claimed = claimed.expect("the call succeeds").pop().expect("a task is due");
    (claimed.task.public_id, claimed.lease_token)
}

/// Claims a new task, and keeps its lease.
fn kept(store: &Store) -> (String, String) {
    enqueue(store, "k");
    let (id, token) = claim_short(store, "k");
    store.tasks().keep_lease(&id, &token, LEASE).expect("it is kept");
    (id, token)
}

fn state(chat: &Chatkeep, id: &str, token: &str) -> LeaseState {
    chat.tasks().get_lease_state(id, token).expect("the token is well-formed")
}

#[track_caller]
fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < end, "waited 20 s: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn kept_leases_outlast_their_duration(store: &Store) {
    let leases: Vec<_> = (0..3).map(|_| kept(store)).collect();
    let end = Instant::now() + Duration::from_secs(3 * LEASE.unsigned_abs());
    while Instant::now() < end {
        assert_eq!(claim(store, "k"), None, "the leases have not ended");
        sleep(Duration::from_millis(200));
    }
    for (id, token) in leases {
        assert_eq!(state(store, &id, &token), LeaseState::Held);
        let task = get(store, &id);
        assert_eq!((task.status, task.attempts), (TaskStatus::Running, 1));
        store.tasks().complete_task(&id, &token, None).expect("it has the lease");
    }
}

fn leases_that_are_not_kept_end(store: &Store) {
    enqueue(store, "k");
    let (id, token) = claim_short(store, "k");
    assert_eq!(state(store, &id, &token), LeaseState::Lost, "it is not kept");
    wait_for("the lease ends", || claim(store, "k").is_some());
    assert_eq!(get(store, &id).attempts, 2);
}

fn lost_leases_and_cancellations_are_noticed(store: &Store) {
    let (lost, other, own) = (kept(store), kept(store), kept(store));
    end_lease(store, &lost.0);
    wait_for("the lease is lost", || state(store, &lost.0, &lost.1) == LeaseState::Lost);
    let claimed = claim(store, "k").expect("it is queued again");
    assert_eq!(claimed.task.public_id, lost.0);
    let error = store.tasks().complete_task(&lost.0, &lost.1, None);
    assert_conflict(error, "lease_token");

    // A cancellation by this process is known at once.
    store.tasks().cancel_task(&own.0).expect("the call succeeds");
    assert_eq!(state(store, &own.0, &own.1), LeaseState::CancelRequested);
    let process = store.new_handle();
    process.tasks().cancel_task(&other.0).expect("the call succeeds");
    let is_requested = || state(store, &other.0, &other.1) == LeaseState::CancelRequested;
    wait_for("the cancellation is noticed", is_requested);
    sleep(Duration::from_secs(LEASE.unsigned_abs() + 1));
    for (id, token) in [own, other] {
        assert_eq!(state(store, &id, &token), LeaseState::CancelRequested, "it is still kept");
        let failed = store.tasks().fail_task(&id, &token, "stopped", None, false);
        assert_eq!(failed.expect("it has the lease").status, TaskStatus::Cancelled);
        assert_eq!(state(store, &id, &token), LeaseState::Lost);
    }
}

fn ended_tasks_are_not_kept(store: &Store) {
    let tasks = store.tasks();
    let (id, token) = kept(store);
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(1 << 20)));
    assert_rejected(tasks.complete_task(&id, &token, Some(large)), "result");
    assert_eq!(state(store, &id, &token), LeaseState::Held, "the task has not ended");
    tasks.complete_task(&id, &token, None).expect("it has the lease");
    let (failed, failed_token) = kept(store);
    tasks.fail_task(&failed, &failed_token, "e", None, true).expect("it has the lease");
    let (released, released_token) = kept(store);
    tasks.release_task(&released, &released_token).expect("it has the lease");
    // A conflict ends it for the worker, too.
    let again = claim(store, "k").expect("it was released");
    tasks.keep_lease(&released, &again.lease_token, 3_600).expect("it is kept");
    end_lease(store, &released);
    assert_conflict(tasks.complete_task(&released, &again.lease_token, None), "lease_token");
    for (id, token) in [
        (&id, &token),
        (&failed, &failed_token),
        (&released, &released_token),
        (&released, &again.lease_token),
    ] {
        assert_eq!(state(store, id, token), LeaseState::Lost);
    }
    assert_eq!(tasks.release_kept_tasks().expect("the call succeeds"), 0);
}

fn kept_tasks_are_released_together(store: &Store) {
    let other = store.new_handle();
    let kept_here: Vec<_> = (0..5).map(|_| kept(store)).collect();
    let (not_kept, token) = running(store, "k");
    end_lease(store, &kept_here[0].0);
    store.tasks().cancel_task(&kept_here[1].0).expect("the call succeeds");
    assert_eq!(other.tasks().release_kept_tasks().expect("the call succeeds"), 0);
    assert_eq!(store.tasks().release_kept_tasks().expect("the call succeeds"), 4);
    assert_eq!(status(store, &kept_here[1].0), TaskStatus::Cancelled);
    for (id, token) in &kept_here[2..] {
        let task = get(store, id);
        assert_eq!((task.status, task.attempts), (TaskStatus::Queued, 0));
        assert_eq!(state(store, id, token), LeaseState::Lost);
    }
    store.tasks().complete_task(&not_kept, &token, None).expect("it is not released");
    assert_eq!(store.tasks().release_kept_tasks().expect("the call succeeds"), 0);
}

fn closed_and_dropped_stores_release_their_tasks(store: &Store) {
    for close in [true, false] {
        let id = enqueue(store, "k");
        let other = store.new_handle();
        let (claimed, token) = claim_short(&other, "k");
        assert_eq!(claimed, id);
        other.tasks().keep_lease(&id, &token, 3_600).expect("it is kept");
        if close {
            other.close(Duration::from_secs(20)).expect("it is closed");
            assert_eq!(status(store, &id), TaskStatus::Queued);
            let error = other.tasks().keep_lease(&id, &token, 60).expect_err("it is closed");
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        }
        drop(other);
        wait_for("the task is released", || status(store, &id) == TaskStatus::Queued);
        let claimed = claim(store, "k").expect("it is due");
        assert_eq!(claimed.task.attempts, 1, "the attempt does not count");
    }
}

fn arguments_of_kept_leases_are_checked(store: &Store) {
    let tasks = store.tasks();
    for seconds in [0, -1, 2_592_001, i64::MAX] {
        assert_rejected(tasks.keep_lease("id", NO_TOKEN, seconds), "lease_seconds");
    }
    for malformed in ["", "x", "a\0", &"A".repeat(32)] {
        assert_rejected(tasks.keep_lease("id", malformed, 60), "lease_token");
        assert_rejected(tasks.get_lease_state("id", malformed), "lease_token");
    }
    for seconds in [-1, 301, i64::MIN, i64::MAX] {
        let claimed = tasks.claim_tasks(&["k".to_owned()], "w", 60, 1, seconds);
        assert_rejected(claimed, "wait_seconds");
    }
    // A task that does not exist is lost at the first renewal.
    for id in ["none", "", "a\0", "'; --", &"é".repeat(100)] {
        tasks.keep_lease(id, NO_TOKEN, 1).expect("it is kept");
        wait_for("it is lost", || state(store, id, NO_TOKEN) == LeaseState::Lost);
    }
    assert_eq!(tasks.release_kept_tasks().expect("the call succeeds"), 0);
}

/// Starts a claim that waits, and returns the channel of its result and duration.
fn waiting_claim(chat: &Chatkeep, wait: i64) -> mpsc::Receiver<(Vec<String>, Instant)> {
    let (sender, receiver) = mpsc::channel();
    let chat = chat.clone();
    thread::spawn(move || {
        let kinds = ["other".to_owned(), "k".to_owned()];
        let claimed = chat.tasks().claim_tasks(&kinds, "w", 3_600, 1, wait);
        let claimed = claimed.expect("the call succeeds");
        let ids = claimed.into_iter().map(|claimed| claimed.task.public_id).collect();
        let _ = sender.send((ids, Instant::now()));
    });
    receiver
}

const WITHIN: Duration = Duration::from_secs(30);

fn waiting_claims_return_tasks_of_this_process_at_once(store: &Store) {
    let mut fastest = Duration::MAX;
    for _ in 0..3 {
        let waiting = waiting_claim(store, 60);
        // Longer than the first intervals.
        sleep(Duration::from_millis(1_500));
        let start = Instant::now();
        let id = enqueue(store, "k");
        let (ids, end) = waiting.recv_timeout(WITHIN).expect("it returns");
        assert_eq!(ids, [id]);
        fastest = fastest.min(end - start);
    }
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
    // A task that is given back, retried or repeated at once, too.
    let waiting = waiting_claim(store, 60);
    sleep(Duration::from_millis(1_500));
    let (id, token) = running(store, "elsewhere");
    assert!(waiting.try_recv().is_err(), "it is of another kind");
    store.tasks().release_task(&id, &token).expect("it is released");
    assert!(waiting.try_recv().is_err(), "it is of another kind");
    let id = enqueue(store, "k");
    assert_eq!(waiting.recv_timeout(WITHIN).expect("it returns").0, [id]);
}

fn waiting_claims_return_tasks_of_other_processes(store: &Store) {
    let other = store.new_handle();
    let waiting = waiting_claim(store, 60);
    sleep(Duration::from_millis(1_500));
    let start = Instant::now();
    let new = NewTask::new("k", empty());
    let id = other.tasks().enqueue_task(&new).expect("it is enqueued").public_id;
    let (ids, end) = waiting.recv_timeout(WITHIN).expect("it returns");
    assert_eq!(ids, [id]);
    assert!(end - start < Duration::from_secs(5), "{:?}", end - start);
}

fn waiting_claims_end(store: &Store) {
    let start = Instant::now();
    let waiting = waiting_claim(store, 1);
    let (ids, end) = waiting.recv_timeout(WITHIN).expect("it returns");
    assert!(ids.is_empty());
    assert!(end - start >= Duration::from_secs(1));
    // A delayed task is found when it is due.
    let waiting = waiting_claim(store, 60);
    let new = NewTask::new("k", empty()).with_delay_seconds(1);
    let id = store.tasks().enqueue_task(&new).expect("it is enqueued").public_id;
    assert_eq!(waiting.recv_timeout(WITHIN).expect("it returns").0, [id]);
    // A closed store ends it.
    let other = store.new_handle();
    let waiting = waiting_claim(&other, 300);
    sleep(Duration::from_millis(300));
    other.close(Duration::from_secs(20)).expect("it is closed");
    let (ids, _) = waiting.recv_timeout(WITHIN).expect("it returns");
    assert!(ids.is_empty());
    let error = other.tasks().claim_tasks(&["k".to_owned()], "w", 60, 1, 300);
    assert_eq!(error.expect_err("it is closed").kind(), ErrorKind::Unavailable);
}

fn each_of_several_waiting_claims_gets_a_task(store: &Store) {
    let waiting: Vec<_> = (0..6).map(|_| waiting_claim(store, 60)).collect();
    sleep(Duration::from_millis(500));
    let new: Vec<_> = (0..4).map(|_| NewTask::new("k", empty())).collect();
    let tasks = store.tasks().enqueue_tasks(&new).expect("they are enqueued");
    let mut expected: Vec<_> = tasks.into_iter().map(|task| task.public_id).collect();
    expected.extend((0..2).map(|_| enqueue(store, "k")));
    let mut claimed: Vec<_> = waiting
        .iter()
        .flat_map(|waiting| waiting.recv_timeout(WITHIN).expect("it returns").0)
        .collect();
    expected.sort_unstable();
    claimed.sort_unstable();
    assert_eq!(claimed, expected);
    assert!(claim_many(store, &["k"], 10).is_empty());
}
