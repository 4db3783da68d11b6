//! Parsing of a message from a line of JSON, as in exports.

use serde_json::{Map, Value};

use super::new::NewMessage;
use super::usage::Usage;
use crate::error::{Error, Result};
use crate::value::{Cost, Metadata, Timestamp};

const KEYS: &str = "timestamp, user_message, bot_response, provider, model, tokens_used, metadata, \
    conversation_id, user_id, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost, \
    latency_ms, ttft_ms, status, error";

impl NewMessage {
    /// Parses a message from a JSON object.
    ///
    /// Its keys are `user_message` (or `message`), `bot_response` (or `response`), `provider`,
    /// `model`, `tokens_used`, `metadata` and `timestamp`, and those of the conversation, the user
    /// and the [`Usage`]. Null is the same as a missing key. An `id` is ignored, because the
    /// database assigns ids.
    ///
    /// ```
    /// use chatkeep_core::NewMessage;
    ///
    /// let message = NewMessage::from_json(r#"{"user_message": "hi", "tokens_used": 7}"#)?;
    /// assert_eq!(message.tokens_used, Some(7));
    /// let error = NewMessage::from_json(r#"{"user_message": 5}"#).unwrap_err();
    /// assert_eq!(error.field(), Some("user_message"));
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the field's name if a value has the wrong type or a key is unknown. With
    /// the field `message` if the text is not a JSON object.
    pub fn from_json(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            Error::invalid_input("message", format!("is not a JSON object: {error}"))
        })?;
        let Value::Object(map) = value else {
            return Err(Error::invalid_input("message", "must be a JSON object"));
        };
        // The strict parser gets the original text of the metadata, so that it detects integers
        // that are too large.
        let metadata = map
            .get("metadata")
            .filter(|value| !value.is_null())
            .map(|_| raw_metadata(text))
            .transpose()?;
        let message = Self::from_object(map, metadata)?;
        message.check()?;
        Ok(message)
    }

    fn from_object(map: Map<String, Value>, metadata: Option<Metadata>) -> Result<Self> {
        let mut message = Self { metadata, ..Self::default() };
        let mut usage = Usage::default();
        let mut has_text = false;
        for (key, value) in map {
            match key.as_str() {
                "user_message" | "message" => {
                    message.user_message = string("user_message", value)?.ok_or_else(|| {
                        Error::invalid_input("user_message", "must be a string, not null")
                    })?;
                    has_text = true;
                }
                "bot_response" | "response" => {
                    message.bot_response = string("bot_response", value)?
                }
                "provider" => message.provider = string("provider", value)?,
                "model" => message.model = string("model", value)?,
                "tokens_used" => message.tokens_used = integer("tokens_used", &value)?,
                "conversation_id" => {
                    message.conversation_id = integer_from(1, "conversation_id", &value)?
                }
                "user_id" => message.user_id = integer_from(1, "user_id", &value)?,
                "input_tokens" => usage.input_tokens = integer("input_tokens", &value)?,
                "output_tokens" => usage.output_tokens = integer("output_tokens", &value)?,
                "cached_tokens" => usage.cached_tokens = integer("cached_tokens", &value)?,
                "reasoning_tokens" => usage.reasoning_tokens = integer("reasoning_tokens", &value)?,
                "cost" if !value.is_null() => usage.cost = Some(Cost::from_json(&value)?),
                "latency_ms" => usage.latency_ms = integer("latency_ms", &value)?,
                "ttft_ms" => usage.ttft_ms = integer("ttft_ms", &value)?,
                "status" => {
                    usage.status =
                        string("status", value)?.as_deref().map(str::parse).transpose()?;
                }
                "error" => usage.error = string("error", value)?,
                "timestamp" => {
                    message.timestamp =
                        string("timestamp", value)?.as_deref().map(Timestamp::parse).transpose()?;
                }
                "metadata" | "id" | "cost" => {}
                other => {
                    let shown: String = other.chars().take(40).collect();
                    return Err(Error::invalid_input(
                        shown,
                        format!("is not a key of a message; valid keys: {KEYS}"),
                    ));
                }
            }
        }
        if !has_text {
            return Err(Error::invalid_input("user_message", "is missing"));
        }
        Ok(message.with_usage(usage))
    }
}

/// Parses the value of the key `metadata` from its original text.
fn raw_metadata(text: &str) -> Result<Metadata> {
    #[derive(serde::Deserialize)]
    struct Line<'a> {
        #[serde(borrow)]
        metadata: &'a serde_json::value::RawValue,
    }
    let line: Line<'_> = serde_json::from_str(text)
        .map_err(|error| Error::invalid_input("metadata", format!("is invalid: {error}")))?;
    Metadata::parse(line.metadata.get())
}

