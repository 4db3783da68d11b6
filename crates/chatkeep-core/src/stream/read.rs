//! Reading the text of streams.

use diesel::connection::DefaultLoadingMode;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::record::{StreamChunk, StreamRead, StreamStatus};
use crate::connection::{Connection, MAX_BYTES, RowBudget, first_within, on_engine};
use crate::error::{Error, Result};
use crate::schema::{chat_streams, stream_chunks};
use crate::value::check_limit;

/// Number of chunks that are read at a time for a whole text. A server sends all of them, also
/// those beyond [`MAX_BYTES`].
const TEXT_CHUNKS: i64 = 500;

/// The last chunk and the state of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Public id of the stream.
    pub public_id: String,
    /// Number of the last chunk.
    pub last_seq: i64,
    /// Whether the stream has ended.
    pub has_ended: bool,
}

/// Returns up to `limit` chunks with a number greater than `after_seq`, in order. `None` means that
/// there is no such stream.
///
/// # Errors
/// `InvalidInput` with the field `after_seq` or `limit`; `Unavailable` or another error of the
/// database.
pub fn read(
    connection: &mut Connection,
    public_id: &str,
    after_seq: i64,
    limit: i64,
) -> Result<Option<StreamRead>> {
    check_range(after_seq, limit)?;
    let Some((id, last_seq, status)) = find(connection, public_id)? else { return Ok(None) };
    // The numbers up to `last_seq` were committed together with it, so none of them is missing.
    let chunks = if after_seq < last_seq {
        chunks(connection, id, after_seq, last_seq, limit)?
    } else {
        Vec::new()
    };
    let next = after_seq.saturating_add(1);
    let pruned = after_seq < last_seq && chunks.first().is_none_or(|chunk| chunk.seq != next);
    let last = chunks.last().map_or(last_seq, |chunk| chunk.seq);
    let done = status.has_ended() && last >= last_seq;
    Ok(Some(StreamRead { chunks, last_seq, status, done, pruned }))
}

/// Validates the range of a read without a database.
fn check_range(after_seq: i64, limit: i64) -> Result<()> {
    if after_seq < 0 {
        return Err(Error::invalid_input(
            "after_seq",
            format!("must be 0 or more, not {after_seq}"),
        ));
    }
    check_limit(limit)
}

fn find(connection: &mut Connection, public_id: &str) -> Result<Option<(i64, i64, StreamStatus)>> {
    let found = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::public_id.eq(public_id))
        .select((chat_streams::id, chat_streams::last_seq, chat_streams::status))
        .get_result::<(i64, i64, String)>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    found
        .map(|(id, last_seq, status)| Ok((id, last_seq, StreamStatus::from_stored(&status)?)))
        .transpose()
}

fn chunks(
    connection: &mut Connection,
    id: i64,
    after: i64,
    last: i64,
    limit: i64,
) -> Result<Vec<StreamChunk>> {
    let budget = RowBudget::bytes(MAX_BYTES);
    let read = |connection: &mut Connection| {
        let rows = on_engine!(connection, c => stream_chunks::table
            .filter(stream_chunks::stream_id.eq(id))
            .filter(stream_chunks::seq.gt(after))
            .filter(stream_chunks::seq.le(last))
            .order(stream_chunks::seq.asc())
            .select((stream_chunks::seq, stream_chunks::content))
            .limit(limit)
            .load_iter::<(i64, String), DefaultLoadingMode>(c)
            .and_then(|rows| first_within(rows, &mut { budget }, |(_, text)| text.len() + 8)));
        rows.map_err(|error| connection.read_error(error))
    };
    let (rows, _) = connection.within_budget(budget, read)?;
    Ok(rows.into_iter().map(|(seq, text)| StreamChunk { seq, text }).collect())
}

/// Returns the whole text so far. `None` means that there is no such stream, or that its chunks
/// were deleted after its end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn text(connection: &mut Connection, public_id: &str) -> Result<Option<String>> {
    let mut text = String::new();
    let mut after = 0;
    loop {
        let Some(read) = read(connection, public_id, after, TEXT_CHUNKS)? else { return Ok(None) };
        if read.pruned {
            return Ok(None);
        }
        for chunk in &read.chunks {
            text.push_str(&chunk.text);
            after = chunk.seq;
        }
        if after >= read.last_seq {
            return Ok(Some(text));
        }
    }
}

/// Returns the positions of those streams that exist, in any order.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn positions(connection: &mut Connection, public_ids: &[String]) -> Result<Vec<Position>> {
    let rows = on_engine!(connection, c => chat_streams::table
        .filter(chat_streams::public_id.eq_any(public_ids))
        .select((chat_streams::public_id, chat_streams::last_seq, chat_streams::status))
        .load::<(String, i64, String)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    rows.into_iter()
        .map(|(public_id, last_seq, status)| {
            let has_ended = StreamStatus::from_stored(&status)?.has_ended();
            Ok(Position { public_id, last_seq, has_ended })
        })
        .collect()
}
