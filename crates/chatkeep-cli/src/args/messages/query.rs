//! Options that select messages: of `chatkeep messages list`, `search`, `count` and `stats`.

use chatkeep::{Cursor, MessageFilter, MetadataFilter, Timestamp};
use clap::Args;
use serde_json::Value;

use crate::time_range::{parse_since, parse_until};

/// Options that select messages.
#[derive(Debug, Args)]
pub(crate) struct FilterOptions {
    /// Only messages of this provider
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Only messages of this model
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// Earliest time: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 7d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Latest time, inclusive; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    /// Only messages with this metadata value (repeatable)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) metadata: Vec<MetadataFilter>,

    /// Only messages of this conversation
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) conversation_id: Option<i64>,

    /// Only messages of this user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) user_id: Option<i64>,
}

impl FilterOptions {
    pub(crate) fn filter(&self) -> MessageFilter {
        MessageFilter {
            provider: self.provider.clone(),
            model: self.model.clone(),
            start: self.since,
            end: self.until,
            metadata: self.metadata.clone(),
            conversation_id: self.conversation_id,
            user_id: self.user_id,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Maximum number of messages (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// Number of messages to skip [default: 0]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) offset: Option<i64>,

    /// List the messages after this cursor, which the previous page returned
    #[arg(long, value_parser = parse_cursor)]
    pub(crate) cursor: Option<Cursor>,

    #[command(flatten)]
    pub(crate) filter: FilterOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// Phrase to find; % and _ are ordinary characters
    pub(crate) query: String,

    /// Maximum number of messages (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// Number of messages to skip
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) offset: i64,

    #[command(flatten)]
    pub(crate) filter: FilterOptions,
}

#[derive(Debug, Args)]
pub(crate) struct StatsOptions {
    /// Earliest time: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 7d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Latest time, inclusive; a date includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    /// Only messages of this conversation
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) conversation_id: Option<i64>,

    /// Only messages of this user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) user_id: Option<i64>,

    /// Compare the stored totals with all messages; exits with 1 if they differ
    #[arg(long, conflicts_with_all = ["since", "until", "conversation_id", "user_id"])]
    pub(crate) check: bool,

    /// Recompute the stored totals; other programs can write at the same time
    #[arg(long, conflicts_with_all = ["since", "until", "conversation_id", "user_id", "check"])]
    pub(crate) rebuild: bool,
}

/// Parses `key=value`. A value that is valid JSON gets its JSON type. Any other value is a string.
fn parse_pair(text: &str) -> Result<MetadataFilter, String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or("must be KEY=VALUE, such as user=u-17")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    MetadataFilter::new(key, value).map_err(|error| error.message().to_owned())
}

fn parse_cursor(text: &str) -> Result<Cursor, String> {
    text.parse().map_err(|error: chatkeep::Error| error.message().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_are_json_have_their_json_type() {
        let cases = [
            ("rating=5", "rating", json!(5)),
            ("user=u-17", "user", json!("u-17")),
            ("ok=true", "ok", json!(true)),
            ("text=\"5\"", "text", json!("5")),
            ("url=a=b", "url", json!("a=b")),
            ("odd=1,\"x\":2", "odd", json!("1,\"x\":2")),
            ("empty=", "empty", json!("")),
        ];
        for (text, key, value) in cases {
            let pair = parse_pair(text).expect(text);
            assert_eq!((pair.key(), pair.value()), (key, &value), "{text}");
        }
    }

    #[test]
    fn pairs_without_key_or_with_nested_values_are_rejected() {
        for text in ["rating", "=5", "tags=[1]", "tags={}"] {
            assert!(parse_pair(text).is_err(), "{text}");
        }
    }
}