fn string(field: &'static str, value: Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(Error::invalid_input(field, "must be a string or null")),
    }
}

fn integer(field: &'static str, value: &Value) -> Result<Option<i64>> {
    integer_from(0, field, value)
}

/// Parses an integer. The least one is only named by the error; the message's check rejects others.
fn integer_from(least: i64, field: &'static str, value: &Value) -> Result<Option<i64>> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
        _ => None,
    };
    number.map(Some).ok_or_else(|| {
        let wrong = format!("must be a whole number from {least} to {}, or null", i64::MAX);
        Error::invalid_input(field, wrong)
    })
}

/// Returns the integer value of a double such as 1.0, up to 2^53. JSON has one number type, and
/// programs with only doubles may write integers this way.
fn whole(double: f64) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
    (double.fract() == 0.0 && double.abs() <= LARGEST).then_some(double as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(text: &str) -> String {
        NewMessage::from_json(text).expect_err(text).field().unwrap_or_default().to_owned()
    }

    #[test]
    fn line_of_an_export_is_parsed_completely() {
        let line = r#"{"id": 7, "timestamp": "2023-09-23T21:02:11.539144+00:00",
            "user_message": "a", "bot_response": "b", "provider": "p", "model": "m",
            "tokens_used": null, "metadata": {"n": 18446744073709551615}}"#;
        let message = NewMessage::from_json(line).unwrap();
        assert_eq!(message.timestamp.unwrap().to_string(), "2023-09-23T21:02:11.539144+00:00");
        assert_eq!(message.metadata.unwrap().as_json(), r#"{"n":18446744073709551615}"#);
    }

    #[test]
    fn conversation_user_and_usage_are_parsed() {
        let line = r#"{"user_message": "a", "conversation_id": 5, "user_id": 7,
            "input_tokens": 10, "output_tokens": 4.0, "cached_tokens": 3, "reasoning_tokens": 1,
            "cost": "0.00125", "latency_ms": 900, "ttft_ms": 80, "status": "failed",
            "error": "timeout"}"#;
        let message = NewMessage::from_json(line).unwrap();
        assert_eq!((message.conversation_id, message.user_id), (Some(5), Some(7)));
        assert_eq!(message.total_tokens(), Some(14));
        let usage = message.usage.unwrap();
        assert_eq!(usage.cost.unwrap().to_string(), "0.00125");
        assert_eq!((usage.latency_ms, usage.ttft_ms), (Some(900), Some(80)));
        assert_eq!(usage.status.unwrap().as_str(), "failed");
        assert_eq!(usage.error.as_deref(), Some("timeout"));

        let nulls = r#"{"user_message": "a", "user_id": null, "cost": null, "status": null}"#;
        assert_eq!(NewMessage::from_json(nulls).unwrap(), NewMessage::new("a"));
    }

    #[test]
    fn token_counts_written_as_doubles_are_accepted() {
        let tokens = |text: &str| {
            let line = format!(r#"{{"user_message": "a", "tokens_used": {text}}}"#);
            NewMessage::from_json(&line).map(|message| message.tokens_used)
        };
        assert_eq!(tokens("42.0").unwrap(), Some(42));
        assert_eq!(tokens("1e3").unwrap(), Some(1000));
        for text in ["1.5", "1e16", "123456789012345678901234567890", "-1.0", "true"] {
            assert_eq!(tokens(text).expect_err(text).field(), Some("tokens_used"), "{text}");
        }
    }

    #[test]
    fn errors_name_the_invalid_field() {
        assert_eq!(
            field(r#"{"user_message": "a", "metadata": {"n": 18446744073709551616}}"#),
            "metadata"
        );
        assert_eq!(field(r#"{"user_message": "a", "metadata": [1]}"#), "metadata");
        assert_eq!(field(r#"{"user_message": "a", "tokens_used": 1.5}"#), "tokens_used");
        assert_eq!(field(r#"{"user_message": "a", "modle": "x"}"#), "modle");
        assert_eq!(field(r#"{"user_message": "a", "cost": 0.5}"#), "cost");
        assert_eq!(field(r#"{"user_message": "a", "status": "done"}"#), "status");
        assert_eq!(field(r#"{"user_message": "a", "user_id": 0}"#), "user_id");
        assert_eq!(field(r#"{"user_message": "a", "latency_ms": "1"}"#), "latency_ms");
        assert_eq!(field(r#"{"bot_response": "a"}"#), "user_message");
        assert_eq!(field(r#"{"user_message": "a", "timestamp": "later"}"#), "timestamp");
        assert_eq!(field(r#"{"user_message": "a""#), "message");
    }
}
