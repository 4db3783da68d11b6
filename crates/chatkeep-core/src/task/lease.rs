//! Reports of workers: a lease is extended or given back, or the attempt ends.
//!
//! Each of them is accepted only with the token of the current lease, and before the lease ends. So
//! a worker that was too slow cannot overwrite the result of the next one.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::list::get;
use super::new::{check_payload, check_token};
use super::record::Task;
use super::rows::chat_tasks;
use super::state::{TaskFailure, TaskState, changed, no_task};
use super::state_rows::{find, lock, write};
use crate::connection::{Connection, Session, on_engine};
use crate::conversation::lease_end;
use crate::error::Result;
use crate::value::{Metadata, Timestamp, public_id};

/// The row of a running task whose lease has this token and has not ended.
macro_rules! leased {
    ($task_id:expr, $token:expr, $now:expr) => {
        chat_tasks::table
            .filter(chat_tasks::public_id.eq($task_id))
            .filter(chat_tasks::status.eq("running"))
            .filter(chat_tasks::lease_token.eq(Some($token)))
            .filter(chat_tasks::lease_until.gt($now))
    };
}

/// Extends the lease of a task until `lease_seconds` from now. Returns whether a cancellation of
/// the task was requested.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict` with the field `lease_token`, not retryable,
/// when the caller does not have the task; `OutcomeUnknown` or another error of the database.
pub fn heartbeat(
    connection: &mut Connection,
    task_id: &str,
    token: &str,
    lease_seconds: i64,
) -> Result<bool> {
    check_token(token)?;
    let now = Timestamp::now();
    let until = Some(lease_end(now, lease_seconds)?);
    if !public_id::may_exist(task_id) {
        return Err(no_task());
    }
    let extend = || diesel::update(leased!(task_id, token, now));
    let end = || chat_tasks::lease_until.eq(until);
    let requested = chat_tasks::cancel_requested_at;
    type Requested = Option<Timestamp>;
    let extended = match &mut connection.session {
        Session::Sqlite(c) => extend().set(end()).returning(requested).get_results::<Requested>(c),
        Session::PostgreSql(c) => {
            extend().set(end()).returning(requested).get_results::<Requested>(c.as_mut())
        }
        Session::MySql(c) => extend().set(end()).execute(c.as_mut()).and_then(|count| {
            if count == 0 {
                return Ok(Vec::new());
            }
            leased!(task_id, token, now).select(requested).load::<Requested>(c.as_mut())
        }),
    };
    let extended = extended.map_err(|error| connection.write_error(error))?;
    match extended.first() {
        Some(requested) => Ok(requested.is_some()),
        None => explain(connection, task_id, token, now),
    }
}

/// Completes a task.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict` with the field `lease_token`, not retryable,
/// when the caller does not have the task; `OutcomeUnknown` or another error of the database.
pub fn complete(
    connection: &mut Connection,
    task_id: &str,
    token: &str,
    result: Option<&Metadata>,
) -> Result<()> {
    check_token(token)?;
    if let Some(result) = result {
        check_payload("result", result)?;
        connection.check_bytes("result", result.as_json())?;
    }
    if !public_id::may_exist(task_id) {
        return Err(no_task());
    }
    let now = Timestamp::now();
    let completed = on_engine!(connection, c => diesel::update(leased!(task_id, token, now))
        .set((
            chat_tasks::status.eq("completed"),
            chat_tasks::result.eq(result),
            chat_tasks::error.eq(None::<&str>),
            chat_tasks::lease_token.eq(None::<&str>),
            chat_tasks::lease_until.eq(None::<Timestamp>),
            chat_tasks::finished_at.eq(Some(now)),
        ))
        .execute(c));
    match completed.map_err(|error| connection.write_error(error))? {
        0 => explain(connection, task_id, token, now),
        _ => Ok(()),
    }
}

/// Returns why the caller does not have the task.
fn explain<T>(
    connection: &mut Connection,
    task_id: &str,
    token: &str,
    now: Timestamp,
) -> Result<T> {
    find(connection, task_id)?.ok_or_else(no_task)?.check_lease(token, now)?;
    // The task was claimed since the update.
    Err(changed())
}

/// Records the failure of an attempt. The task is queued again, or fails after the last attempt.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict` with the field `lease_token`, not retryable,
/// when the caller does not have the task; `OutcomeUnknown` or another error of the database.
pub fn fail(
    connection: &mut Connection,
    task_id: &str,
    token: &str,
    failure: &TaskFailure<'_>,
) -> Result<Task> {
    failure.check()?;
    end_attempt(connection, task_id, token, |state, now| state.fail(failure, now))
}

/// Gives a lease back. The task is queued again, and the attempt does not count.
///
/// # Errors
/// `InvalidInput` with the field's name; `Conflict` with the field `lease_token`, not retryable,
/// when the caller does not have the task; `OutcomeUnknown` or another error of the database.
pub fn release(connection: &mut Connection, task_id: &str, token: &str) -> Result<Task> {
    end_attempt(connection, task_id, token, |state, now| {
        state.release(now);
        Ok(())
    })
}

fn end_attempt(
    connection: &mut Connection,
    task_id: &str,
    token: &str,
    end: impl FnOnce(&mut TaskState, Timestamp) -> Result<()>,
) -> Result<Task> {
    check_token(token)?;
    connection.transaction_that_reads_first(|connection| {
        let mut state = lock(connection, task_id)?.ok_or_else(no_task)?;
        let now = Timestamp::now();
        state.check_lease(token, now)?;
        end(&mut state, now)?;
        if !write(connection, &state, None)? {
            return Err(changed());
        }
        get(connection, task_id)?.ok_or_else(changed)
    })
}
