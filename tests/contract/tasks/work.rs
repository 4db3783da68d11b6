//! The loop of a worker.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use chatkeep::{ErrorKind, NewTask, RunningTask, TaskStatus};

use super::{claim, empty, end_lease, enqueue, enqueue_new, get, status};
use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_conflict, metadata};

on_every_engine![
    a_worker_runs_tasks_until_it_is_stopped,
    dropped_tasks_are_released_and_panics_fail_them,
    a_worker_has_a_limited_number_of_tasks,
    a_task_outlasts_its_lease_and_notices_its_loss,
    workers_share_the_tasks,
    a_worker_ends_with_an_invalid_argument_or_a_closed_store,
];

fn next(work: &mut chatkeep::Work) -> RunningTask {
    work.next().expect("it is not stopped").expect("the claim succeeds")
}

fn a_worker_runs_tasks_until_it_is_stopped(store: &Store) {
    let (first, second, third) = (enqueue(store, "a"), enqueue(store, "b"), enqueue(store, "a"));
    let input = metadata(r#"{"n": 1}"#);
    let new = NewTask::new("b", input.clone()).with_priority(-1).with_max_attempts(1);
    let fourth = enqueue_new(store, &new);
    let mut work = store.tasks().work(["a", "b"]).worker("é'w");
    let stop = work.stop_handle();
    let mut task = next(&mut work);
    assert_eq!((task.id(), task.task().worker.as_deref()), (first.as_str(), Some("é'w")));
    assert!(!task.is_cancelled());
    let result = metadata(r#"{"words": 3}"#);
    task.complete(Some(result.clone())).expect("it has the lease");
    assert_eq!(get(store, &first).result, Some(result));
    assert!(task.is_cancelled(), "it has ended");
    assert_conflict(task.complete(None), "lease_token");
    drop(task);
    let mut task = next(&mut work);
    assert_eq!(task.id(), third);
    assert_eq!(task.fail("no answer").expect("it has the lease").status, TaskStatus::Queued);
    let mut task = next(&mut work);
    assert_eq!(task.id(), second);
    let failed = task.fail_with("useless", None, true).expect("it has the lease");
    assert_eq!((failed.status, failed.error.as_deref()), (TaskStatus::Failed, Some("useless")));
    let mut task = next(&mut work);
    assert_eq!((task.id(), &task.task().input), (fourth.as_str(), &input));
    stop.stop();
    assert!(work.next().is_none());
    assert!(work.next().is_none());
    task.complete(None).expect("a task that was returned can be finished");
    // The wait for a task ends, too.
    let mut work = store.tasks().work(["none"]);
    let stop = work.stop_handle();
    let waiting = thread::spawn(move || work.next().is_none());
    sleep(Duration::from_millis(300));
    let start = Instant::now();
    stop.stop();
    assert!(waiting.join().expect("no panic"));
    assert!(start.elapsed() < Duration::from_secs(5));
}

fn dropped_tasks_are_released_and_panics_fail_them(store: &Store) {
    let id = enqueue(store, "k");
    let mut work = store.tasks().work(["k"]).lease_seconds(3_600);
    for _ in 0..3 {
        let task = next(&mut work);
        assert_eq!(task.task().attempts, 1, "released attempts do not count");
        drop(task);
        assert_eq!(status(store, &id), TaskStatus::Queued);
    }
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _task = next(&mut work);
        panic!("a panic of the worker");
    }));
    assert!(panicked.is_err());
    let task = get(store, &id);
    assert_eq!((task.status, task.attempts), (TaskStatus::Queued, 1));
    assert_eq!(task.error.as_deref(), Some("the worker panicked"));
}

