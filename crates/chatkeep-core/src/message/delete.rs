//! Deleting what is old, a batch at a time, so that the log goes on meanwhile.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
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
        return Err(Error::invalid_input("days", format!("must be between 1 and {MAX_DAYS}, not {days}")));
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

/// Deletes the oldest messages that are older than this moment, at most so many, and says how many. Zero means that none
/// is left.
///
/// # Errors
/// As every write: `OutcomeUnknown` when the connection breaks before the database has confirmed.
pub fn delete_batch_older_than(connection: &mut Connection, moment: Timestamp, most: u32) -> Result<u64> {
    // The batch ends at a key, because only MySQL can limit a delete, and MySQL cannot limit a subquery.
    let last = on_engine!(connection, c => messages::table
        .filter(messages::timestamp.lt(moment))
        .order((messages::timestamp.asc(), messages::id.asc()))
        .select((messages::timestamp, messages::id))
        .limit(i64::from(most))
        .load::<(Timestamp, i64)>(c));
    let last = last.map_err(|error| connection.read_error(error))?;
    let Some((timestamp, id)) = last.last().copied() else { return Ok(0) };
    let up_to_last =
        messages::timestamp.le(timestamp).and(messages::timestamp.lt(timestamp).or(messages::id.le(id)));
    let deleted = on_engine!(connection, c => {
        diesel::delete(messages::table.filter(messages::timestamp.lt(moment)).filter(up_to_last)).execute(c)
    });
    deleted.map(|count| count as u64).map_err(|error| connection.write_error(error))
}
