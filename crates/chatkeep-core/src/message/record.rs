//! A message as it is stored.

use diesel::Queryable;
use serde::Serialize;

use super::cursor::Cursor;
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
    /// The place of this message in the log: a page that starts behind it goes on with the next older one.
    pub fn cursor(&self) -> Cursor {
        Cursor::behind(self.timestamp, self.id)
    }
}
