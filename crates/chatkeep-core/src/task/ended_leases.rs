//! Tasks whose workers did not report anything before their leases ended.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::claim::has_no_common_locks;
use super::rows::chat_tasks;
use super::state::TaskState;
use super::state_rows::{STATE, write};
use crate::connection::{Connection, Session};
use crate::error::Result;
use crate::value::Timestamp;

/// Maximum number of tasks that one claim queues again. Later claims queue the others.
const MAX_ENDED: i64 = 50;

/// Queues tasks whose leases have ended at `now`, in the caller's transaction. Tasks without
/// further attempts fail.
pub(super) fn end_leases(connection: &mut Connection, now: Timestamp) -> Result<()> {
    let is_locked = !has_no_common_locks(connection);
    let ended = || {
        chat_tasks::table
            .filter(chat_tasks::lease_until.le(now))
            .order(chat_tasks::lease_until.asc())
            .select(STATE)
            .limit(MAX_ENDED)
    };
    let tasks = match &mut connection.session {
        // The transaction is the only writer.
        Session::Sqlite(c) => ended().load::<TaskState>(c),
        Session::PostgreSql(c) => {
            ended().for_no_key_update().skip_locked().load::<TaskState>(c.as_mut())
        }
        Session::MySql(c) if is_locked => {
            ended().for_update().skip_locked().load::<TaskState>(c.as_mut())
        }
        Session::MySql(c) => ended().load::<TaskState>(c.as_mut()),
    };
    let mut tasks = tasks.map_err(|error| connection.read_error(error))?;
    // In one order in all processes, so that two do not deadlock.
    tasks.sort_unstable_by_key(|task| task.id);
    for task in &mut tasks {
        task.end_lease(now);
        // Without locks, another claim may have queued it since.
        write(connection, task, Some(now))?;
    }
    Ok(())
}
