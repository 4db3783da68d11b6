//! Ends of tasks: results, failures, cancellations, and tasks that are queued again.

use chatkeep::{NewTask, TaskStatus, Timestamp};

use super::{claim, empty, enqueue, enqueue_new, get, make_due, running, status};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, assert_rejected, metadata};

on_every_engine![
    a_completed_task_has_its_result,
    a_failed_attempt_is_retried_later_and_later,
    the_last_or_final_failure_is_the_end,
    a_queued_task_is_cancelled_at_once,
    a_running_task_is_cancelled_by_its_worker,
    an_ended_task_is_queued_again_by_a_retry,
    invalid_values_change_nothing,
];

fn a_completed_task_has_its_result(store: &Store) {
    let results = ["{}", r#"{"a": {"b": [1, 2.0, "é😀\r\n"]}, "n": 18446744073709551615}"#];
    for result in results.map(Some).into_iter().chain([None]) {
        let (id, token) = running(store, "k");
        let result = result.map(metadata);
        store.tasks().complete_task(&id, &token, result.clone()).expect("it is completed");
        let completed = get(store, &id);
        assert_eq!((completed.status, completed.result), (TaskStatus::Completed, result));
        assert!(completed.finished_at >= completed.started_at);
        assert_eq!((completed.lease_until, completed.worker.as_deref()), (None, Some("w")));
    }
}

fn a_failed_attempt_is_retried_later_and_later(store: &Store) {
    let id = enqueue_new(store, &NewTask::new("k", empty()).with_max_attempts(20));
    for (attempt, seconds) in [(1, 5), (2, 10), (3, 20)] {
        let claimed = claim(store, "k").expect("it is due");
        assert_eq!(claimed.task.attempts, attempt);
        let before = Timestamp::now().as_microsecond();
        let failed = store.tasks().fail_task(&id, &claimed.lease_token, "no answer", None, false);
        let failed = failed.expect("it is stored");
        assert_eq!(
            (failed.status, failed.error.as_deref()),
            (TaskStatus::Queued, Some("no answer"))
        );
        let delay = failed.run_at.as_microsecond() - before;
        assert!(
            (seconds * 1_000_000..seconds * 1_100_000 + 60_000_000).contains(&delay),
            "{delay}"
        );
        assert_eq!(get(store, &id), failed);
        assert_eq!(claim(store, "k"), None);
        make_due(store);
    }
    let claimed = claim(store, "k").expect("it is due");
    let token = &claimed.lease_token;
    let failed = store.tasks().fail_task(&id, token, "", Some(0), false).expect("it is stored");
    assert_eq!((failed.status, failed.error.as_deref()), (TaskStatus::Queued, Some("")));
    let claimed = claim(store, "k").expect("it is due at once");
    assert_eq!(claimed.task.error.as_deref(), Some(""), "a worker sees the last error");
}

fn the_last_or_final_failure_is_the_end(store: &Store) {
    for (max_attempts, is_final) in [(1, false), (3, true)] {
        let id = enqueue_new(store, &NewTask::new("k", empty()).with_max_attempts(max_attempts));
        let claimed = claim(store, "k").expect("it is due");
        let long = format!("{}é", "x".repeat((1 << 16) - 1));
        let failed = store.tasks().fail_task(&id, &claimed.lease_token, &long, None, is_final);
        let failed = failed.expect("it is stored");
        assert_eq!((failed.status, failed.attempts), (TaskStatus::Failed, 1));
        assert_eq!(failed.error.as_deref(), Some(&long[..(1 << 16) - 1]), "it is cut");
        assert!(failed.finished_at.is_some() && failed.lease_until.is_none());
        assert_eq!(claim(store, "k"), None);
    }
}

fn a_queued_task_is_cancelled_at_once(store: &Store) {
    let id = enqueue(store, "k");
    let cancel = || store.tasks().cancel_task(&id).expect("the call succeeds").expect("it exists");
    let cancelled = cancel();
    assert_eq!((cancelled.status, cancelled.cancel_requested_at), (TaskStatus::Cancelled, None));
    assert!(cancelled.finished_at.is_some());
    assert_eq!(cancel(), cancelled, "an end is final");
    assert_eq!(claim(store, "k"), None);
}

fn a_running_task_is_cancelled_by_its_worker(store: &Store) {
    let (id, token) = running(store, "k");
    let cancel = || store.tasks().cancel_task(&id).expect("the call succeeds").expect("it exists");
    let requested = cancel();
    assert_eq!(requested.status, TaskStatus::Running);
    assert!(requested.cancel_requested_at.is_some());
    assert_eq!(cancel(), requested, "the first request counts");
    assert!(store.tasks().heartbeat_task(&id, &token, 60).expect("it is extended"));
    let failed = store.tasks().fail_task(&id, &token, "stopped", Some(0), false);
    let failed = failed.expect("it is stored");
    assert_eq!((failed.status, failed.error.as_deref()), (TaskStatus::Cancelled, Some("stopped")));
    assert_eq!(cancel(), failed, "an end is final");

    // A worker that was done anyway completes it.
    let (id, token) = running(store, "k");
    store.tasks().cancel_task(&id).expect("the call succeeds");
    store.tasks().complete_task(&id, &token, Some(empty())).expect("it is completed");
    assert_eq!(status(store, &id), TaskStatus::Completed);
}

fn an_ended_task_is_queued_again_by_a_retry(store: &Store) {
    let tasks = store.tasks();
    let (failed, token) = running(store, "k");
    tasks.fail_task(&failed, &token, "e", None, true).expect("it has failed");
    let cancelled = enqueue(store, "k");
    tasks.cancel_task(&cancelled).expect("it is cancelled");
    for id in [&failed, &cancelled] {
        let before = Timestamp::now();
        let queued = tasks.retry_task(id).expect("it is queued").expect("it exists");
        assert_eq!((queued.status, queued.attempts), (TaskStatus::Queued, 0));
        assert!(queued.run_at >= before);
        assert_eq!((queued.error, queued.worker, queued.result), (None, None, None));
        assert_eq!((queued.started_at, queued.finished_at), (None, None));
        assert_conflict(tasks.retry_task(id), "task_id");
        let claimed = claim(store, "k").expect("it is due");
        assert_eq!((&claimed.task.public_id, claimed.task.attempts), (id, 1));
        assert_conflict(tasks.retry_task(id), "task_id");
        tasks.complete_task(id, &claimed.lease_token, None).expect("it is completed");
        let completed = tasks.retry_task(id).expect_err("it is completed");
        assert!(completed.message().contains("completed"), "{completed}");
    }
}

fn invalid_values_change_nothing(store: &Store) {
    let (id, token) = running(store, "k");
    let before = get(store, &id);
    let tasks = store.tasks();
    let large = metadata(&format!(r#"{{"a": "{}"}}"#, "x".repeat(1 << 20)));
    assert_rejected(tasks.complete_task(&id, &token, Some(large)), "result");
    assert_rejected(tasks.fail_task(&id, &token, "a\0", None, false), "error");
    for seconds in [-1, 315_360_001, i64::MAX] {
        let outcome = tasks.fail_task(&id, &token, "e", Some(seconds), false);
        assert_rejected(outcome, "retry_after_seconds");
    }
    assert_eq!(get(store, &id), before);
}
