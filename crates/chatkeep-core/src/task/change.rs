//! Changes of tasks by other callers than their workers.

use super::list::get;
use super::record::Task;
use super::state::{TaskState, changed};
use super::state_rows::{lock, write};
use crate::connection::Connection;
use crate::error::Result;
use crate::value::Timestamp;

/// Cancels a queued task, or requests the cancellation of a running one. Returns the task; `None`
/// if it does not exist. A task that has ended is not changed.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn cancel(connection: &mut Connection, task_id: &str) -> Result<Option<Task>> {
    change(connection, task_id, TaskState::cancel)
}

/// Queues a failed or cancelled task again, with all its attempts. Returns the task; `None` if it
/// does not exist.
///
/// # Errors
/// `Conflict` with the field `task_id`, not retryable, when the task has another state;
/// `OutcomeUnknown` or another error of the database.
pub fn retry(connection: &mut Connection, task_id: &str) -> Result<Option<Task>> {
    change(connection, task_id, |state, now| state.retry(now).map(|()| true))
}

/// Changes a task. `change` returns whether its state is to be stored.
fn change(
    connection: &mut Connection,
    task_id: &str,
    change: impl FnOnce(&mut TaskState, Timestamp) -> Result<bool>,
) -> Result<Option<Task>> {
    connection.transaction_that_reads_first(|connection| {
        let Some(mut state) = lock(connection, task_id)? else { return Ok(None) };
        if change(&mut state, Timestamp::now())? && !write(connection, &state, None)? {
            return Err(changed());
        }
        get(connection, task_id)
    })
}
