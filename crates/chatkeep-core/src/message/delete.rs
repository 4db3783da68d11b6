//! Deleting what is old, a batch at a time, so that the log goes on meanwhile.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::totals::{Deleted, IfHeld, gaps, hold_mark, take_out};
use crate::connection::{Connection, Session, on_engine};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Timestamp;

/// More days than there are since the year 1.
const MAX_DAYS: i64 = 3_650_000;

/// The oldest moment that a deletion of everything older than so many days keeps.
///
/// # Errors
/// `InvalidInput` with the field `days` unless it is between 1 and 3,650,000.
pub fn oldest_kept(days: i64) -> Result<Timestamp> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Error::invalid_input(
            "days",
            format!("must be between 1 and {MAX_DAYS}, not {days}"),
        ));
    }
    Ok(Timestamp::now().checked_add_days(-days).unwrap_or(Timestamp::MIN))
}

/// How many messages are older than this moment.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn count_older_than(connection: &mut Connection, moment: Timestamp) -> Result<i64> {
    let counted = on_engine!(connection, c => messages::table
        .filter(messages::timestamp.lt(moment))
        .count()
        .get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// What a batch of a deletion came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedBatch {
    /// How many messages, at least one.
    pub count: u64,
    /// The moment of the newest of them. The next batch begins here.
    pub last: Timestamp,
}

/// Deletes the oldest messages from one moment on that are older than another, at most so many. Nothing, when none is
/// left. The totals lose in the same transaction what the log loses.
///
/// Who deletes many batches says where the last one ended: what was deleted before stays in the index of PostgreSQL, MySQL
/// and MariaDB for a while, and who begins at the beginning reads past all of it.
///
/// # Errors
/// As every write: `OutcomeUnknown` when the connection breaks before the database has confirmed.
pub fn delete_batch_older_than(
    connection: &mut Connection,
    from: Timestamp,
    moment: Timestamp,
    most: u32,
) -> Result<Option<DeletedBatch>> {
    connection.transaction(|connection| {
        // Held before the rows are, so that nobody counts a message that is just being deleted.
        let mark = hold_mark(connection, IfHeld::Wait)?;
        let gaps = gaps(connection)?;
        let oldest = oldest(connection, from, moment, most)?;
        let ids: Vec<_> = oldest.iter().map(|row| row.0).collect();
        let Some(&(_, last, ..)) = oldest.last() else { return Ok(None) };
        let deleted = on_engine!(connection, c => {
            diesel::delete(messages::table.filter(messages::id.eq_any(&ids))).execute(c)
        });
        let deleted = deleted.map_err(|error| connection.write_error(error))?;
        if deleted != ids.len() {
            return Err(Error::internal(format!(
                "{} messages were to be deleted, {deleted} were",
                ids.len()
            )));
        }
        let rows = oldest.iter().map(|(id, timestamp, provider, model, tokens)| Deleted {
            id: *id,
            timestamp: *timestamp,
            provider: provider.as_deref(),
            model: model.as_deref(),
            tokens: *tokens,
        });
        take_out(connection, mark, &gaps, rows)?;
        Ok(Some(DeletedBatch { count: deleted as u64, last }))
    })
}

/// What the totals know of a message, and its id.
type Row = (i64, Timestamp, Option<String>, Option<String>, Option<i64>);

/// The oldest messages, held until they are deleted: of those that another one is just deleting, none.
fn oldest(
    connection: &mut Connection,
    from: Timestamp,
    moment: Timestamp,
    most: u32,
) -> Result<Vec<Row>> {
    let oldest = || {
        messages::table
            .filter(messages::timestamp.ge(from))
            .filter(messages::timestamp.lt(moment))
            .order((messages::timestamp.asc(), messages::id.asc()))
            .select((
                messages::id,
                messages::timestamp,
                messages::provider,
                messages::model,
                messages::tokens_used,
            ))
            .limit(i64::from(most))
    };
    let rows = match &mut connection.session {
        Session::Sqlite(c) => oldest().load(c),
        Session::PostgreSql(c) => oldest().for_update().load(c.as_mut()),
        Session::MySql(c) => oldest().for_update().load(c.as_mut()),
    };
    rows.map_err(|error| connection.read_error(error))
}
