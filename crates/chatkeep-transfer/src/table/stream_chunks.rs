//! Transfer of the table `stream_chunks`.

use chatkeep_core::streams::{self, StoredChunk};
use chatkeep_core::{Connection, Result, Timestamp};
use serde::{Deserialize, Serialize};

use super::TransferTable;
use crate::archive::write_json_line;
use crate::digest::RowDigest;

/// The table `stream_chunks`.
pub(crate) struct StreamChunks;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: i64,
    stream_id: i64,
    seq: i64,
    content: String,
    created_at: Timestamp,
}

impl TransferTable for StreamChunks {
    type Row = StoredChunk;

    const NAME: &'static str = "stream_chunks";
    const NOUN: &'static str = "chunk";

    fn id(row: &StoredChunk) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        streams::count_all_chunks(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredChunk>> {
        streams::chunks_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredChunk]) -> Result<()> {
        streams::insert_chunks_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredChunk, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.number(row.stream_id);
        digest.number(row.seq);
        digest.text(Some(&row.content));
        digest.number(row.created_at.as_microsecond());
    }

    fn write_line(row: &StoredChunk, out: &mut Vec<u8>) -> Result<()> {
        let row = row.clone();
        let line = Line {
            id: row.id,
            stream_id: row.stream_id,
            seq: row.seq,
            content: row.content,
            created_at: row.created_at,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredChunk, String> {
        let read: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
        streams::check_text(&read.content).map_err(|error| error.to_string())?;
        if read.seq < 1 {
            return Err("seq is less than 1".to_owned());
        }
        Ok(StoredChunk {
            id: read.id,
            stream_id: read.stream_id,
            seq: read.seq,
            content: read.content,
            created_at: read.created_at,
        })
    }
}
