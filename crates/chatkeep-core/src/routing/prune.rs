//! Retention of requests and of their totals.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::add_totals::add_totals;
use super::measures::Measures;
use super::rows::StoredRoutingTotal;
use super::tables::{chat_routing_requests, chat_routing_totals};
use super::totals::{HOUR, Key, MINUTE, Total, Totals, start_of};
use crate::connection::{Connection, Session, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::{Error, ErrorKind, Result};
use crate::message::retention_cutoff;
use crate::value::Timestamp;

/// Returns the time before which requests of more than a number of days ago were made: a whole hour,
/// so that the remaining requests are those of whole hours.
///
/// # Errors
/// `InvalidInput` with the field `days`.
pub fn cutoff(days: i64) -> Result<Timestamp> {
    retention_cutoff(days).map(|time| start_of(time, HOUR))
}

/// Deletes up to `limit` requests before `cutoff`, the oldest first, and returns their number;
/// `None` if there is none. The totals do not change.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_requests_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let is_old = chat_routing_requests::created_at.lt(cutoff);
    let oldest = chat_routing_requests::created_at.asc();
    delete_rows!(connection, chat_routing_requests, is_old; oldest, limit)
}

/// Deletes up to `limit` totals of minutes before `cutoff`, and returns their number; `None` if
/// there is none.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_minutes_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let is_minute = chat_routing_totals::minutes.eq(MINUTE);
    let is_old = is_minute.and(chat_routing_totals::start.lt(cutoff));
    delete_rows!(connection, chat_routing_totals, is_old, limit)
}

/// Merges up to `limit` totals of hours before `cutoff` into shard 0, and returns their number;
/// `None` if there is none. Sums do not change.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn merge_hours_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    connection.transaction(|connection| {
        let rows = lock_sharded_hours(connection, cutoff, limit)?;
        if rows.is_empty() {
            return Ok(None);
        }
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let deleted = on_engine!(connection, c => {
            let rows = chat_routing_totals::table.filter(chat_routing_totals::id.eq_any(&ids));
            diesel::delete(rows).execute(c)
        });
        let deleted = deleted.map_err(|error| connection.write_error(error))?;
        if deleted != ids.len() {
            // Locked rows do not change, except by a node of a cluster.
            return Err(Error::new(ErrorKind::Conflict, "another call merged the same totals"));
        }
        let mut totals = Totals::default();
        for row in rows {
            let total = Total {
                sums: Measures::of_row(&row),
                last_request_at: row.last_request_at,
                last_failure_at: row.last_failure_at,
            };
            let key = Key {
                minutes: HOUR,
                start: row.start,
                provider: row.provider,
                model: row.model,
                source: row.source,
                shard: 0,
            };
            totals.add(key, &total);
        }
        add_totals(connection, &totals)?;
        Ok(Some(deleted as u64))
    })
}

/// Returns totals of hours outside of shard 0, locked until the end of the transaction.
fn lock_sharded_hours(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Vec<StoredRoutingTotal>> {
    let query = || {
        chat_routing_totals::table
            .filter(chat_routing_totals::minutes.eq(HOUR))
            .filter(chat_routing_totals::shard.gt(0))
            .filter(chat_routing_totals::start.lt(cutoff))
            .order(chat_routing_totals::id.asc())
            .limit(i64::from(limit))
            .select(chat_routing_totals::all_columns)
    };
    let rows = match &mut connection.session {
        Session::Sqlite(c) => query().load::<StoredRoutingTotal>(c),
        Session::PostgreSql(c) => query().for_update().load::<StoredRoutingTotal>(c.as_mut()),
        Session::MySql(c) => query().for_update().load::<StoredRoutingTotal>(c.as_mut()),
    };
    rows.map_err(|error| connection.read_error(error))
}
