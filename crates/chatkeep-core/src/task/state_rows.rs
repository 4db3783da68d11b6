//! Reading, locking and storing the state of a task.

use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, RunQueryDsl,
};

use super::rows::chat_tasks;
use super::state::TaskState;
use crate::connection::{Connection, Session, on_engine};
use crate::error::Result;
use crate::value::{Timestamp, public_id};

/// Defines the columns of [`TaskState`].
macro_rules! columns {
    ($($column:ident),+ $(,)?) => {
        pub(super) const STATE: ($(chat_tasks::$column,)+) = ($(chat_tasks::$column,)+);
    };
}

columns!(
    id,
    status,
    run_at,
    attempts,
    max_attempts,
    lease_token,
    lease_until,
    worker,
    cancel_requested_at,
    error,
    started_at,
    finished_at,
);

/// Returns the state of a task, if the task exists.
pub(super) fn find(connection: &mut Connection, task_id: &str) -> Result<Option<TaskState>> {
    if !public_id::may_exist(task_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_tasks::table
        .filter(chat_tasks::public_id.eq(task_id))
        .select(STATE)
        .get_result::<TaskState>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

/// Locks a task until the end of the caller's transaction, and returns its state.
///
/// Nodes of a Galera cluster share no locks. There, the commit of one of two transactions that
/// write the task fails with a conflict.
pub(super) fn lock(connection: &mut Connection, task_id: &str) -> Result<Option<TaskState>> {
    if !public_id::may_exist(task_id) {
        return Ok(None);
    }
    let row = || chat_tasks::table.filter(chat_tasks::public_id.eq(task_id)).select(STATE);
    let found = match &mut connection.session {
        // A transaction that writes locks the whole file.
        Session::Sqlite(c) => row().get_result(c).optional(),
        Session::PostgreSql(c) => row().for_no_key_update().get_result(c.as_mut()).optional(),
        Session::MySql(c) => row().for_update().get_result(c.as_mut()).optional(),
    };
    found.map_err(|error| connection.read_error(error))
}

/// Stores a state. With `lease_ended`, only if the lease has ended at that time, and no cancellation
/// was requested since the state was read. Returns false if it was not stored.
pub(super) fn write(
    connection: &mut Connection,
    state: &TaskState,
    lease_ended: Option<Timestamp>,
) -> Result<bool> {
    let is_requested = state.cancel_requested_at.is_some();
    let changed = on_engine!(connection, c => {
        let row = chat_tasks::table.filter(chat_tasks::id.eq(state.id));
        match lease_ended {
            None => diesel::update(row).set(state).execute(c),
            Some(now) => {
                let is_same =
                    chat_tasks::cancel_requested_at.is_null().or(is_requested.into_sql::<Bool>());
                diesel::update(row.filter(chat_tasks::lease_until.le(now)).filter(is_same))
                    .set(state)
                    .execute(c)
            }
        }
    });
    changed.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection::{ConnectOptions, Role};
    use crate::task::{NewTask, TaskClaim, cancel, claim, enqueue, find_due};
    use crate::value::Metadata;
    use crate::{DatabaseUrl, migrations};

    /// Nodes of a Galera cluster read ended leases without locks.
    #[test]
    fn an_ended_lease_does_not_replace_a_later_cancellation() {
        let (url, options) = (DatabaseUrl::sqlite_memory(), ConnectOptions::default());
        let mut connection = Connection::open(&url, Role::Writer, &options).expect("it is opened");
        let connection = &mut connection;
        migrations::upgrade(connection, Duration::from_secs(60)).expect("the tables are created");
        let new = NewTask::new("k", Metadata::parse("{}").expect("metadata"));
        let id = enqueue(connection, &new).expect("it is enqueued").public_id;
        let kinds = ["k".to_owned()];
        let request = TaskClaim { kinds: &kinds, worker: "w", lease_seconds: 1, limit: 1 };
        let due = find_due(connection, &request, Timestamp::now());
        let due = due.expect("the query succeeds").expect("it is due");
        let claimed = claim(connection, &request, &due, false).expect("it is claimed");
        let end = claimed[0].task.lease_until.expect("it has a lease");

        let mut end_lease = |is_cancelled: bool| {
            let read = |connection: &mut Connection| {
                find(connection, &id).expect("the query succeeds").expect("the task exists")
            };
            let mut state = read(connection);
            state.end_lease(end);
            if is_cancelled {
                cancel(connection, &id).expect("the call succeeds");
            }
            let is_stored = write(connection, &state, Some(end)).expect("the call succeeds");
            (is_stored, read(connection).status)
        };
        assert_eq!(end_lease(true), (false, "running".to_owned()));
        assert_eq!(end_lease(false), (true, "cancelled".to_owned()));
    }
}
