//! A message to log, and the rules that it must meet on every engine.

use super::usage::{Usage, refuse_negative};
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{MAX_ROW_BYTES, Metadata, Timestamp, check_name, refuse_nul};

/// Maximum length of a provider, in characters.
pub const MAX_PROVIDER: usize = 50;
/// Maximum length of a model, in characters.
pub const MAX_MODEL: usize = 100;

/// A message to log: the user's message, the model's response, and details of the exchange.
///
/// ```
/// use chatkeep_core::{Metadata, NewMessage};
///
/// let message = NewMessage::new("What is WAL?")
///     .with_response("Write-ahead logging.")
///     .with_provider("openai")
///     .with_model("gpt-4o")
///     .with_tokens_used(42)
///     .with_metadata(Metadata::parse(r#"{"session": "a1"}"#)?);
/// assert_eq!(message.user_message, "What is WAL?");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewMessage {
    /// Message of the user.
    #[record(name = "message")]
    pub user_message: String,
    /// Response of the model, if any.
    #[record(name = "response")]
    pub bot_response: Option<String>,
    /// Provider of the model, such as `openai` or `anthropic`. At most 50 characters.
    pub provider: Option<String>,
    /// Model that responded. At most 100 characters.
    pub model: Option<String>,
    /// Number of tokens that the exchange used; 0 or more. Defaults to the sum of the input and
    /// output tokens, if one of them is given.
    #[record(wide)]
    pub tokens_used: Option<i64>,
    /// Additional data, as a JSON object.
    pub metadata: Option<Metadata>,
    /// Time of the exchange; defaults to the time of logging.
    pub timestamp: Option<Timestamp>,
    /// Id of the conversation (`id`, not `public_id`); 1 or more. It is not looked up.
    pub conversation_id: Option<i64>,
    /// Id of the user (`id`, not `public_id`); 1 or more. It is not looked up.
    pub user_id: Option<i64>,
    /// Whether the message is a turn of its conversation, which must exist then. Its time becomes
    /// that of the conversation's last activity, in the same transaction.
    #[record(skip)]
    pub is_turn: bool,
    /// Tokens, cost, times and outcome of the request. `None` is the same as an empty `Usage`.
    #[record(flatten)]
    pub usage: Option<Box<Usage>>,
}

impl NewMessage {
    /// Creates a message with only a text.
    pub fn new(user_message: impl Into<String>) -> Self {
        Self { user_message: user_message.into(), ..Self::default() }
    }

    /// Sets the response.
    #[must_use]
    pub fn with_response(mut self, bot_response: impl Into<String>) -> Self {
        self.bot_response = Some(bot_response.into());
        self
    }

    /// Sets the provider.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<String>) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the model.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets the number of tokens.
    #[must_use]
    pub fn with_tokens_used(mut self, tokens_used: i64) -> Self {
        self.tokens_used = Some(tokens_used);
        self
    }

    /// Sets the metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets the timestamp.
    #[must_use]
    pub fn with_timestamp(mut self, timestamp: Timestamp) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Sets the conversation.
    #[must_use]
    pub fn with_conversation_id(mut self, conversation_id: i64) -> Self {
        self.conversation_id = Some(conversation_id);
        self
    }

    /// Sets the user.
    #[must_use]
    pub fn with_user_id(mut self, user_id: i64) -> Self {
        self.user_id = Some(user_id);
        self
    }

