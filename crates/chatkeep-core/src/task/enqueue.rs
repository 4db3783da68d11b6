//! Enqueueing tasks. A key enqueues a task once.

use std::collections::HashMap;

use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::new::NewTask;
use super::record::{Task, TaskStatus};
use super::rows::{StoredTask, chat_tasks, records};
use crate::connection::{Connection, insert_many, on_engine};
use crate::db_error::constraint::{explain_duplicate, is_reference};
use crate::error::{Error, ErrorKind, Result};
use crate::public_ids::{find_user, no_user};
use crate::value::{Metadata, Timestamp, public_id};

/// Maximum number of keys in one query.
const MAX_KEYS: usize = 500;

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = chat_tasks)]
#[diesel(treat_none_as_default_value = false)]
struct NewRow<'a> {
    public_id: &'a str,
    user_id: Option<i64>,
    kind: &'a str,
    input: &'a Metadata,
    status: &'a str,
    priority: i32,
    run_at: Timestamp,
    attempts: i32,
    max_attempts: i32,
    idempotency_key: Option<&'a str>,
    created_at: Timestamp,
}

/// Enqueues a task, and returns it. If a task has its idempotency key, that task is returned.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict` with the field `idempotency_key`, not
/// retryable, when a task with the key has another kind, input or user; `OutcomeUnknown` or another
/// error of the database.
pub fn enqueue(connection: &mut Connection, new: &NewTask) -> Result<Task> {
    let mut tasks = store(connection, std::slice::from_ref(new), |_, error| error)?;
    tasks.pop().ok_or_else(|| Error::internal("an enqueued task has no record"))
}

/// Enqueues tasks, all or none, as [`enqueue`] does, and returns them in their order.
///
/// # Errors
/// As for one task; the field has the index of the task (`tasks[3].kind`).
pub fn enqueue_many(connection: &mut Connection, new: &[NewTask]) -> Result<Vec<Task>> {
    store(connection, new, |index, error| match error.field() {
        Some(field) => {
            let field = format!("tasks[{index}].{field}");
            error.with_field(field)
        }
        None => error,
    })
}

/// Stores tasks. `at` adds the index of a task to an error about it.
fn store(
    connection: &mut Connection,
    new: &[NewTask],
    at: impl Fn(usize, Error) -> Error,
) -> Result<Vec<Task>> {
    for (index, task) in new.iter().enumerate() {
        let check = task.check();
        check
            .and_then(|()| connection.check_bytes("input", task.input.as_json()))
            .map_err(|error| at(index, error))?;
    }
    let users = users(connection, new, &at)?;
    let mut with_key = with_keys(connection, new)?;
    let now = Timestamp::now();
    let mut tasks = Vec::with_capacity(new.len());
    // Positions of those that do not exist yet.
    let mut created = Vec::new();
    for (index, task) in new.iter().enumerate() {
        let key = task.idempotency_key.as_deref();
        if let Some(existing) = key.and_then(|key| with_key.get(key)) {
            check_same(existing, task).map_err(|error| at(index, error))?;
            tasks.push(existing.clone());
            continue;
        }
        let record = record(task, now)?;
        if let Some(key) = key {
            with_key.insert(key, record.clone());
        }
        created.push(index);
        tasks.push(record);
    }
    let user = |task: &Task| task.user_id.as_deref().and_then(|id| users.get(id).copied());
    let rows: Vec<_> =
        created.into_iter().map(|index| row(&tasks[index], user(&tasks[index]))).collect();
    match rows.as_slice() {
        [] => {}
        // One statement needs no transaction.
        rows @ [_] => insert(connection, rows)?,
        rows => connection.transaction(|connection| insert(connection, rows))?,
    }
    Ok(tasks)
}

/// Returns the internal ids of the tasks' users, which must exist, by their public ids.
fn users<'a>(
    connection: &mut Connection,
    new: &'a [NewTask],
    at: &impl Fn(usize, Error) -> Error,
) -> Result<HashMap<&'a str, i64>> {
    let mut users = HashMap::new();
    for (index, task) in new.iter().enumerate() {
        let Some(id) = task.user_id.as_deref().filter(|id| !users.contains_key(id)) else {
            continue;
        };
        let user = find_user(connection, id)?.ok_or_else(|| at(index, no_user(id)))?;
        users.insert(id, user);
    }
    Ok(users)
}

/// Returns the tasks that have one of the keys, by their keys.
fn with_keys<'a>(
    connection: &mut Connection,
    new: &'a [NewTask],
) -> Result<HashMap<&'a str, Task>> {
    let keys: Vec<_> = new.iter().filter_map(|task| task.idempotency_key.as_deref()).collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(MAX_KEYS) {
        let rows = on_engine!(connection, c => chat_tasks::table
            .filter(chat_tasks::idempotency_key.eq_any(keys))
            .select(chat_tasks::all_columns)
            .load::<StoredTask>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        for task in records(connection, rows)? {
            let key = keys.iter().find(|key| task.idempotency_key.as_deref() == Some(**key));
            found.extend(key.map(|key| (*key, task)));
        }
    }
    Ok(found)
}

/// Checks that a task with the same key is the same task.
fn check_same(existing: &Task, new: &NewTask) -> Result<()> {
    let is_same =
        existing.kind == new.kind && existing.input == new.input && existing.user_id == new.user_id;
    if is_same {
        return Ok(());
    }
    Err(Error::taken(
        "idempotency_key",
        "a task with this key has another kind, input or user; use a new key for another task",
    ))
}

fn record(new: &NewTask, now: Timestamp) -> Result<Task> {
    Ok(Task {
        public_id: public_id::generate()?,
        user_id: new.user_id.clone(),
        kind: new.kind.clone(),
        input: new.input.clone(),
        status: TaskStatus::Queued,
        // This and the number of attempts were checked to be in their ranges.
        priority: new.priority as i32,
        run_at: new.run_at(now),
        attempts: 0,
        max_attempts: new.max_attempts as i32,
        lease_until: None,
        worker: None,
        cancel_requested_at: None,
        idempotency_key: new.idempotency_key.clone(),
        result: None,
        error: None,
        created_at: now,
        started_at: None,
        finished_at: None,
    })
}

fn row(task: &Task, user_id: Option<i64>) -> NewRow<'_> {
    NewRow {
        public_id: &task.public_id,
        user_id,
        kind: &task.kind,
        input: &task.input,
        status: task.status.name(),
        priority: task.priority,
        run_at: task.run_at,
        attempts: task.attempts,
        max_attempts: task.max_attempts,
        idempotency_key: task.idempotency_key.as_deref(),
        created_at: task.created_at,
    }
}

fn insert(connection: &mut Connection, rows: &[NewRow<'_>]) -> Result<()> {
    let size = |row: &NewRow<'_>| row.input.as_json().len() + 300;
    let stored = insert_many!(connection, chat_tasks, rows, size);
    stored.map_err(|error| {
        let error = connection.insert_error(error);
        if is_reference(&error) {
            // The next attempt finds which one.
            return Error::new(ErrorKind::Conflict, "a user of the tasks was deleted");
        }
        // Another call enqueued a task with the same key. The next attempt finds it.
        explain_duplicate(error, &[])
    })
}
