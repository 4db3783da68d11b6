//! Complete rows of streams and chunks, for copying them between databases.

use diesel::{Insertable, Queryable};
use serde::{Deserialize, Serialize};

use super::append::check_text;
use super::new::{NewStream, StreamEnd};
use super::record::StreamStatus;
use crate::connection::Connection;
use crate::error::{Error, Result};
use crate::schema::{chat_streams, stream_chunks};
use crate::transfer::stored_rows;
use crate::value::{Cost, Metadata, Timestamp, raw_json};

/// A stream with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = chat_streams)]
#[diesel(treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct StoredStream {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the conversation.
    pub conversation_id: Option<i64>,
    /// Internal id of the user.
    pub user_id: Option<i64>,
    /// Internal id of the open turn.
    pub turn_id: Option<i64>,
    /// Kind of the stream.
    pub kind: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that generates the text.
    pub model: Option<String>,
    /// Name of the state.
    pub status: String,
    /// Number of the last stored chunk.
    pub last_seq: i64,
    /// Time at which a cancellation was requested.
    pub cancel_requested_at: Option<Timestamp>,
    /// Number of tokens that were used.
    pub tokens: Option<i64>,
    /// Cost in US dollars.
    pub cost: Option<Cost>,
    /// Reason of a failure.
    pub error: Option<String>,
    /// Additional data.
    #[serde(default, with = "raw_json::optional")]
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change.
    pub updated_at: Timestamp,
    /// Time at which the stream ended.
    pub finished_at: Option<Timestamp>,
}

/// A chunk with all its columns.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = stream_chunks)]
#[serde(deny_unknown_fields)]
pub struct StoredChunk {
    /// Internal id.
    pub id: i64,
    /// Internal id of the stream.
    pub stream_id: i64,
    /// Number of the chunk in its stream.
    pub seq: i64,
    /// The text.
    pub content: String,
    /// Time at which it was stored.
    pub created_at: Timestamp,
}

impl StoredStream {
    /// Returns the approximate size of the row, in bytes.
    pub(super) fn size(&self) -> usize {
        let metadata = self.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len());
        600 + metadata + self.error.as_ref().map_or(0, String::len)
    }
}

stored_rows! {
    StoredStream: chat_streams by id,
        Self::size,
        check_stream;
    StoredChunk: stream_chunks by id,
        |row| row.content.len() + 64,
        |row| {
            check_text(&row.content).map_err(|error| error.with_field("content"))?;
            at_least("seq", row.seq, 1)
        };
}

/// Validates a stream as for creating and ending it.
fn check_stream(row: &StoredStream) -> Result<()> {
    let row = row.clone();
    let stream = NewStream {
        kind: row.kind,
        provider: row.provider,
        model: row.model,
        metadata: row.metadata,
        public_id: Some(row.public_id),
        ..NewStream::default()
    };
    stream.check()?;
    StreamEnd { error: row.error, tokens: row.tokens, ..StreamEnd::default() }.check()?;
    StreamStatus::from_stored(&row.status)
        .map_err(|error| Error::invalid_input("status", error.message().to_owned()))?;
    at_least("last_seq", row.last_seq, 0)
}

fn at_least(field: &'static str, number: i64, least: i64) -> Result<()> {
    if number >= least {
        return Ok(());
    }
    Err(Error::invalid_input(field, format!("must be {least} or more, not {number}")))
}