fn a_worker_has_a_limited_number_of_tasks(store: &Store) {
    for _ in 0..4 {
        enqueue(store, "k");
    }
    let mut work = store.tasks().work(["k"]).concurrency(2);
    let (first, mut second) = (next(&mut work), next(&mut work));
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || {
        let task = next(&mut work);
        sender.send(task.id().to_owned()).expect("it is received");
        (work, task)
    });
    assert!(receiver.recv_timeout(Duration::from_millis(500)).is_err(), "both slots are in use");
    second.complete(None).expect("it has the lease");
    let third = receiver.recv_timeout(Duration::from_secs(20)).expect("a slot is free");
    assert_eq!(status(store, &third), TaskStatus::Running);
    let (mut work, third) = worker.join().expect("no panic");
    drop((first, second, third));
    let [mut first, mut second] = [(); 2].map(|()| next(&mut work));
    first.complete(None).expect("it has the lease");
    second.complete(None).expect("it has the lease");
}

fn a_task_outlasts_its_lease_and_notices_its_loss(store: &Store) {
    let id = enqueue(store, "k");
    let mut work = store.tasks().work(["k"]).lease_seconds(2);
    let mut task = next(&mut work);
    sleep(Duration::from_secs(6));
    assert!(!task.is_cancelled());
    assert_eq!(claim(store, "k"), None);
    end_lease(store, &id);
    let end = Instant::now() + Duration::from_secs(20);
    while !task.is_cancelled() {
        assert!(Instant::now() < end, "the loss is not noticed");
        sleep(Duration::from_millis(20));
    }
    let other = claim(store, "k").expect("it is queued again");
    assert_conflict(task.complete(None), "lease_token");
    drop(task);
    assert_eq!(get(store, &id).attempts, 2, "a lost task is not released");
    store.tasks().complete_task(&id, &other.lease_token, None).expect("it has the lease");
}

fn workers_share_the_tasks(store: &Store) {
    let tasks: Vec<_> = (0..60).map(|_| NewTask::new("k", empty())).collect();
    store.tasks().enqueue_tasks(&tasks).expect("they are enqueued");
    let other = store.new_handle();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        let mut stops = Vec::new();
        for worker in 0..6 {
            let chat = if worker % 2 == 0 { &**store } else { &other };
            let work = chat.tasks().work(["k"]);
            stops.push(work.stop_handle());
            let sender = sender.clone();
            scope.spawn(move || {
                for task in work {
                    let mut task = match task {
                        Ok(task) => task,
                        // Nodes of a cluster may not agree in time.
                        Err(error) => {
                            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                            continue;
                        }
                    };
                    task.complete(None).expect("it has the lease");
                    sender.send(task.id().to_owned()).expect("it is received");
                }
            });
        }
        let received = || receiver.recv_timeout(Duration::from_secs(60)).expect("it is done");
        let mut done: Vec<_> = (0..60).map(|_| received()).collect();
        stops.iter().for_each(chatkeep::WorkStopHandle::stop);
        done.sort_unstable();
        done.dedup();
        assert_eq!(done.len(), 60, "each is completed once");
    });
    assert!(receiver.try_recv().is_err());
}

fn a_worker_ends_with_an_invalid_argument_or_a_closed_store(store: &Store) {
    for (work, field) in [
        (store.tasks().work([""]), "kinds[0]"),
        (store.tasks().work(Vec::<String>::new()), "kinds"),
        (store.tasks().work(["k"]).worker(""), "worker"),
        (store.tasks().work(["k"]).lease_seconds(0), "lease_seconds"),
    ] {
        let mut work = work.concurrency(0);
        let error = work.next().expect("an error").expect_err("it is invalid");
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some(field)));
        assert!(work.next().is_none());
    }
    let other = store.new_handle();
    let mut work = other.tasks().work(["k"]);
    let waiting = thread::spawn(move || work.by_ref().next().is_none());
    sleep(Duration::from_millis(300));
    other.close(Duration::from_secs(20)).expect("it is closed");
    assert!(waiting.join().expect("no panic"), "it ends without an error");
    let mut work = other.tasks().work(["k"]);
    let error = work.next().expect("an error").expect_err("it is closed");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert!(work.next().is_none());
}
