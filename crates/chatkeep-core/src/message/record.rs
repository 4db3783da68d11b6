//! A stored message.

use diesel::Queryable;
use serde::Serialize;

use super::cursor::Cursor;
use super::new::NewMessage;
use super::usage::{MessageStatus, Usage};
use crate::described::Record;
use crate::value::{Cost, Metadata, Timestamp};

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
    /// Id of the conversation, if any.
    pub conversation_id: Option<i64>,
    /// Id of the user, if any.
    pub user_id: Option<i64>,
    /// Number of input tokens, including the cached ones.
    #[record(wide)]
    pub input_tokens: Option<i64>,
    /// Number of output tokens, including the reasoning.
    #[record(wide)]
    pub output_tokens: Option<i64>,
    /// Number of input tokens that the provider read from its cache.
    #[record(wide)]
    pub cached_tokens: Option<i64>,
    /// Number of output tokens of the model's reasoning.
    #[record(wide)]
    pub reasoning_tokens: Option<i64>,
    /// Cost in US dollars, as decimal text such as `0.00125`.
    pub cost: Option<Cost>,
    /// Duration of the request, in milliseconds.
    pub latency_ms: Option<i64>,
    /// Time to the first token, in milliseconds.
    pub ttft_ms: Option<i64>,
    /// Outcome of the request; without one, it is unknown.
    pub status: Option<MessageStatus>,
    /// Error of the request, if any.
    pub error: Option<String>,
}

/// A copy to log again, with the timestamp and without the id.
impl From<Message> for NewMessage {
    fn from(message: Message) -> Self {
        let usage = message.usage();
        Self {
            user_message: message.user_message,
            bot_response: message.bot_response,
            provider: message.provider,
            model: message.model,
            tokens_used: message.tokens_used,
            metadata: message.metadata,
            timestamp: Some(message.timestamp),
            conversation_id: message.conversation_id,
            user_id: message.user_id,
            is_turn: false,
            usage: None,
        }
        .with_usage(usage)
    }
}

impl Message {
    /// Creates a message with an id from another source, such as a backup or another database. The
    /// timestamp defaults to the current time.
    pub fn with_id(id: i64, message: NewMessage) -> Self {
        let usage = message.usage.map_or_else(Usage::default, |usage| *usage);
        Self {
            id,
            timestamp: message.timestamp.unwrap_or_else(Timestamp::now),
            user_message: message.user_message,
            bot_response: message.bot_response,
            provider: message.provider,
            model: message.model,
            tokens_used: message.tokens_used,
            metadata: message.metadata,
            conversation_id: message.conversation_id,
            user_id: message.user_id,
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cost: usage.cost,
            latency_ms: usage.latency_ms,
            ttft_ms: usage.ttft_ms,
            status: usage.status,
            error: usage.error,
        }
    }

    /// Returns tokens, cost, times and outcome of the request.
    fn usage(&self) -> Usage {
        Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost: self.cost,
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            status: self.status,
            error: self.error.clone(),
        }
    }

    /// Returns whether the message has a conversation, a user or usage.
    pub fn has_details(&self) -> bool {
        self.conversation_id.is_some() || self.user_id.is_some() || !self.usage().is_empty()
    }

    /// Returns the total size of all values, in bytes of UTF-8.
    pub fn size_in_bytes(&self) -> u64 {
        let optional = [&self.bot_response, &self.provider, &self.model, &self.error]
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
