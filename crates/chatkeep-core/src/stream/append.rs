//! Appending text to many streams in one transaction.

use std::collections::{BTreeMap, HashMap};

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::insert_chunks::{self, ChunkRow, MAX_CHUNK_BYTES, split};
use super::record::StreamStatus;
use crate::connection::{Connection, Session, max_insert_bytes, on_engine};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::{chat_streams, stream_chunks};
use crate::value::{MAX_ROW_BYTES, Timestamp, check_bytes, refuse_nul};

/// Minimum time between two changes of `updated_at`, in microseconds. The column is in an index, so
/// changing it in each transaction would cost PostgreSQL an entry in every index of the table.
const TOUCH_INTERVAL: i64 = 1_000_000;

/// Text to append to a stream.
#[derive(Debug, Clone, Copy)]
pub struct StreamText<'a> {
    /// Public id of the stream.
    pub public_id: &'a str,
    /// Number of the last chunk that this writer has stored; 0 if it has stored none.
    pub last_seq: i64,
    /// The text. If it is empty, only `updated_at` is renewed.
    pub text: &'a str,
    /// Whether the outcome of an earlier attempt to store this text is unknown.
    pub may_be_stored: bool,
}

/// The outcome of appending text to a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOutcome {
    /// The text is stored.
    Stored {
        /// Number of the stream's last chunk.
        last_seq: i64,
        /// Whether a cancellation was requested.
        cancelled: bool,
    },
    /// There is no such stream. Nothing was stored.
    Missing,
    /// The stream has ended in this state. Nothing was stored.
    Ended(StreamStatus),
    /// Another writer has stored chunks. Nothing was stored.
    OtherWriter {
        /// Number of the stream's last chunk.
        last_seq: i64,
    },
}

/// A stream's row, locked until the end of the transaction.
struct Locked {
    id: i64,
    status: StreamStatus,
    last_seq: i64,
    cancelled: bool,
    updated_at: Timestamp,
}

/// Checks a text to append.
///
/// # Errors
/// `InvalidInput` with the field `text` when it contains a NUL character or is larger than 16 MiB.
pub fn check_text(text: &str) -> Result<()> {
    refuse_nul("text", text)?;
    check_bytes("text", text, MAX_ROW_BYTES)
}

