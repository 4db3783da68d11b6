//! Transfer of the table `messages`.

use chatkeep_core::{Connection, Message, Metadata, NewMessage, Result, Timestamp, messages};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::TransferTable;
use crate::archive::{cannot_serialize, write_json_line};
use crate::digest::RowDigest;

/// The table `messages`.
pub(crate) struct Messages;

#[derive(Serialize)]
struct WrittenLine<'a> {
    id: i64,
    timestamp: Timestamp,
    user_message: &'a str,
    bot_response: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    tokens_used: Option<i64>,
    /// Raw JSON text. A parsed value would change how numbers are written.
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadLine<'a> {
    id: i64,
    timestamp: Timestamp,
    user_message: String,
    bot_response: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    tokens_used: Option<i64>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl TransferTable for Messages {
    type Row = Message;

    const NAME: &'static str = "messages";
    const NOUN: &'static str = "message";

    fn id(row: &Message) -> i64 {
        row.id
    }

    fn count(connection: &mut Connection) -> Result<u64> {
        messages::count_all(connection).map(i64::unsigned_abs)
    }

    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Message>> {
        messages::list_after_id(connection, id)
    }

    fn insert_with_ids(connection: &mut Connection, rows: &[Message]) -> Result<()> {
        messages::insert_with_ids(connection, rows)
    }

    fn add_to_digest(row: &Message, digest: &mut RowDigest<'_>) {
        digest.number(row.id);
        digest.number(row.timestamp.as_microsecond());
        digest.text(Some(&row.user_message));
        digest.text(row.bot_response.as_deref());
        digest.text(row.provider.as_deref());
        digest.text(row.model.as_deref());
        digest.maybe_number(row.tokens_used);
        digest.text(row.metadata.as_ref().map(|metadata| metadata.as_json()));
    }

    fn write_line(row: &Message, out: &mut Vec<u8>) -> Result<()> {
        let metadata =
            row.metadata.as_ref().map(|metadata| serde_json::from_str(metadata.as_json()));
        let line = WrittenLine {
            id: row.id,
            timestamp: row.timestamp,
            user_message: &row.user_message,
            bot_response: row.bot_response.as_deref(),
            provider: row.provider.as_deref(),
            model: row.model.as_deref(),
            tokens_used: row.tokens_used,
            metadata: metadata.transpose().map_err(cannot_serialize)?,
        };
        write_json_line(&line, out)
    }

    /// Validates a message as for logging.
    fn read_line(line: &str) -> Result<Message, String> {
        let read: ReadLine<'_> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let metadata = read.metadata.map(|text| Metadata::parse(text.get())).transpose();
        let message = NewMessage {
            user_message: read.user_message,
            bot_response: read.bot_response,
            provider: read.provider,
            model: read.model,
            tokens_used: read.tokens_used,
            metadata: metadata.map_err(|error| error.to_string())?,
            timestamp: Some(read.timestamp),
        };
        message.check().map_err(|error| error.to_string())?;
        Ok(Message::with_id(read.id, message))
    }

    fn after_import(connection: &mut Connection) -> Result<()> {
        messages::count_imported(connection)
    }

    fn after_truncate(connection: &mut Connection) -> Result<()> {
        messages::reset_totals(connection)
    }
}
