//! One line of an export, with the keys that `messages import` reads, always in the same order.

use chatkeep::{Cost, Error, Message, MessageStatus, Metadata, Timestamp};
use serde::Serialize;

use crate::text;

#[derive(Serialize)]
pub(crate) struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    timestamp: Timestamp,
    user_message: &'a str,
    bot_response: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    tokens_used: Option<i64>,
    metadata: Option<&'a Metadata>,
    // Omitted without a value: most applications have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttft_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<MessageStatus>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn new(message: &'a Message, with_id: bool) -> Self {
        Self {
            id: with_id.then_some(message.id),
            timestamp: message.timestamp,
            user_message: &message.user_message,
            bot_response: message.bot_response.as_deref(),
            provider: message.provider.as_deref(),
            model: message.model.as_deref(),
            tokens_used: message.tokens_used,
            metadata: message.metadata.as_ref(),
            conversation_id: message.conversation_id,
            user_id: message.user_id,
            input_tokens: message.input_tokens,
            output_tokens: message.output_tokens,
            cached_tokens: message.cached_tokens,
            reasoning_tokens: message.reasoning_tokens,
            cost: message.cost,
            latency_ms: message.latency_ms,
            ttft_ms: message.ttft_ms,
            status: message.status,
            error: message.error.as_deref(),
        }
    }

    /// Formats the row as a line with its line break.
    pub(crate) fn to_line(&self) -> Result<String, Error> {
        let failed = "cannot serialize a message as JSON";
        // Reserve the capacity: growing would use twice the memory of a large message.
        let texts = self.user_message.len() + self.bot_response.map_or(0, str::len);
        let mut text = Vec::with_capacity(texts + texts / 16 + 512);
        serde_json::to_writer(&mut text, self)
            .map_err(|error| Error::internal(failed).with_source(error))?;
        let text =
            String::from_utf8(text).map_err(|error| Error::internal(failed).with_source(error))?;
        let mut line = text::safe_json(text);
        line.push('\n');
        Ok(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::{Chatkeep, NewMessage, Usage};

    #[test]
    fn lines_have_every_key_in_order() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let message = NewMessage::new("a\nb\u{9b}")
            .with_timestamp(Timestamp::parse("2023-09-23T21:02:11.539144+00:00").expect("a time"))
            .with_provider("openai")
            .with_tokens_used(3)
            .with_metadata(Metadata::parse(r#"{"user": "u-17"}"#).expect("an object"));
        let id = chat.messages().log_message(&message).expect("stored");
        let message = chat.messages().get_message_by_id(id).expect("read").expect("there");
        let rest = concat!(
            r#""timestamp":"2023-09-23T21:02:11.539144+00:00","user_message":"a\nb\u009b","#,
            r#""bot_response":null,"provider":"openai","model":null,"tokens_used":3,"#,
            r#""metadata":{"user":"u-17"}}"#,
        );
        assert_eq!(Row::new(&message, false).to_line().expect("JSON"), format!("{{{rest}\n"));
        assert_eq!(
            Row::new(&message, true).to_line().expect("JSON"),
            format!("{{\"id\":1,{rest}\n")
        );
    }

    #[test]
    fn lines_have_conversation_user_and_usage_that_an_import_reads() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let usage = Usage {
            input_tokens: Some(10),
            output_tokens: Some(0),
            cached_tokens: Some(3),
            reasoning_tokens: Some(0),
            cost: Some("0.00125".parse().expect("a cost")),
            latency_ms: Some(900),
            ttft_ms: Some(80),
            status: Some(MessageStatus::Failed),
            error: Some("timeout".to_owned()),
        };
        let message = NewMessage::new("a").with_conversation_id(5).with_user_id(7);
        let id = chat.messages().log_message(&message.with_usage(usage)).expect("stored");
        let message = chat.messages().get_message_by_id(id).expect("read").expect("there");
        let line = Row::new(&message, false).to_line().expect("JSON");
        assert!(line.contains(r#""tokens_used":10,"#), "{line}");
        assert!(line.contains(r#""cost":"0.00125","latency_ms":900,"#), "{line}");
        assert_eq!(NewMessage::from_json(&line).expect("a message"), NewMessage::from(message));
    }
}
