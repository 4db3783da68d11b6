//! A stored message.

use diesel::Queryable;
use serde::Serialize;

use super::cursor::Cursor;
use super::new::NewMessage;
use crate::described::Record;
use crate::value::{Metadata, Timestamp};

/// A logged message.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize, Record)]
#[non_exhaustive]
pub struct Message {
    /// Id assigned by the database. Later messages have higher ids; ids may have gaps.
    pub id: i64,
    /// Time of the exchange.
    pub timestamp: Timestamp,
    /// Message of the user.
    pub user_message: String,
    /// Response of the model, if any.
    pub bot_response: Option<String>,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that responded.
    pub model: Option<String>,
    /// Number of tokens that the exchange used.
    #[record(wide)]
    pub tokens_used: Option<i64>,
    /// Additional data.
    pub metadata: Option<Metadata>,
}

impl Message {
    /// Creates a message with an id from another source, such as a backup or another database. The
    /// timestamp defaults to the current time.
    pub fn with_id(id: i64, message: NewMessage) -> Self {
        Self {
            id,
            timestamp: message.timestamp.unwrap_or_else(Timestamp::now),
            user_message: message.user_message,
            bot_response: message.bot_response,
            provider: message.provider,
            model: message.model,
            tokens_used: message.tokens_used,
            metadata: message.metadata,
        }
    }

    /// Returns the total size of all values, in bytes of UTF-8.
    pub fn size_in_bytes(&self) -> u64 {
        let optional = [&self.bot_response, &self.provider, &self.model]
            .map(|text| text.as_ref().map_or(0, String::len));
        let metadata = self.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len());
        (self.user_message.len() + optional.iter().sum::<usize>() + metadata) as u64
    }

    /// Returns the position of this message in the log. A page after it starts with the next older
    /// message.
    pub fn cursor(&self) -> Cursor {
        Cursor::after(self.timestamp, self.id)
    }
}
