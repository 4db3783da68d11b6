//! Transfer of the table `messages`.

use chatkeep_core::{
    Connection, Cost, Message, MessageStatus, Metadata, NewMessage, Result, Timestamp, Usage,
    messages,
};
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
    // Added after the first release: omitted if null, so that older archives stay valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttft_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MessageStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
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
    #[serde(default)]
    conversation_id: Option<i64>,
    #[serde(default)]
    user_id: Option<i64>,
    #[serde(default)]
    input_tokens: Option<i64>,
    #[serde(default)]
    output_tokens: Option<i64>,
    #[serde(default)]
    cached_tokens: Option<i64>,
    #[serde(default)]
    reasoning_tokens: Option<i64>,
    #[serde(default)]
    cost: Option<Cost>,
    #[serde(default)]
    latency_ms: Option<i64>,
    #[serde(default)]
    ttft_ms: Option<i64>,
    #[serde(default)]
    status: Option<MessageStatus>,
    #[serde(default)]
    error: Option<String>,
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
        if row.has_details() {
            add_details_to_digest(row, digest);
        }
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
            conversation_id: row.conversation_id,
            user_id: row.user_id,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cached_tokens: row.cached_tokens,
            reasoning_tokens: row.reasoning_tokens,
            cost: row.cost,
            latency_ms: row.latency_ms,
            ttft_ms: row.ttft_ms,
            status: row.status,
            error: row.error.as_deref(),
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
            conversation_id: read.conversation_id,
            user_id: read.user_id,
            is_turn: false,
            usage: None,
        };
        let message = message.with_usage(Usage {
            input_tokens: read.input_tokens,
            output_tokens: read.output_tokens,
            cached_tokens: read.cached_tokens,
            reasoning_tokens: read.reasoning_tokens,
            cost: read.cost,
            latency_ms: read.latency_ms,
            ttft_ms: read.ttft_ms,
            status: read.status,
            error: read.error,
        });
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

/// Starts the values of the columns that were added after the first release. It differs from the
/// start of the next row, which is an id and therefore positive.
const DETAILS: i64 = -1;

/// Adds the values of these columns. Rows without any have the digest of earlier releases.
fn add_details_to_digest(row: &Message, digest: &mut RowDigest<'_>) {
    digest.number(DETAILS);
    digest.maybe_number(row.conversation_id);
    digest.maybe_number(row.user_id);
    digest.maybe_number(row.input_tokens);
    digest.maybe_number(row.output_tokens);
    digest.maybe_number(row.cached_tokens);
    digest.maybe_number(row.reasoning_tokens);
    digest.maybe_number(row.cost.map(Cost::nano_dollars));
    digest.maybe_number(row.latency_ms);
    digest.maybe_number(row.ttft_ms);
    digest.text(row.status.map(MessageStatus::as_str));
    digest.text(row.error.as_deref());
}
