//! Transfer of the table `chat_conversations`.

use chatkeep_core::conversations::{self, NewConversation, StoredConversation};
use chatkeep_core::{Connection, Metadata, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TransferTable;
use crate::archive::{cannot_serialize, write_json_line};
use crate::digest::RowDigest;

/// The table `chat_conversations`.
pub(crate) struct ChatConversations;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: i64,
    public_id: String,
    user_id: Option<i64>,
    title: Option<String>,
    created_at: Timestamp,
    last_message_at: Timestamp,
    archived_at: Option<Timestamp>,
    /// Raw JSON text. A parsed value would change how numbers are written.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl TransferTable for ChatConversations {
    type Row = StoredConversation;

    const NAME: &'static str = "chat_conversations";
    const NOUN: &'static str = "conversation";

    fn id(row: &StoredConversation) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        conversations::count_all(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredConversation>> {
        conversations::list_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredConversation]) -> Result<()> {
        conversations::insert_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredConversation, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.text(Some(&row.public_id));
        digest.maybe_number(row.user_id);
        digest.text(row.title.as_deref());
        digest.number(row.created_at.as_microsecond());
        digest.number(row.last_message_at.as_microsecond());
        digest.maybe_number(row.archived_at.map(|time| time.as_microsecond()));
        digest.text(row.metadata.as_ref().map(Metadata::as_json));
    }

    fn write_line(row: &StoredConversation, out: &mut Vec<u8>) -> Result<()> {
        let metadata =
            row.metadata.as_ref().map(|metadata| serde_json::from_str(metadata.as_json()));
        let row = row.clone();
        let line = Line {
            id: row.id,
            public_id: row.public_id,
            user_id: row.user_id,
            title: row.title,
            created_at: row.created_at,
            last_message_at: row.last_message_at,
            archived_at: row.archived_at,
            metadata: metadata.transpose().map_err(cannot_serialize)?,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredConversation, String> {
        let read: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let metadata = read.metadata.map(|text| Metadata::parse(text.get())).transpose();
        let metadata = metadata.map_err(|error| error.to_string())?;
        let checked = NewConversation {
            title: read.title.as_deref(),
            public_id: Some(&read.public_id),
            ..NewConversation::default()
        };
        checked.check().map_err(|error| error.to_string())?;
        Ok(StoredConversation {
            id: read.id,
            public_id: read.public_id,
            user_id: read.user_id,
            title: read.title,
            created_at: read.created_at,
            last_message_at: read.last_message_at,
            archived_at: read.archived_at,
            metadata,
        })
    }
}
