//! Transfer of the table `conversation_items`.

use chatkeep_core::conversations::{self, StoredItem};
use chatkeep_core::{Connection, Metadata, NewItem, Result, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TransferTable;
use crate::archive::{cannot_serialize, write_json_line};
use crate::digest::RowDigest;

/// The table `conversation_items`.
pub(crate) struct ConversationItems;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    id: i64,
    conversation_id: i64,
    position: i64,
    role: String,
    kind: String,
    /// Raw JSON text. A parsed value would change how numbers are written.
    #[serde(borrow)]
    content: &'a RawValue,
    message_id: Option<i64>,
    created_at: Timestamp,
}

impl TransferTable for ConversationItems {
    type Row = StoredItem;

    const NAME: &'static str = "conversation_items";
    const NOUN: &'static str = "conversation item";

    fn id(row: &StoredItem) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        conversations::count_all_items(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredItem>> {
        conversations::list_items_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[StoredItem]) -> Result<()> {
        conversations::insert_items_with_ids(connection, rows)
    }

    fn add_to_digest(row: &StoredItem, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.number(row.conversation_id);
        digest.number(row.position);
        digest.text(Some(&row.role));
        digest.text(Some(&row.kind));
        digest.text(Some(row.content.as_json()));
        digest.maybe_number(row.message_id);
        digest.number(row.created_at.as_microsecond());
    }

    fn write_line(row: &StoredItem, out: &mut Vec<u8>) -> Result<()> {
        let content = serde_json::from_str(row.content.as_json()).map_err(cannot_serialize)?;
        let row = row.clone();
        let line = Line {
            id: row.id,
            conversation_id: row.conversation_id,
            position: row.position,
            role: row.role,
            kind: row.kind,
            content,
            message_id: row.message_id,
            created_at: row.created_at,
        };
        write_json_line(&line, out)
    }

    fn read_line(line: &str) -> Result<StoredItem, String> {
        let read: Line<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let content = Metadata::parse(read.content.get()).map_err(|error| error.to_string())?;
        let item = NewItem::new(read.role, content).with_kind(read.kind);
        item.check().map_err(|error| error.to_string())?;
        if read.position < 1 {
            return Err(format!("position: must be 1 or more, not {}", read.position));
        }
        Ok(StoredItem {
            id: read.id,
            conversation_id: read.conversation_id,
            position: read.position,
            role: item.role,
            kind: item.kind,
            content: item.content,
            message_id: read.message_id,
            created_at: read.created_at,
        })
    }
}
