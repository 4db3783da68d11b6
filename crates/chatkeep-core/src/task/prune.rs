//! Retention of tasks.

use diesel::ExpressionMethods;

use super::rows::chat_tasks;
use crate::connection::Connection;
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::value::Timestamp;

/// Deletes up to `limit` tasks that ended before `cutoff`, and returns their number; `None` if
/// there is none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_ended_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    // Only tasks that have ended have this time.
    let has_ended = chat_tasks::finished_at.lt(cutoff);
    let oldest = chat_tasks::finished_at.asc();
    delete_rows!(connection, chat_tasks, has_ended; oldest, limit)
}