/// Appends texts to different streams in one transaction, and returns the outcome of each. A text
/// that is not stored does not affect the others.
///
/// # Errors
/// `OutcomeUnknown` when the connection breaks during the commit: repeat the call with
/// `may_be_stored`. After any other error of the database, nothing is stored.
pub fn append(connection: &mut Connection, texts: &[StreamText<'_>]) -> Result<Vec<AppendOutcome>> {
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    connection.transaction(|connection| {
        let locked = lock(connection, texts)?;
        let now = Timestamp::now();
        let max_chunk = max_insert_bytes(connection).min(MAX_CHUNK_BYTES);
        let mut outcomes = Vec::with_capacity(texts.len());
        let mut chunks = Vec::new();
        let mut changes: BTreeMap<(i64, bool), Vec<i64>> = BTreeMap::new();
        for text in texts {
            let stream = locked.get(text.public_id);
            let outcome = outcome(connection, stream, text)?;
            let (Some(stream), AppendOutcome::Stored { cancelled, last_seq }) = (stream, outcome)
            else {
                outcomes.push(outcome);
                continue;
            };
            if last_seq != text.last_seq {
                // An earlier attempt stored it.
                outcomes.push(outcome);
                continue;
            }
            let parts = split(text.text, max_chunk);
            let count = parts.len() as i64;
            chunks.extend((last_seq + 1..).zip(parts).map(|(seq, content)| ChunkRow {
                stream_id: stream.id,
                seq,
                content,
                created_at: now,
            }));
            let age = now.as_microsecond() - stream.updated_at.as_microsecond();
            let is_due = age >= TOUCH_INTERVAL;
            if count > 0 || is_due {
                changes.entry((count, is_due)).or_default().push(stream.id);
            }
            outcomes.push(AppendOutcome::Stored { last_seq: last_seq + count, cancelled });
        }
        insert_chunks::insert(connection, &chunks)?;
        // Nearly all streams have one new chunk, so these are one or two statements.
        for ((count, is_due), ids) in &changes {
            advance(connection, ids, *count, is_due.then_some(now))?;
        }
        Ok(outcomes)
    })
}

/// Locks the rows of these streams, and returns them by public id.
fn lock(connection: &mut Connection, texts: &[StreamText<'_>]) -> Result<HashMap<String, Locked>> {
    let ids: Vec<_> = texts.iter().map(|text| text.public_id).collect();
    let query = || {
        chat_streams::table
            .filter(chat_streams::public_id.eq_any(&ids))
            // PostgreSQL locks the rows in this order, and MySQL in that of the index on
            // `public_id`. Both are the same in every process, so that two do not deadlock.
            .order(chat_streams::id.asc())
            .select((
                chat_streams::id,
                chat_streams::public_id,
                chat_streams::status,
                chat_streams::last_seq,
                chat_streams::cancel_requested_at,
                chat_streams::updated_at,
            ))
    };
    type Row = (i64, String, String, i64, Option<Timestamp>, Timestamp);
    let rows = match &mut connection.session {
        // The transaction is the only writer.
        Session::Sqlite(c) => query().load::<Row>(c),
        Session::PostgreSql(c) => query().for_no_key_update().load::<Row>(c.as_mut()),
        Session::MySql(c) => query().for_update().load::<Row>(c.as_mut()),
    };
    let rows = rows.map_err(|error| connection.read_error(error))?;
    rows.into_iter()
        .map(|(id, public_id, status, last_seq, cancel_requested_at, updated_at)| {
            let status = StreamStatus::from_stored(&status)?;
            let cancelled = cancel_requested_at.is_some();
            Ok((public_id, Locked { id, status, last_seq, cancelled, updated_at }))
        })
        .collect()
}

/// Determines whether a text may be stored, or already is. `Stored` then has the last number before
/// or after the text.
fn outcome(
    connection: &mut Connection,
    stream: Option<&Locked>,
    text: &StreamText<'_>,
) -> Result<AppendOutcome> {
    let Some(stream) = stream else { return Ok(AppendOutcome::Missing) };
    let last_seq = stream.last_seq;
    let stored = AppendOutcome::Stored { last_seq, cancelled: stream.cancelled };
    if text.may_be_stored && last_seq > text.last_seq && is_stored(connection, stream.id, text)? {
        return Ok(stored);
    }
    Ok(if stream.status.has_ended() {
        AppendOutcome::Ended(stream.status)
    } else if last_seq != text.last_seq {
        AppendOutcome::OtherWriter { last_seq }
    } else {
        stored
    })
}

/// Returns whether the chunks after the writer's last one are exactly this text.
fn is_stored(connection: &mut Connection, id: i64, text: &StreamText<'_>) -> Result<bool> {
    let chunks = on_engine!(connection, c => stream_chunks::table
        .filter(stream_chunks::stream_id.eq(id))
        .filter(stream_chunks::seq.gt(text.last_seq))
        .order(stream_chunks::seq.asc())
        .select(stream_chunks::content)
        .load::<String>(c));
    let chunks = chunks.map_err(|error| connection.read_error(error))?;
    Ok(chunks.concat() == text.text)
}

/// Adds `count` chunks to the last number of these locked streams.
fn advance(
    connection: &mut Connection,
    ids: &[i64],
    count: i64,
    updated_at: Option<Timestamp>,
) -> Result<()> {
    let last_seq = || chat_streams::last_seq.eq(chat_streams::last_seq + count);
    let changed = on_engine!(connection, c => {
        let streams = chat_streams::table.filter(chat_streams::id.eq_any(ids));
        match updated_at {
            Some(now) => diesel::update(streams)
                .set((last_seq(), chat_streams::updated_at.eq(now)))
                .execute(c),
            None => diesel::update(streams).set(last_seq()).execute(c),
        }
    });
    let changed = changed.map_err(|error| connection.write_error(error))?;
    if changed == ids.len() {
        return Ok(());
    }
    // Locked rows do not change. A trigger may have skipped some.
    Err(Error::new(
        ErrorKind::InvalidInput,
        format!("the database updated {changed} of {} streams: a trigger skipped some", ids.len()),
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::connection::{ConnectOptions, Role};
    use crate::stream::{NewStream, create, text};
    use crate::{DatabaseUrl, migrations};

    fn store() -> Connection {
        let url = DatabaseUrl::sqlite_memory();
        let mut connection =
            Connection::open(&url, Role::Writer, &ConnectOptions::default()).expect("it is opened");
        migrations::upgrade(&mut connection, Duration::from_secs(60))
            .expect("the tables are created");
        connection
    }

    #[test]
    fn text_with_an_unknown_outcome_is_stored_once() {
        let mut connection = store();
        let stream = NewStream::default().with_public_id("a");
        create(&mut connection, &stream).expect("it is created");
        let large = "é".repeat(MAX_CHUNK_BYTES);
        let mut append = |last_seq, text: &str, may_be_stored| {
            let text = StreamText { public_id: "a", last_seq, text, may_be_stored };
            super::append(&mut connection, &[text]).expect("the database answers")[0]
        };
        let stored = |last_seq| AppendOutcome::Stored { last_seq, cancelled: false };
        assert_eq!(append(0, &large, true), stored(2), "it was not stored before");
        assert_eq!(append(0, &large, true), stored(2), "it was stored before");
        assert_eq!(append(0, &large, false), AppendOutcome::OtherWriter { last_seq: 2 });
        assert_eq!(append(0, "other", true), AppendOutcome::OtherWriter { last_seq: 2 });
        assert_eq!(append(2, "!", true), stored(3));
        assert_eq!(append(2, "", true), AppendOutcome::OtherWriter { last_seq: 3 });
        assert_eq!(text(&mut connection, "a").expect("it answers"), Some(format!("{large}!")));
    }
}
