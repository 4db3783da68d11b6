//! Retention of streams and of their chunks.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::record::StreamStatus;
use crate::connection::{Connection, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::schema::{chat_streams, stream_chunks};
use crate::value::Timestamp;

/// Deletes chunks of streams that ended before `cutoff`, among the next `limit` chunks with an
/// internal id greater than `after_id`. Returns the last id that it considered, and the number of
/// deleted chunks; `None` means that no chunk older than `cutoff` follows.
///
/// Chunks are considered in the order in which they were stored. Those of a stream that ended
/// before `cutoff` were stored before it, so this reads little more than it deletes.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_chunks_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    after_id: i64,
    limit: u32,
) -> Result<Option<(i64, u64)>> {
    let rows = on_engine!(connection, c => stream_chunks::table
        .filter(stream_chunks::id.gt(after_id))
        .order(stream_chunks::id.asc())
        .select((stream_chunks::id, stream_chunks::stream_id, stream_chunks::created_at))
        .limit(i64::from(limit))
        .load::<(i64, i64, Timestamp)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let Some(&(last, ..)) = rows.last() else { return Ok(None) };
    let old: Vec<_> = rows.into_iter().filter(|(_, _, created_at)| *created_at < cutoff).collect();
    if old.is_empty() {
        return Ok(None);
    }
    let mut streams: Vec<_> = old.iter().map(|(_, stream, _)| *stream).collect();
    streams.sort_unstable();
    streams.dedup();
    let ended = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::id.eq_any(&streams))
        .filter(chat_streams::status.eq_any(StreamStatus::ENDED))
        .filter(chat_streams::finished_at.lt(cutoff))
        .select(chat_streams::id)
        .load::<i64>(c));
    let mut ended = ended.map_err(|error| connection.read_error(error))?;
    ended.sort_unstable();
    let ids: Vec<_> = old
        .into_iter()
        .filter(|(_, stream, _)| ended.binary_search(stream).is_ok())
        .map(|(id, ..)| id)
        .collect();
    if ids.is_empty() {
        return Ok(Some((last, 0)));
    }
    // An end is final, so these streams have not changed since.
    let deleted = on_engine!(connection, c => {
        diesel::delete(stream_chunks::table.filter(stream_chunks::id.eq_any(&ids))).execute(c)
    });
    let deleted = deleted.map_err(|error| connection.write_error(error))?;
    Ok(Some((last, deleted as u64)))
}

/// Deletes up to `limit` streams that ended before `cutoff`, with the chunks that they still have.
/// Returns the number of deleted streams. `None` means that none is left.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn delete_ended_batch(
    connection: &mut Connection,
    cutoff: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    // `updated_at` has an index, and is the time of the end once a stream has ended.
    let is_old = chat_streams::updated_at.lt(cutoff);
    let ended = StreamStatus::ENDED;
    delete_rows!(connection, chat_streams, is_old.and(chat_streams::status.eq_any(ended)), limit)
}
