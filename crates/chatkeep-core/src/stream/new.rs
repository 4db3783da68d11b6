//! Arguments of stream operations, and their validation.

use super::record::StreamStatus;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::message::{MAX_MODEL, MAX_PROVIDER};
use crate::value::{
    Cost, MAX_ROW_BYTES, Metadata, check_bytes, check_metadata, check_name, public_id, refuse_nul,
};

/// Maximum length of a kind, in characters.
const MAX_KIND: usize = 50;
/// Maximum age in seconds, about 100 years.
const MAX_SECONDS: i64 = 3_155_760_000;

/// A stream to create.
///
/// ```
/// use chatkeep_core::NewStream;
///
/// let stream = NewStream::default().with_provider("openai").with_model("gpt-4o");
/// assert_eq!(stream.kind, "message");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewStream {
    /// Public id of the conversation that the stream belongs to. The stream is deleted with it.
    pub conversation_id: Option<String>,
    /// Public id of the user that the stream belongs to.
    pub user_id: Option<String>,
    /// Id of the open turn that the stream belongs to, from `begin_turn`. It sets the conversation
    /// and, by default, the user. The end of the stream finishes the turn, with the text as response.
    pub turn_id: Option<String>,
    /// Kind of the stream, chosen by the application. 1–50 characters.
    #[record(default = "message")]
    pub kind: String,
    /// Provider of the model. At most 50 characters.
    pub provider: Option<String>,
    /// Model that generates the text. At most 100 characters.
    pub model: Option<String>,
    /// Additional data, as a JSON object.
    pub metadata: Option<Metadata>,
    /// Public id to store, 1–64 characters. By default, a new UUIDv7.
    pub public_id: Option<String>,
}

impl Default for NewStream {
    fn default() -> Self {
        Self {
            conversation_id: None,
            user_id: None,
            turn_id: None,
            kind: "message".to_owned(),
            provider: None,
            model: None,
            metadata: None,
            public_id: None,
        }
    }
}

impl NewStream {
    /// Sets the conversation, by its public id.
    #[must_use]
    pub fn with_conversation(mut self, conversation_id: impl Into<String>) -> Self {
        self.conversation_id = Some(conversation_id.into());
        self
    }

    /// Sets the user, by its public id.
    #[must_use]
    pub fn with_user(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Sets the open turn, by its id.
    #[must_use]
    pub fn with_turn(mut self, turn_id: impl Into<String>) -> Self {
        self.turn_id = Some(turn_id.into());
        self
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = kind.into();
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

    /// Sets the metadata.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets the public id.
    #[must_use]
    pub fn with_public_id(mut self, public_id: impl Into<String>) -> Self {
        self.public_id = Some(public_id.into());
        self
    }

    /// Validates the stream without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        if let Some(id) = &self.conversation_id {
            refuse_nul("conversation_id", id)?;
        }
        if let Some(id) = &self.user_id {
            refuse_nul("user_id", id)?;
        }
        if let Some(id) = &self.turn_id {
            refuse_nul("turn_id", id)?;
        }
        if self.kind.is_empty() {
            return Err(Error::invalid_input("kind", "must not be empty"));
        }
        check_name("kind", &self.kind, MAX_KIND)?;
        if let Some(provider) = &self.provider {
            check_name("provider", provider, MAX_PROVIDER)?;
        }
        if let Some(model) = &self.model {
            check_name("model", model, MAX_MODEL)?;
        }
        check_metadata(self.metadata.as_ref())?;
        self.public_id.as_ref().map_or(Ok(()), |id| public_id::check("public_id", id))
    }
}

/// The end of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct StreamEnd {
    /// The final state: `completed`, `failed`, `cancelled` or `interrupted`.
    #[record(default = "completed")]
    pub status: StreamStatus,
    /// Reason of a failure, for people.
    pub error: Option<String>,
    /// Number of tokens that were used; 0 or more.
    #[record(wide)]
    pub tokens: Option<i64>,
    /// Cost in US dollars, as decimal text with up to 9 decimals, such as `0.00125`.
    pub cost: Option<Cost>,
}

impl Default for StreamEnd {
    fn default() -> Self {
        Self { status: StreamStatus::Completed, error: None, tokens: None, cost: None }
    }
}

impl StreamEnd {
    /// Creates an end with this final state.
    pub fn new(status: StreamStatus) -> Self {
        Self { status, ..Self::default() }
    }

    /// Validates the end without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        if !self.status.has_ended() {
            return Err(Error::invalid_input(
                "status",
                format!("must be one of {}, not running", StreamStatus::ENDED.join(", ")),
            ));
        }
        if let Some(error) = &self.error {
            refuse_nul("error", error)?;
            check_bytes("error", error, MAX_ROW_BYTES)?;
        }
        if let Some(tokens) = self.tokens.filter(|tokens| *tokens < 0) {
            return Err(Error::invalid_input("tokens", format!("must be 0 or more, not {tokens}")));
        }
        Ok(())
    }
}

/// Checks the id of a stream that is looked up.
///
/// # Errors
/// `InvalidInput` with the field `stream_id` when it contains a NUL character.
pub fn check_stream_id(id: &str) -> Result<()> {
    refuse_nul("stream_id", id)
}

/// Checks a duration in whole seconds.
///
/// # Errors
/// `InvalidInput` with the field `seconds` unless it is between 0 and about 100 years.
pub fn check_seconds(seconds: i64) -> Result<()> {
    if (0..=MAX_SECONDS).contains(&seconds) {
        return Ok(());
    }
    Err(Error::invalid_input("seconds", format!("must be from 0 to {MAX_SECONDS}, not {seconds}")))
}
