//! The table, and its complete rows.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::new::{
    check_error, check_idempotency_key, check_kind, check_max_attempts, check_payload,
    check_priority, check_token, check_worker,
};
use super::record::{Task, TaskStatus};
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::public_ids::public_ids_of_users;
use crate::schema::chat_users;
use crate::transfer::stored_rows;
use crate::value::{Metadata, Timestamp, public_id, raw_json};

diesel::table! {
    use diesel::sql_types::{BigInt, Integer, Nullable, Text};
    use crate::schema::{Json, UtcTimestamp};

    chat_tasks (id) {
        id -> BigInt,
        public_id -> Text,
        user_id -> Nullable<BigInt>,
        kind -> Text,
        input -> Json,
        status -> Text,
        priority -> Integer,
        run_at -> UtcTimestamp,
        attempts -> Integer,
        max_attempts -> Integer,
        lease_token -> Nullable<Text>,
        lease_until -> Nullable<UtcTimestamp>,
        worker -> Nullable<Text>,
        cancel_requested_at -> Nullable<UtcTimestamp>,
        idempotency_key -> Nullable<Text>,
        result -> Nullable<Json>,
        error -> Nullable<Text>,
        created_at -> UtcTimestamp,
        started_at -> Nullable<UtcTimestamp>,
        finished_at -> Nullable<UtcTimestamp>,
    }
}

diesel::allow_columns_to_appear_in_same_group_by_clause!(chat_tasks::kind, chat_tasks::status);
diesel::allow_tables_to_appear_in_same_query!(chat_tasks, chat_users);

/// A task with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_tasks)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredTask {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Kind of the task.
    pub kind: String,
    /// Input for the worker.
    #[serde(with = "raw_json")]
    pub input: Metadata,
    /// Name of the state.
    pub status: String,
    /// Priority among the tasks of its kind.
    pub priority: i32,
    /// Time from which it can be claimed.
    pub run_at: Timestamp,
    /// Number of attempts.
    pub attempts: i32,
    /// Number of attempts after which it fails.
    pub max_attempts: i32,
    /// Token of the lease.
    pub lease_token: Option<String>,
    /// End of the lease.
    pub lease_until: Option<Timestamp>,
    /// Worker of the current or last attempt.
    pub worker: Option<String>,
    /// Time at which a cancellation was requested.
    pub cancel_requested_at: Option<Timestamp>,
    /// Key by which it is enqueued once.
    pub idempotency_key: Option<String>,
    /// Result.
    #[serde(default, with = "raw_json::optional")]
    pub result: Option<Metadata>,
    /// Error of the last attempt that failed.
    pub error: Option<String>,
    /// Time at which it was enqueued.
    pub created_at: Timestamp,
    /// Time of the last claim.
    pub started_at: Option<Timestamp>,
    /// Time of the end.
    pub finished_at: Option<Timestamp>,
}

impl StoredTask {
    /// Returns the approximate size of the row, in bytes.
    pub(super) fn size(&self) -> usize {
        let result = self.result.as_ref().map_or(0, |result| result.as_json().len());
        let error = self.error.as_ref().map_or(0, String::len);
        900 + self.input.as_json().len() + result + error
    }

    fn into_task(self, user_id: Option<String>) -> Result<Task> {
        Ok(Task {
            public_id: self.public_id,
            user_id,
            kind: self.kind,
            input: self.input,
            status: TaskStatus::from_stored(&self.status)?,
            priority: self.priority,
            run_at: self.run_at,
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            lease_until: self.lease_until,
            worker: self.worker,
            cancel_requested_at: self.cancel_requested_at,
            idempotency_key: self.idempotency_key,
            result: self.result,
            error: self.error,
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        })
    }
}

/// Converts rows, with the public ids of their users.
pub(super) fn records(connection: &mut Connection, rows: Vec<StoredTask>) -> Result<Vec<Task>> {
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.user_id))?;
    let record = |row: StoredTask| {
        let user = row.user_id.and_then(|id| users.get(&id).cloned());
        row.into_task(user)
    };
    rows.into_iter().map(record).collect()
}

stored_rows! {
    StoredTask: chat_tasks by id,
        Self::size,
        check_row;
}

/// Validates a task as for enqueueing, running and ending it.
fn check_row(row: &StoredTask) -> Result<()> {
    public_id::check("public_id", &row.public_id)?;
    check_kind("kind", &row.kind)?;
    check_payload("input", &row.input)?;
    let status = TaskStatus::from_stored(&row.status)
        .map_err(|error| Error::invalid_input("status", error.message().to_owned()))?;
    check_priority(row.priority.into())?;
    check_max_attempts(row.max_attempts.into())?;
    if row.attempts < 0 {
        let message = format!("must be 0 or more, not {}", row.attempts);
        return Err(Error::invalid_input("attempts", message));
    }
    let is_running = status == TaskStatus::Running;
    for (field, has_value) in
        [("lease_token", row.lease_token.is_some()), ("lease_until", row.lease_until.is_some())]
    {
        expect(field, has_value, is_running, "running")?;
    }
    row.lease_token.as_deref().map_or(Ok(()), check_token)?;
    row.worker.as_deref().map_or(Ok(()), check_worker)?;
    row.idempotency_key.as_deref().map_or(Ok(()), check_idempotency_key)?;
    row.result.as_ref().map_or(Ok(()), |result| check_payload("result", result))?;
    row.error.as_deref().map_or(Ok(()), check_error)?;
    expect("finished_at", row.finished_at.is_some(), status.has_ended(), "ended")
}

/// Checks that a field has a value in some states, and none in the others.
fn expect(field: &'static str, has_value: bool, is_expected: bool, state: &str) -> Result<()> {
    match (has_value, is_expected) {
        (true, false) => {
            Err(Error::invalid_input(field, format!("is given, but the task is not {state}")))
        }
        (false, true) => {
            Err(Error::invalid_input(field, format!("is missing, but the task is {state}")))
        }
        _ => Ok(()),
    }
}
