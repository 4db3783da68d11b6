//! Records of turns: a question and its response.

use serde::Serialize;

use super::turn_rows::StoredTurn;
use crate::connection::Connection;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::message::{MessageStatus, NewMessage, Usage};
use crate::value::{MAX_ROW_BYTES, Metadata, Timestamp};

/// Maximum duration of a lease, in seconds: 30 days.
const MAX_LEASE: i64 = 30 * 86_400;

/// A complete turn, to append to a conversation.
///
/// ```
/// use chatkeep_core::NewTurn;
///
/// let turn = NewTurn::new("What is WAL?").with_response("Write-ahead logging.");
/// assert_eq!(turn.user_message, "What is WAL?");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewTurn {
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
    /// Tokens, cost, times and outcome of the request. `None` is the same as an empty `Usage`.
    #[record(flatten)]
    pub usage: Option<Box<Usage>>,
}

impl NewTurn {
    /// Creates a turn with only a question.
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

    /// Sets tokens, cost, times and outcome of the request.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(Box::new(usage));
        self
    }

    /// Returns the message to log, with the internal ids of the conversation and of its user.
    pub fn into_message(self, conversation_id: i64, user_id: Option<i64>) -> NewMessage {
        NewMessage {
            user_message: self.user_message,
            bot_response: self.bot_response,
            provider: self.provider,
            model: self.model,
            tokens_used: self.tokens_used,
            metadata: self.metadata,
            timestamp: self.timestamp,
            conversation_id: Some(conversation_id),
            user_id,
            usage: self.usage,
            is_turn: true,
        }
    }
}

/// The start of a turn: a question that is stored before the model is asked.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct TurnStart {
    /// Message of the user.
    #[record(name = "message")]
    pub user_message: String,
    /// Provider of the model, such as `openai` or `anthropic`. At most 50 characters.
    pub provider: Option<String>,
    /// Model that is asked. At most 100 characters.
    pub model: Option<String>,
    /// Additional data, as a JSON object.
    pub metadata: Option<Metadata>,
    /// Seconds after which the turn counts as interrupted, unless it is finished or extended
    /// (1–2,592,000).
    #[record(default = 600)]
    pub lease_seconds: i64,
}

impl TurnStart {
    /// Creates a turn with a lease of ten minutes.
    pub fn new(user_message: impl Into<String>) -> Self {
        Self {
            user_message: user_message.into(),
            provider: None,
            model: None,
            metadata: None,
            lease_seconds: 600,
        }
    }

    /// Validates the turn without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        check_lease(self.lease_seconds)?;
        self.to_message().check()
    }

    /// Returns the values that the turn has in common with a message.
    pub(super) fn to_message(&self) -> NewMessage {
        NewMessage {
            user_message: self.user_message.clone(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            metadata: self.metadata.clone(),
            ..NewMessage::default()
        }
    }
}

/// The end of a turn: the response, and details of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
#[record(argument)]
pub struct TurnEnd {
    /// Response of the model, if any.
    #[record(name = "response", positional)]
    pub bot_response: Option<String>,
    /// Provider of the model, if it is not that of the start.
    pub provider: Option<String>,
    /// Model that responded, if it is not that of the start.
    pub model: Option<String>,
    /// Number of tokens that the exchange used; 0 or more. Defaults to the sum of the input and
    /// output tokens, if one of them is given.
    #[record(wide)]
    pub tokens_used: Option<i64>,
    /// Additional data, as a JSON object, in place of that of the start.
    pub metadata: Option<Metadata>,
    /// Tokens, cost, times and outcome of the request. The outcome is `completed` unless it is
    /// given.
    #[record(flatten)]
    pub usage: Option<Box<Usage>>,
}

impl TurnEnd {
    /// Creates a complete response.
    pub fn response(bot_response: impl Into<String>) -> Self {
        Self { bot_response: Some(bot_response.into()), ..Self::default() }
    }

    /// Sets tokens, cost, times and outcome of the request.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(Box::new(usage));
        self
    }

    /// Creates the end of a turn whose program did not finish it.
    pub(super) fn interrupted() -> Self {
        let usage = Usage { status: Some(MessageStatus::Interrupted), ..Usage::default() };
        Self::default().with_usage(usage)
    }

    /// Validates the values without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    pub fn check(&self) -> Result<()> {
        self.complete(NewMessage::default()).check()
    }

    /// Cuts the response so that the message of a turn can be stored. The response of an interrupted
    /// turn is incomplete anyway.
    pub(crate) fn cut_to_fit(&mut self, connection: &Connection, turn: &StoredTurn) {
        let Some(mut text) = self.bot_response.take() else { return };
        let rest = self.complete(turn.clone().into_message()).size_in_bytes();
        let limit = connection.max_row_bytes().unwrap_or(MAX_ROW_BYTES);
        let left = usize::try_from(limit.saturating_sub(rest)).unwrap_or(usize::MAX);
        if text.len() > left {
            let end = (0..=left).rev().find(|end| text.is_char_boundary(*end));
            text.truncate(end.unwrap_or(0));
        }
        self.bot_response = (!text.is_empty()).then_some(text);
    }

    /// Returns the message of a turn that started with `start`.
    pub(super) fn complete(&self, start: NewMessage) -> NewMessage {
        let mut usage = self.usage.as_deref().cloned().unwrap_or_default();
        usage.status.get_or_insert(MessageStatus::Completed);
        NewMessage {
            bot_response: self.bot_response.clone(),
            provider: self.provider.clone().or(start.provider),
            model: self.model.clone().or(start.model),
            tokens_used: self.tokens_used,
            metadata: self.metadata.clone().or(start.metadata),
            usage: Some(Box::new(usage)),
            ..start
        }
    }
}

/// A turn that is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct OpenTurn {
    /// Id of the turn, which calls take as `turn_id`.
    pub public_id: String,
    /// Public id of the conversation.
    pub conversation_id: String,
    /// Message of the user.
    pub user_message: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that is asked.
    pub model: Option<String>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Time of the start.
    pub started_at: Timestamp,
    /// Time from which the turn counts as interrupted.
    pub lease_until: Timestamp,
}

/// Returns the end of a lease that starts now.
///
/// # Errors
/// `InvalidInput` with the field `lease_seconds` unless it is between 1 and 2,592,000.
pub fn lease_end(now: Timestamp, lease_seconds: i64) -> Result<Timestamp> {
    check_lease(lease_seconds)?;
    Ok(now.checked_add_microseconds(lease_seconds * 1_000_000).unwrap_or(Timestamp::MAX))
}

fn check_lease(lease_seconds: i64) -> Result<()> {
    if (1..=MAX_LEASE).contains(&lease_seconds) {
        return Ok(());
    }
    Err(Error::invalid_input(
        "lease_seconds",
        format!("must be between 1 and {MAX_LEASE}, not {lease_seconds}"),
    ))
}
