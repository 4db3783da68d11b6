//! Selection of messages: filter, page and order.

use super::cursor::Cursor;
use super::metadata_filter::MetadataFilter;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{MAX_LIMIT, Timestamp};

/// Conditions on messages, combined with AND. An empty filter matches all messages.
///
/// ```
/// use chatkeep_core::{MessageFilter, Timestamp};
///
/// let filter = MessageFilter::default()
///     .with_provider("openai")
///     .with_start(Timestamp::parse("2024-01-01")?)
///     .with_metadata("session", "a1")?;
/// assert_eq!(filter.provider.as_deref(), Some("openai"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Record)]
#[record(argument)]
pub struct MessageFilter {
    /// Provider, compared exactly.
    pub provider: Option<String>,
    /// Model, compared exactly.
    pub model: Option<String>,
    /// Earliest timestamp, inclusive.
    #[record(name = "start_date")]
    pub start: Option<Timestamp>,
    /// Latest timestamp, inclusive.
    #[record(name = "end_date")]
    pub end: Option<Timestamp>,
    /// Required metadata keys and their values.
    #[record(default = None)]
    pub metadata: Vec<MetadataFilter>,
    /// Id of the conversation.
    pub conversation_id: Option<i64>,
    /// Id of the user.
    pub user_id: Option<i64>,
}

impl MessageFilter {
    /// Restricts the filter to messages of this provider.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Restricts the filter to messages of this model.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Restricts the filter to messages with this timestamp or a later one.
    #[must_use]
    pub fn with_start(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// Restricts the filter to messages with this timestamp or an earlier one.
    #[must_use]
    pub fn with_end(mut self, end: Timestamp) -> Self {
        self.end = Some(end);
        self
    }

    /// Restricts the filter to messages of this conversation.
    #[must_use]
    pub fn with_conversation_id(mut self, conversation_id: i64) -> Self {
        self.conversation_id = Some(conversation_id);
        self
    }

    /// Restricts the filter to messages of this user.
    #[must_use]
    pub fn with_user_id(mut self, user_id: i64) -> Self {
        self.user_id = Some(user_id);
        self
    }

    /// Restricts the filter to messages whose metadata has this top-level key with this value: a
    /// string, number, boolean or null.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata` if the key is not storable, or the value is a list,
    /// an object or a number from 2^63 to 2^64.
    pub fn with_metadata(
        mut self,
        key: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Result<Self> {
        self.metadata.push(MetadataFilter::new(key, value)?);
        Ok(self)
    }
}

/// The part of the matching messages to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
#[record(argument)]
pub struct Page {
    /// Maximum number of messages to return (1–10,000).
    #[record(default = 100)]
    pub limit: i64,
    /// Number of messages to skip. Use a cursor instead if messages are written concurrently.
    #[record(default = 0)]
    pub offset: i64,
    /// Position after which the page starts. A cursor and an offset are mutually exclusive.
    pub cursor: Option<Cursor>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, offset: 0, cursor: None }
    }
}

impl Page {
    /// Creates a page with the first `limit` messages.
    pub fn first(limit: i64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Validates the page.
    ///
    /// # Errors
    /// `InvalidInput` with the field `limit`, `offset` or `cursor` if that value is invalid.
    pub fn check(&self) -> Result<()> {
        if !(1..=MAX_LIMIT).contains(&self.limit) {
            return Err(Error::invalid_input(
                "limit",
                format!(
                    "must be between 1 and {MAX_LIMIT}, not {}; for more, use iter_messages",
                    self.limit
                ),
            ));
        }
        if self.offset < 0 {
            return Err(Error::invalid_input(
                "offset",
                format!("must be 0 or more, not {}", self.offset),
            ));
        }
        if self.cursor.is_some() && self.offset > 0 {
            return Err(Error::invalid_input("cursor", "is not allowed together with an offset"));
        }
        Ok(())
    }
}

/// The order in which messages are returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// Newest first; messages with equal timestamps by descending id.
    #[default]
    NewestFirst,
    /// Oldest first: the exact reverse of [`Order::NewestFirst`].
    OldestFirst,
}
