//! Workers that claim, finish and lose tasks at the same time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use chatkeep::{Chatkeep, ClaimedTask, ErrorKind, NewTask, TaskStatus};

use super::{claim, end_lease, enqueue, get, running, status};
use crate::every_engine::on_every_engine;
use crate::store::{Store, metadata, number};

on_every_engine![
    each_task_is_claimed_once_by_sixteen_workers,
    workers_that_vanish_leave_every_task_completed_once,
    one_of_several_ends_of_a_task_counts,
    cancellations_and_claims_never_lose_a_task,
];

const WORKERS: usize = 16;
const TASKS: usize = 400;

fn fill(store: &Store, attempts: i64) {
    let new: Vec<_> = (0..TASKS)
        .map(|number| {
            let kind = if number % 2 == 0 { "even" } else { "odd" };
            let new = NewTask::new(kind, metadata(&format!(r#"{{"n": {number}}}"#)));
            new.with_priority(number as i64 % 3).with_max_attempts(attempts)
        })
        .collect();
    store.tasks().enqueue_tasks(&new).expect("they are enqueued");
}

fn claim_some(chat: &Chatkeep, worker: usize, limit: i64) -> Vec<ClaimedTask> {
    let mut kinds = ["even", "odd"].map(str::to_owned);
    if worker.is_multiple_of(2) {
        kinds.reverse();
    }
    let claimed = chat.tasks().claim_tasks(&kinds, &format!("w-{worker}"), 3_600, limit, 0);
    claimed.expect("the call succeeds")
}

fn each_task_is_claimed_once_by_sixteen_workers(store: &Store) {
    fill(store, 3);
    let other = store.new_handle();
    let claimed: Vec<ClaimedTask> = thread::scope(|scope| {
        let work = |worker: usize| {
            let chat = if worker < WORKERS / 2 { &**store } else { &other };
            scope.spawn(move || {
                let mut all = Vec::new();
                let mut empty = 0;
                // Other workers may have claimed all tasks that a claim found.
                while empty < 3 {
                    let claimed = claim_some(chat, worker, 1 + worker as i64 % 4);
                    empty = if claimed.is_empty() { empty + 1 } else { 0 };
                    all.extend(claimed);
                }
                all
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
    });
    let mut ids: Vec<_> = claimed.iter().map(|claimed| &claimed.task.public_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((claimed.len(), ids.len()), (TASKS, TASKS), "each is claimed exactly once");
    assert!(claimed.iter().all(|claimed| claimed.task.attempts == 1));
    let running = "SELECT COUNT(*) FROM chat_tasks WHERE status = 'running' AND attempts = 1";
    assert_eq!(number(store, running), TASKS as i64);
}

/// Each worker vanishes with some of its tasks, whose leases end while others work.
fn workers_that_vanish_leave_every_task_completed_once(store: &Store) {
    fill(store, 1_000);
    let (completed, lost) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for worker in 0..8 {
            let (completed, lost) = (&completed, &lost);
            scope.spawn(move || {
                for round in 0_usize.. {
                    if completed.load(Ordering::SeqCst) == TASKS {
                        return;
                    }
                    for claimed in claim_some(store, worker, 5) {
                        let (id, token) = (&claimed.task.public_id, &claimed.lease_token);
                        if (round + worker).is_multiple_of(3) {
                            end_lease(store, id);
                        }
                        let result = Some(metadata(&format!(r#"{{"worker": {worker}}}"#)));
                        match store.tasks().complete_task(id, token, result) {
                            Ok(()) => completed.fetch_add(1, Ordering::SeqCst),
                            Err(error) => {
                                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                                assert_eq!(error.field(), Some("lease_token"), "{error}");
                                lost.fetch_add(1, Ordering::SeqCst)
                            }
                        };
                    }
                }
            });
        }
    });
    assert_eq!(completed.load(Ordering::SeqCst), TASKS, "each is completed exactly once");
    assert!(lost.load(Ordering::SeqCst) > 0);
    let counts = store.tasks().count_tasks().expect("the query succeeds");
    let mut all = counts.values().map(|counts| (counts.completed, counts.queued + counts.running));
    assert!(all.all(|counts| counts == (TASKS as i64 / 2, 0)), "{counts:?}");
}

fn one_of_several_ends_of_a_task_counts(store: &Store) {
    let other = store.new_handle();
    for round in 0..10 {
        let (id, token) = running(store, "k");
        let ends: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..6)
                .map(|number| {
                    let chat = if number % 2 == 0 { &**store } else { &other };
                    let (id, token) = (&id, &token);
                    scope.spawn(move || match (number + round) % 3 {
                        0 => chat.tasks().complete_task(id, token, None).map(|()| "completed"),
                        1 => {
                            let failed = chat.tasks().fail_task(id, token, "e", None, true);
                            failed.map(|task| task.status.name())
                        }
                        _ => {
                            let released = chat.tasks().release_task(id, token);
                            released.map(|task| task.status.name())
                        }
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        let done: Vec<_> = ends.iter().filter_map(|end| end.as_ref().ok()).collect();
        assert_eq!(done.len(), 1, "{ends:?}");
        assert_eq!(status(store, &id).name(), *done[0]);
        for error in ends.iter().filter_map(|end| end.as_ref().err()) {
            assert_eq!(error.field(), Some("lease_token"), "{error:?}");
        }
        if let Some(claimed) = claim(store, "k") {
            let (id, token) = (claimed.task.public_id, claimed.lease_token);
            store.tasks().complete_task(&id, &token, None).expect("it is completed");
        }
    }
}

fn cancellations_and_claims_never_lose_a_task(store: &Store) {
    let ids: Vec<_> = (0..60).map(|_| enqueue(store, "k")).collect();
    thread::scope(|scope| {
        for half in 0..2 {
            let ids = &ids;
            scope.spawn(move || {
                for id in ids.iter().skip(half).step_by(2) {
                    let cancelled = store.tasks().cancel_task(id).expect("the call succeeds");
                    assert!(cancelled.is_some());
                }
            });
        }
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(claimed) = claim(store, "k") {
                    let (id, token) = (&claimed.task.public_id, &claimed.lease_token);
                    // Afterwards it is either cancelled, or claimed again.
                    let released = store.tasks().release_task(id, token).expect("it is released");
                    let expected = [TaskStatus::Queued, TaskStatus::Cancelled];
                    assert!(expected.contains(&released.status), "{released:?}");
                }
            });
        }
    });
    let mut states = BTreeMap::new();
    for id in &ids {
        *states.entry(get(store, id).status).or_insert(0) += 1;
    }
    assert_eq!(states.into_iter().collect::<Vec<_>>(), [(TaskStatus::Cancelled, 60)]);
}
