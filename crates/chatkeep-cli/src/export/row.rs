//! One line of an export. It has all keys that `messages import` reads, always in the same order.

use chatkeep::{Error, Message, Metadata, Timestamp};
use serde::Serialize;

use crate::text;

#[derive(Serialize)]
pub(super) struct Row<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    timestamp: Timestamp,
    user_message: &'a str,
    bot_response: Option<&'a str>,
    provider: Option<&'a str>,
    model: Option<&'a str>,
    tokens_used: Option<i64>,
    metadata: Option<&'a Metadata>,
}

impl<'a> Row<'a> {
    pub(super) fn new(message: &'a Message, with_id: bool) -> Self {
        Self {
            id: with_id.then_some(message.id),
            timestamp: message.timestamp,
            user_message: &message.user_message,
            bot_response: message.bot_response.as_deref(),
            provider: message.provider.as_deref(),
            model: message.model.as_deref(),
            tokens_used: message.tokens_used,
            metadata: message.metadata.as_ref(),
        }
    }

    /// Formats the row as a line with its line break.
    pub(super) fn to_line(&self) -> Result<String, Error> {
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
    use chatkeep::{Chatkeep, NewMessage};

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
}
