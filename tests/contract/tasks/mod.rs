//! Tests of tasks.

mod claiming;
mod concurrency;
mod enqueueing;
mod keeping;
mod leases;
mod lists;
mod model;
mod plan;
mod results;
mod work;

use chatkeep::{ClaimedTask, Metadata, NewTask, NewUser, Result, Task, TaskStatus};

use crate::store::{Store, assert_conflict, metadata};

const PAST: &str = "2020-01-01 00:00:00.000000";

/// A token that no lease has.
const NO_TOKEN: &str = "00000000000000000000000000000000";

fn empty() -> Metadata {
    metadata("{}")
}

/// Creates the user `ada`.
fn create_ada(store: &Store) {
    let user = NewUser { public_id: Some("ada".to_owned()), ..NewUser::with_email("ada@x.org") };
    store.users().create_user(&user).expect("the user is created");
}

fn enqueue(store: &Store, kind: &str) -> String {
    enqueue_new(store, &NewTask::new(kind, empty()))
}

fn enqueue_new(store: &Store, new: &NewTask) -> String {
    store.tasks().enqueue_task(new).expect("it is enqueued").public_id
}

fn claim_many(store: &Store, kinds: &[&str], limit: i64) -> Vec<ClaimedTask> {
    let kinds: Vec<_> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    store.tasks().claim_tasks(&kinds, "w", 3_600, limit, 0).expect("the call succeeds")
}

fn claim(store: &Store, kind: &str) -> Option<ClaimedTask> {
    claim_many(store, &[kind], 1).pop()
}

/// Enqueues and claims a task, and returns its id and the token of its lease.
fn running(store: &Store, kind: &str) -> (String, String) {
    let id = enqueue(store, kind);
    let ClaimedTask { task, lease_token, .. } = claim(store, kind).expect("a task is due");
    assert_eq!(task.public_id, id);
    (id, lease_token)
}

fn get(store: &Store, id: &str) -> Task {
    store.tasks().get_task(id).expect("the query succeeds").expect("the task exists")
}

fn status(store: &Store, id: &str) -> TaskStatus {
    get(store, id).status
}

/// Sets the end of the task's lease to a time in the past.
fn end_lease(store: &Store, id: &str) {
    let sql = format!("UPDATE chat_tasks SET lease_until = '{PAST}' WHERE public_id = '{id}'");
    store.raw.execute(&sql);
}

/// Sets the ends of all leases to a time in the past.
fn end_all_leases(store: &Store) {
    let sql = format!("UPDATE chat_tasks SET lease_until = '{PAST}' WHERE status = 'running'");
    store.raw.execute(&sql);
}

/// Makes all tasks due.
fn make_due(store: &Store) {
    store.raw.execute(&format!("UPDATE chat_tasks SET run_at = '{PAST}'"));
}

/// Asserts that a call was refused because the worker does not have the task.
#[track_caller]
fn assert_lost<T>(outcome: Result<T>) {
    assert_conflict(outcome, "lease_token");
}
