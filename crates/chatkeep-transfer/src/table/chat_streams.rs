//! Transfer of the table `chat_streams`.

use chatkeep_core::streams::{self, StoredStream};
use chatkeep_core::{Connection, Cost, Metadata, NewStream, Result, StreamEnd, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TransferTable;
use crate::archive::{cannot_serialize, write_json_line};
use crate::digest::RowDigest;

/// The table `chat_streams`.
pub(crate) struct ChatStreams;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: i64,
    public_id: String,
    conversation_id: Option<i64>,
    user_id: Option<i64>,
    turn_id: Option<i64>,
    kind: String,
    provider: Option<String>,
    model: Option<String>,
    status: String,
    last_seq: i64,
    cancel_requested_at: Option<Timestamp>,
    tokens: Option<i64>,
    cost: Option<Cost>,
    error: Option<String>,
    /// Raw JSON text. A parsed value would change how numbers are written.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    created_at: Timestamp,
    updated_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl TransferTable for ChatStreams {
    type Row = StoredStream;

    const NAME: &'static str = "chat_streams";
    const NOUN: &'static str = "stream";

    fn id(row: &StoredStream) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        streams::count_all_streams(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredStream>> {
        streams::streams_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredStream]) -> Result<()> {
        streams::insert_streams_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredStream, digest: &mut RowDigest<'_>) {
        let microsecond = |time: Option<Timestamp>| time.map(Timestamp::as_microsecond);
        digest.number(row.id);
        digest.text(Some(&row.public_id));
        digest.maybe_number(row.conversation_id);
        digest.maybe_number(row.user_id);
        digest.maybe_number(row.turn_id);
        digest.text(Some(&row.kind));
        digest.text(row.provider.as_deref());
        digest.text(row.model.as_deref());
        digest.text(Some(&row.status));
        digest.number(row.last_seq);
        digest.maybe_number(microsecond(row.cancel_requested_at));
        digest.maybe_number(row.tokens);
        digest.maybe_number(row.cost.map(Cost::nano_dollars));
        digest.text(row.error.as_deref());
        digest.text(row.metadata.as_ref().map(Metadata::as_json));
        digest.number(row.created_at.as_microsecond());
        digest.number(row.updated_at.as_microsecond());
        digest.maybe_number(microsecond(row.finished_at));
    }

    fn write_line(row: &StoredStream, out: &mut Vec<u8>) -> Result<()> {
        let metadata =
            row.metadata.as_ref().map(|metadata| serde_json::from_str(metadata.as_json()));
        let metadata = metadata.transpose().map_err(cannot_serialize)?;
        let row = row.clone();
        let line = Line {
            id: row.id,
            public_id: row.public_id,
            conversation_id: row.conversation_id,
            user_id: row.user_id,
            turn_id: row.turn_id,
            kind: row.kind,
            provider: row.provider,
            model: row.model,
            status: row.status,
            last_seq: row.last_seq,
            cancel_requested_at: row.cancel_requested_at,
            tokens: row.tokens,
            cost: row.cost,
            error: row.error,
            metadata,
            created_at: row.created_at,
            updated_at: row.updated_at,
            finished_at: row.finished_at,
        };
        write_json_line(&line, out)
    }

    /// Validates a stream as for creating and ending it.
    fn read_line(line: &str) -> Result<StoredStream, String> {
        let read: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let metadata = read.metadata.map(|text| Metadata::parse(text.get())).transpose();
        let stream = NewStream {
            kind: read.kind,
            provider: read.provider,
            model: read.model,
            metadata: metadata.map_err(|error| error.to_string())?,
            public_id: Some(read.public_id.clone()),
            ..NewStream::default()
        };
        let end = StreamEnd { error: read.error, tokens: read.tokens, ..StreamEnd::default() };
        stream.check().and_then(|()| end.check()).map_err(|error| error.to_string())?;
        streams::check_status(&read.status).map_err(|error| error.to_string())?;
        if read.last_seq < 0 {
            return Err("last_seq is negative".to_owned());
        }
        Ok(StoredStream {
            id: read.id,
            public_id: read.public_id,
            conversation_id: read.conversation_id,
            user_id: read.user_id,
            turn_id: read.turn_id,
            kind: stream.kind,
            provider: stream.provider,
            model: stream.model,
            status: read.status,
            last_seq: read.last_seq,
            cancel_requested_at: read.cancel_requested_at,
            tokens: end.tokens,
            cost: read.cost,
            error: end.error,
            metadata: stream.metadata,
            created_at: read.created_at,
            updated_at: read.updated_at,
            finished_at: read.finished_at,
        })
    }
}