    /// Sets tokens, cost, times and outcome of the request.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = (!usage.is_empty()).then(|| Box::new(usage));
        self
    }

    /// Returns the number of tokens that is stored: `tokens_used`, otherwise the sum of the input
    /// and output tokens.
    pub fn total_tokens(&self) -> Option<i64> {
        self.tokens_used.or_else(|| self.usage.as_ref()?.tokens())
    }

    /// Returns whether the message has a conversation, a user or usage.
    pub(crate) fn has_details(&self) -> bool {
        self.conversation_id.is_some() || self.user_id.is_some() || self.usage.is_some()
    }

    /// Validates the message without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        refuse_nul("user_message", &self.user_message)?;
        if let Some(text) = &self.bot_response {
            refuse_nul("bot_response", text)?;
        }
        if let Some(text) = &self.provider {
            check_name("provider", text, MAX_PROVIDER)?;
        }
        if let Some(text) = &self.model {
            check_name("model", text, MAX_MODEL)?;
        }
        refuse_negative("tokens_used", self.tokens_used)?;
        check_id("conversation_id", self.conversation_id)?;
        check_id("user_id", self.user_id)?;
        if self.is_turn && self.conversation_id.is_none() {
            return Err(Error::invalid_input("conversation_id", "is required for a turn"));
        }
        if let Some(usage) = &self.usage {
            usage.check()?;
        }
        self.check_size(MAX_ROW_BYTES)
    }

    /// Returns the total size of all values, in bytes of UTF-8.
    pub fn size_in_bytes(&self) -> u64 {
        self.size().0
    }

    /// Checks that the row has at most `limit` bytes.
    pub(crate) fn check_size(&self, limit: u64) -> Result<()> {
        let (size, largest) = self.size();
        if size > limit {
            return Err(Error::invalid_input(
                largest,
                format!(
                    "the message has {size} bytes in all fields together; \
                     at most {limit} can be stored"
                ),
            ));
        }
        Ok(())
    }

    /// Returns the total size of all values, in bytes, and the name of the largest field.
    fn size(&self) -> (u64, &'static str) {
        let fields = [
            ("user_message", self.user_message.len()),
            ("bot_response", self.bot_response.as_ref().map_or(0, String::len)),
            ("provider", self.provider.as_ref().map_or(0, String::len)),
            ("model", self.model.as_ref().map_or(0, String::len)),
            ("metadata", self.metadata.as_ref().map_or(0, |metadata| metadata.as_json().len())),
            ("error", self.usage.as_ref().map_or(0, |usage| usage.error_bytes())),
        ];
        let size = fields.iter().map(|(_, bytes)| *bytes as u64).sum();
        let largest = fields
            .iter()
            .rev()
            .max_by_key(|(_, bytes)| *bytes)
            .map_or("user_message", |(name, _)| name);
        (size, largest)
    }
}

/// Checks the id of another record.
pub(super) fn check_id(field: &'static str, id: Option<i64>) -> Result<()> {
    match id {
        Some(id) if id < 1 => {
            Err(Error::invalid_input(field, format!("must be 1 or more, not {id}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_limits_count_characters_not_bytes() {
        let message =
            NewMessage::new("hi").with_provider("é".repeat(50)).with_model("m".repeat(100));
        assert!(message.check().is_ok());
        let error = NewMessage::new("hi").with_provider("é".repeat(51)).check().unwrap_err();
        assert_eq!(error.to_string(), "provider: has 51 characters; at most 50 can be stored");
        assert_eq!(
            NewMessage::new("hi").with_model("m".repeat(101)).check().unwrap_err().field(),
            Some("model")
        );
    }

    #[test]
    fn nul_characters_and_negative_tokens_are_invalid() {
        assert_eq!(NewMessage::new("a\0b").check().unwrap_err().field(), Some("user_message"));
        assert_eq!(
            NewMessage::new("a").with_response("\0").check().unwrap_err().field(),
            Some("bot_response")
        );
        assert_eq!(
            NewMessage::new("a").with_tokens_used(-1).check().unwrap_err().field(),
            Some("tokens_used")
        );
    }

    #[test]
    fn size_error_of_an_oversized_row_names_the_largest_field() {
        let message = NewMessage::new("a").with_response("b".repeat(17 * 1024 * 1024));
        let error = message.check().unwrap_err();
        assert_eq!(error.field(), Some("bot_response"));
        assert!(error.message().contains("at most 16777216"));
    }
}
