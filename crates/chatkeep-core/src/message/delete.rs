//! Deletion of old messages, in batches, so that other writers can proceed between them.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::totals::{Deleted, Gap, IfLocked, Watermark, gaps, lock_watermark, subtract_deleted};
use crate::connection::{Connection, Session, on_engine};
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::{Cost, Timestamp};

/// Maximum age in days. It exceeds the number of days since the year 1.
const MAX_DAYS: i64 = 3_650_000;

/// Returns the cutoff for deleting messages older than `days` days: older messages are deleted.
///
/// # Errors
/// `InvalidInput` with the field `days` unless it is between 1 and 3,650,000.
pub fn retention_cutoff(days: i64) -> Result<Timestamp> {
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(Error::invalid_input(
            "days",
            format!("must be between 1 and {MAX_DAYS}, not {days}"),
        ));
    }
    Ok(Timestamp::now().checked_add_days(-days).unwrap_or(Timestamp::MIN))
}

/// Returns the number of messages older than `cutoff`.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn count_older_than(connection: &mut Connection, cutoff: Timestamp) -> Result<i64> {
    let counted = on_engine!(connection, c => messages::table
        .filter(messages::timestamp.lt(cutoff))
        .count()
        .get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Selects rows of messages with conditions, and locks them.
macro_rules! locked_rows {
    ($connection:expr, |$query:ident| $conditions:expr) => {{
        let rows = || {
            let $query = messages::table.select((
                messages::id,
                messages::timestamp,
                messages::provider,
                messages::model,
                messages::tokens_used,
                messages::cost,
            ));
            $conditions
        };
        match &mut $connection.session {
            Session::Sqlite(c) => rows().load(c),
            Session::PostgreSql(c) => rows().for_update().load(c.as_mut()),
            Session::MySql(c) => rows().for_update().load(c.as_mut()),
        }
    }};
}

/// The result of a deleted batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedBatch {
    /// Number of deleted messages, at least 1.
    pub count: u64,
    /// Timestamp of the newest deleted message, where the next batch starts.
    pub last: Timestamp,
}

/// Deletes at most `limit` of the oldest messages from `from` (inclusive) to `cutoff` (exclusive).
///
/// Returns `None` if no such message exists. The same transaction subtracts the deleted messages
/// from the totals.
///
/// Callers that delete several batches pass the end of the previous one as `from`. Deleted rows
/// stay in the indexes of PostgreSQL, MySQL and MariaDB for a while. A scan from the start would
/// read past all of them.
///
/// # Errors
/// `OutcomeUnknown` if the connection breaks before the database confirms the commit; `Unavailable`
/// or another connection error if the database does not answer.
pub fn delete_batch_older_than(
    connection: &mut Connection,
    from: Timestamp,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<DeletedBatch>> {
    connection.transaction(|connection| {
        // Locked before the rows, so that no other transaction counts a message being deleted.
        let watermark = lock_watermark(connection, IfLocked::Wait)?;
        let gaps = gaps(connection)?;
        let oldest = oldest(connection, from, cutoff, limit)?;
        let Some(&(_, last, ..)) = oldest.last() else { return Ok(None) };
        let count = delete_rows(connection, watermark, &gaps, &oldest)?;
        Ok(Some(DeletedBatch { count, last }))
    })
}

/// The conversation or the user to which messages belong, by its internal id.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MessageOwner {
    Conversation(i64),
    User(i64),
}

/// Deletes at most `limit` messages of a conversation or user, in the caller's transaction, and
/// returns their number. They are subtracted from the totals.
pub(crate) fn delete_batch_of(
    connection: &mut Connection,
    owner: MessageOwner,
    limit: u32,
) -> Result<u64> {
    let watermark = lock_watermark(connection, IfLocked::Wait)?;
    let gaps = gaps(connection)?;
    macro_rules! rows_with {
        ($condition:expr) => {
            locked_rows!(connection, |query| query
                .filter($condition)
                .order((messages::timestamp.asc(), messages::id.asc()))
                .limit(i64::from(limit)))
        };
    }
    let rows = match owner {
        MessageOwner::Conversation(id) => rows_with!(messages::conversation_id.eq(id)),
        MessageOwner::User(id) => rows_with!(messages::user_id.eq(id)),
    };
    let rows: Vec<Row> = rows.map_err(|error| connection.read_error(error))?;
    if rows.is_empty() { Ok(0) } else { delete_rows(connection, watermark, &gaps, &rows) }
}

/// Deletes selected and locked rows, and subtracts them from the totals.
fn delete_rows(
    connection: &mut Connection,
    watermark: Option<Watermark>,
    gaps: &[Gap],
    rows: &[Row],
) -> Result<u64> {
    let ids: Vec<_> = rows.iter().map(|row| row.0).collect();
    let deleted = on_engine!(connection, c => {
        diesel::delete(messages::table.filter(messages::id.eq_any(&ids))).execute(c)
    });
    let deleted = deleted.map_err(|error| connection.write_error(error))?;
    if deleted != ids.len() {
        return Err(Error::internal(format!(
            "deleted {deleted} of {} selected messages",
            ids.len()
        )));
    }
    let rows = rows.iter().map(|(id, timestamp, provider, model, tokens, cost)| Deleted {
        id: *id,
        timestamp: *timestamp,
        provider: provider.as_deref(),
        model: model.as_deref(),
        tokens: *tokens,
        cost: *cost,
    });
    subtract_deleted(connection, watermark, gaps, rows)?;
    Ok(deleted as u64)
}

/// Id, and the values that the totals are computed from.
type Row = (i64, Timestamp, Option<String>, Option<String>, Option<i64>, Option<Cost>);

/// Selects and locks the oldest messages. If another transaction is deleting some of them, this
/// waits for it and omits those rows.
fn oldest(
    connection: &mut Connection,
    from: Timestamp,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Vec<Row>> {
    let rows = locked_rows!(connection, |query| query
        .filter(messages::timestamp.ge(from))
        .filter(messages::timestamp.lt(cutoff))
        .order((messages::timestamp.asc(), messages::id.asc()))
        .limit(i64::from(limit)));
    rows.map_err(|error| connection.read_error(error))
}
