//! Which messages, how many, and in what order.

use super::cursor::Cursor;
use super::metadata_filter::MetadataFilter;
use crate::error::{Error, Result};
use crate::value::Timestamp;

/// The most messages that one call returns; more come one by one from an iterator.
pub const MAX_LIMIT: i64 = 10_000;

/// Which messages are meant. Everything that is set must hold; nothing set means all.
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageFilter {
    /// Exactly this provider.
    pub provider: Option<String>,
    /// Exactly this model.
    pub model: Option<String>,
    /// At this moment or later.
    pub start: Option<Timestamp>,
    /// At this moment or earlier.
    pub end: Option<Timestamp>,
    /// Each of these keys is there, with this value.
    pub metadata: Vec<MetadataFilter>,
}

impl MessageFilter {
    /// Only this provider's messages.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Only this model's messages.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Only messages at this moment or later.
    #[must_use]
    pub fn with_start(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
        self
    }

    /// Only messages at this moment or earlier.
    #[must_use]
    pub fn with_end(mut self, end: Timestamp) -> Self {
        self.end = Some(end);
        self
    }

    /// Only messages whose metadata has this key at its top, with this string, number, boolean or null.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata` for a list or an object, or a key that cannot be stored.
    pub fn with_metadata(
        mut self,
        key: impl Into<String>,
        value: impl Into<serde_json::Value>,
    ) -> Result<Self> {
        self.metadata.push(MetadataFilter::new(key, value)?);
        Ok(self)
    }
}

/// Which part of the matching messages is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many at the most: 1 to 10,000.
    pub limit: i64,
    /// How many are passed over first. Use a cursor instead where messages come in meanwhile.
    pub offset: i64,
    /// Behind this place; excludes an offset.
    pub cursor: Option<Cursor>,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, offset: 0, cursor: None }
    }
}

impl Page {
    /// The first so many.
    pub fn first(limit: i64) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Whether the page can be asked for.
    ///
    /// # Errors
    /// `InvalidInput` with the field `limit`, `offset` or `cursor`.
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
            return Err(Error::invalid_input("cursor", "cannot be combined with an offset"));
        }
        Ok(())
    }
}

/// The order in which messages come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// The newest first; of two at the same moment the one with the higher id.
    #[default]
    NewestFirst,
    /// The exact reverse.
    OldestFirst,
}
