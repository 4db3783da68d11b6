//! A message as it is stored.

use diesel::Queryable;
use serde::Serialize;

use super::cursor::Cursor;
use super::new::NewMessage;
use crate::value::{Metadata, Timestamp};

/// A logged message. It serialises with these keys in this order.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Given by the database; a later message has a higher one, but ids may skip.
    pub id: i64,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What the person said.
    pub user_message: String,
    /// What was answered, if anything.
    pub bot_response: Option<String>,
    /// Who answered.
    pub provider: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens that the exchange used.
    pub tokens_used: Option<i64>,
    /// Anything else.
    pub metadata: Option<Metadata>,
}

impl Message {
    /// A message that has its id from elsewhere: from a backup, or from another database. Without a timestamp of its own
    /// it is of this moment.
    pub fn numbered(id: i64, message: NewMessage) -> Self {
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

    /// The bytes (UTF-8) of all its values together.
    pub fn size_in_bytes(&self) -> u64 {
        let optional = [&self.bot_response, &self.provider, &self.model]
            .map(|text| text.as_ref().map_or(0, String::len));
        let metadata = self.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len());
        (self.user_message.len() + optional.iter().sum::<usize>() + metadata) as u64
    }

    /// The place of this message in the log: a page that starts behind it goes on with the next older one.
    pub fn cursor(&self) -> Cursor {
        Cursor::behind(self.timestamp, self.id)
    }
}
