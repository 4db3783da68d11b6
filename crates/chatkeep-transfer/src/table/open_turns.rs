//! Transfer of the table `open_turns`.

use chatkeep_core::conversations::{self, StoredTurn};
use chatkeep_core::{Connection, Metadata, Result, Timestamp, TurnStart};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TransferTable;
use crate::archive::{cannot_serialize, write_json_line};
use crate::digest::RowDigest;

/// The table `open_turns`.
pub(crate) struct OpenTurns;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: i64,
    public_id: String,
    conversation_id: Option<i64>,
    user_id: Option<i64>,
    user_message: String,
    provider: Option<String>,
    model: Option<String>,
    /// Raw JSON text. A parsed value would change how numbers are written.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    started_at: Timestamp,
    lease_until: Timestamp,
}

impl TransferTable for OpenTurns {
    type Row = StoredTurn;

    const NAME: &'static str = "open_turns";
    const NOUN: &'static str = "open turn";

    fn id(row: &StoredTurn) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        conversations::count_all_turns(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredTurn>> {
        conversations::list_turns_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredTurn]) -> Result<()> {
        conversations::insert_turns_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredTurn, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.public_id));
        digest.maybe_number(row.conversation_id);
        digest.maybe_number(row.user_id);
        digest.text(Some(&row.user_message));
        digest.text(row.provider.as_deref());
        digest.text(row.model.as_deref());
        digest.text(row.metadata.as_ref().map(Metadata::as_json));
        digest.number(row.started_at.as_microsecond());
        digest.number(row.lease_until.as_microsecond());
    }

    fn write_line(row: &StoredTurn, out: &mut Vec<u8>) -> Result<()> {
        let metadata =
            row.metadata.as_ref().map(|metadata| serde_json::from_str(metadata.as_json()));
        let row = row.clone();
        let line = Line {
            id: row.id,
            public_id: row.public_id,
            conversation_id: row.conversation_id,
            user_id: row.user_id,
            user_message: row.user_message,
            provider: row.provider,
            model: row.model,
            metadata: metadata.transpose().map_err(cannot_serialize)?,
            started_at: row.started_at,
            lease_until: row.lease_until,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredTurn, String> {
        let read: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let metadata = read.metadata.map(|text| Metadata::parse(text.get())).transpose();
        let start = TurnStart {
            provider: read.provider,
            model: read.model,
            metadata: metadata.map_err(|error| error.to_string())?,
            ..TurnStart::new(read.user_message)
        };
        start.check().map_err(|error| error.to_string())?;
        Ok(StoredTurn {
            id: read.id,
            public_id: read.public_id,
            conversation_id: read.conversation_id,
            user_id: read.user_id,
            user_message: start.user_message,
            provider: start.provider,
            model: start.model,
            metadata: start.metadata,
            started_at: read.started_at,
            lease_until: read.lease_until,
        })
    }
}
