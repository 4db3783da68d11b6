//! Export of messages as training data.

use std::io::Write;
use std::str::FromStr;

use chatkeep_core::described::{FromValue, Record, Value as Argument};
use chatkeep_core::{Error, Message, Result};
use serde_json::{Value, json};

/// A format of training data. All formats are JSON Lines: one object per line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Record)]
#[non_exhaustive]
pub enum FineTuningFormat {
    /// `{"messages": [{"role": "user", "content": …}, {"role": "assistant", "content": …}]}`, the
    /// format of OpenAI's fine-tuning.
    #[default]
    Jsonl,
    /// `{"instruction": …, "input": "", "output": …}`, the format of Stanford Alpaca.
    Alpaca,
    /// `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`, the
    /// format of ShareGPT.
    #[record(name = "sharegpt")]
    ShareGpt,
}

impl FineTuningFormat {
    /// Returns the format's name: `jsonl`, `alpaca`, `sharegpt`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Alpaca => "alpaca",
            Self::ShareGpt => "sharegpt",
        }
    }

    /// Formats a message as one line, without a line feed.
    ///
    /// Returns `None` if its text or response is missing, empty or blank: training services reject
    /// such examples.
    ///
    /// ```
    /// use chatkeep::{Chatkeep, FineTuningFormat, NewMessage};
    ///
    /// let chat = Chatkeep::open("sqlite:///:memory:")?;
    /// let id = chat.messages().log_message(&NewMessage::new("q").with_response("a"))?;
    /// let message = chat.messages().get_message_by_id(id)?.expect("it was just logged");
    /// let line = FineTuningFormat::Alpaca.line(&message);
    /// assert_eq!(line.as_deref(), Some(r#"{"input":"","instruction":"q","output":"a"}"#));
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    pub fn line(self, message: &Message) -> Option<String> {
        let is_present = |text: &&str| !text.trim().is_empty();
        let question = Some(&*message.user_message).filter(is_present)?;
        let answer = message.bot_response.as_deref().filter(is_present)?;
        Some(on_one_line(self.example(question, answer).to_string()))
    }

    fn example(self, question: &str, answer: &str) -> Value {
        match self {
            Self::Jsonl => json!({"messages": [
                {"role": "user", "content": question},
                {"role": "assistant", "content": answer},
            ]}),
            Self::Alpaca => json!({"instruction": question, "input": "", "output": answer}),
            Self::ShareGpt => json!({"conversations": [
                {"from": "human", "value": question},
                {"from": "gpt", "value": answer},
            ]}),
        }
    }
}

impl FromValue for FineTuningFormat {
    fn from_value(value: Argument) -> Result<Self> {
        String::from_value(value)?.parse()
    }
}

impl FromStr for FineTuningFormat {
    type Err = Error;

    /// Parses a format's name. `openai` is an alias of `jsonl`.
    fn from_str(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "jsonl" | "openai" => Ok(Self::Jsonl),
            "alpaca" => Ok(Self::Alpaca),
            "sharegpt" => Ok(Self::ShareGpt),
            other => Err(Error::invalid_input(
                "format",
                format!("must be jsonl, alpaca or sharegpt, not {other:?}"),
            )),
        }
    }
}

/// Escapes the characters at which some programs split lines, such as Python's `splitlines`. JSON
/// has them only in strings.
fn on_one_line(json: String) -> String {
    const ENDS: [(char, &str); 3] =
        [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    ENDS.iter().fold(
        json,
        |json, (end, escaped)| {
            if json.contains(*end) { json.replace(*end, escaped) } else { json }
        },
    )
}

/// Writes the messages that have a text and a response, and returns their number.
pub(crate) fn export(
    messages: impl Iterator<Item = Result<Message>>,
    format: FineTuningFormat,
    out: &mut dyn Write,
) -> Result<u64> {
    let mut written = 0;
    for message in messages {
        let Some(line) = format.line(&message?) else { continue };
        writeln!(out, "{line}").map_err(|error| {
            Error::internal(format!("failed to write the output: {error}")).with_source(error)
        })?;
        written += 1;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_has_its_documented_shape() {
        let line = |format: FineTuningFormat| format.example("q", "a").to_string();
        assert_eq!(
            line(FineTuningFormat::Jsonl),
            r#"{"messages":[{"content":"q","role":"user"},{"content":"a","role":"assistant"}]}"#
        );
        assert_eq!(
            line(FineTuningFormat::Alpaca),
            r#"{"input":"","instruction":"q","output":"a"}"#
        );
        assert_eq!(
            line(FineTuningFormat::ShareGpt),
            r#"{"conversations":[{"from":"human","value":"q"},{"from":"gpt","value":"a"}]}"#
        );
        let lines = "a\u{85}b\u{2028}c\u{2029}d";
        let line = on_one_line(FineTuningFormat::Alpaca.example(lines, "a").to_string());
        assert_eq!(line, r#"{"input":"","instruction":"a\u0085b\u2028c\u2029d","output":"a"}"#);
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["instruction"], lines);
        assert_eq!("xml".parse::<FineTuningFormat>().unwrap_err().field(), Some("format"));
    }
}
