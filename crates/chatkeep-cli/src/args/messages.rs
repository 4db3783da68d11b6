//! `chatkeep messages …`

use std::path::PathBuf;

use chatkeep::{Cursor, MessageFilter, MetadataFilter, Timestamp, Usage};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::examples;
use super::file_mode::{self, FileMode};
use crate::age::parse_age;
use crate::time_range::{parse_since, parse_time, parse_until};

#[derive(Debug, Subcommand)]
pub(crate) enum MessagesCommand {
    /// Store one message and print its id
    #[command(after_help = examples! {
        "chatkeep messages log \"Explain WAL\" --response \"A write-ahead log.\""
        "chatkeep messages log \"Hi\" --provider openai --model gpt-4o --tokens 12"
        "chatkeep messages log \"Hi\" --metadata '{\"user\": \"u-17\", \"rating\": 5}'"
        "cat question.txt | chatkeep messages log - --provider anthropic"
    })]
    Log(LogOptions),

    /// List messages, newest first
    #[command(after_help = examples! {
        "chatkeep messages list"
        "chatkeep messages list --provider openai --since 7d --limit 50"
        "chatkeep messages list --since 2023-09-01 --until 2023-09-30"
        "chatkeep messages list --metadata user=u-17 --metadata rating=5"
        "chatkeep messages list --json | jq -r '.[].user_message'"
    })]
    List(ListOptions),

    /// Show one message in full
    #[command(after_help = examples! {
        "chatkeep messages get 1912"
        "chatkeep messages get 1912 --json | jq .metadata"
    })]
    Get {
        /// Id of the message
        #[arg(allow_negative_numbers = true)]
        id: i64,
    },

    /// Find messages whose text or response contains a phrase, ignoring case
    #[command(after_help = examples! {
        "chatkeep messages search \"write-ahead log\""
        "chatkeep messages search 100% --limit 5"
        "chatkeep messages search WAL --user-id 7 --since 30d"
    })]
    Search(SearchOptions),

    /// Show totals and charts by day, provider and model
    #[command(
        long_about = "Show totals and charts by day, provider and model\n\n\
            The numbers are read from stored totals, which chatkeep updates whenever it \
            stores or deletes messages. If other programs changed or deleted rows, --check \
            compares the totals with all messages, and --rebuild recomputes them.",
        after_help = examples! {
            "chatkeep messages stats"
            "chatkeep messages stats --since 30d"
            "chatkeep messages stats --since 2023-09-01 --until 2023-09-30 --json"
            "chatkeep messages stats --check || chatkeep messages stats --rebuild"
        }
    )]
    Stats(StatsOptions),

    /// Count messages
    #[command(after_help = examples! {
        "chatkeep messages count"
        "chatkeep messages count --provider openai --since 24w"
    })]
    Count(FilterOptions),

    /// Import messages from JSON Lines
    #[command(
        long_about = "Import messages from JSON Lines\n\n\
            Each line is a JSON object with the keys user_message (required), bot_response, \
            provider, model, tokens_used, metadata, timestamp, conversation_id, user_id, \
            input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost, latency_ms, \
            ttft_ms, status and error. An id is ignored. Lines are \
            stored in batches, each in one transaction. The import stops at the first invalid \
            line. The error names the line, the number of messages stored before it, and the \
            --from-line that continues the import without storing a message twice.",
        after_help = examples! {
            "chatkeep messages import chats.jsonl"
            "chatkeep messages import chats.jsonl --dry-run"
            "chatkeep messages import chats.jsonl --from-line 1501"
            "zcat chats.jsonl.gz | chatkeep messages import -"
        }
    )]
    Import(ImportOptions),

    /// Export messages as JSON Lines, oldest first
    #[command(
        long_about = "Export messages as JSON Lines, oldest first\n\n\
            A file appears under its name only when it is complete. The formats for \
            fine-tuning omit messages with an empty text or response.",
        after_help = examples! {
            "chatkeep messages export chats.jsonl"
            "chatkeep messages export --since 7d | gzip > week.jsonl.gz"
            "chatkeep messages export train.jsonl --format openai --metadata rating=5"
        }
    )]
    Export(ExportOptions),

    /// Delete old messages
    #[command(
        long_about = "Delete old messages\n\n\
            Messages are deleted in batches of a few milliseconds, so that other programs can \
            write in between. Their space is reused for new messages. A SQLite file keeps \
            its size unless --reclaim is given. --reclaim rewrites the file (VACUUM), which \
            temporarily needs free disk space of the file's size, and blocks writers.",
        after_help = examples! {
            "chatkeep messages prune --older-than 90d --dry-run"
            "chatkeep messages prune --older-than 12w"
            "chatkeep messages prune --older-than 365 --yes"
            "chatkeep messages prune --older-than 30d --yes --reclaim"
        }
    )]
    Prune(PruneOptions),
}

#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// The user's message; - reads it from standard input, without the final line break
    pub(crate) text: String,

    /// Response to the message
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) response: Option<String>,

    /// Provider of the response, such as openai (at most 50 characters)
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Model of the response, such as gpt-4o (at most 100 characters)
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// Number of tokens used
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) tokens: Option<i64>,

    /// Further data, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,

    /// Time of the message, in UTC unless it has an offset [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) timestamp: Option<Timestamp>,

    /// Id of the conversation
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) conversation_id: Option<i64>,

    /// Id of the user
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) user_id: Option<i64>,

    #[command(flatten)]
    pub(crate) usage: UsageOptions,
}

/// Options of a message's usage.
#[derive(Debug, Args)]
pub(crate) struct UsageOptions {
    /// Number of input tokens, including cached ones
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) input_tokens: Option<i64>,

    /// Number of output tokens, including reasoning
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) output_tokens: Option<i64>,

    /// Number of cached input tokens
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) cached_tokens: Option<i64>,

    /// Number of output tokens of the reasoning
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) reasoning_tokens: Option<i64>,

    /// Cost in US dollars, such as 0.00125
    #[arg(long, value_name = "USD", allow_negative_numbers = true)]
    pub(crate) cost: Option<String>,

    /// Duration of the request, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) latency_ms: Option<i64>,

    /// Time to the first token, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) ttft_ms: Option<i64>,

    /// Outcome: completed, failed, cancelled or interrupted
    #[arg(long)]
    pub(crate) status: Option<String>,

    /// Error of the request
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) error: Option<String>,
}

impl UsageOptions {
    pub(crate) fn usage(self) -> chatkeep::Result<Usage> {
        Ok(Usage {
            input_tokens: self.input_tokens,
            output_tokens: self.output_tokens,
            cached_tokens: self.cached_tokens,
            reasoning_tokens: self.reasoning_tokens,
            cost: self.cost.as_deref().map(str::parse).transpose()?,
            latency_ms: self.latency_ms,
            ttft_ms: self.ttft_ms,
            status: self.status.as_deref().map(str::parse).transpose()?,
            error: self.error,
        })
    }
}

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

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// Input file, or - for standard input
    pub(crate) file: PathBuf,

    /// First line to import; earlier ones are skipped
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub(crate) from_line: u64,

    /// Maximum number of messages per transaction (1-10,000)
    #[arg(
        long,
        value_name = "ROWS",
        default_value_t = 500,
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    pub(crate) batch: u32,

    /// Keep conversation_id and user_id, which name rows of the database from which the file was
    /// exported
    #[arg(long)]
    pub(crate) keep_references: bool,

    /// Validate every line and list the invalid ones; store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Output file, or - for standard output
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,

    /// Format of each line
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: ExportFormat,

    /// Oldest first (default), so that an import keeps the order
    #[arg(long)]
    pub(crate) oldest_first: bool,

    /// Newest first (jsonl only)
    #[arg(long, conflicts_with = "oldest_first")]
    pub(crate) newest_first: bool,

    /// Include the ids (jsonl only)
    #[arg(long)]
    pub(crate) with_ids: bool,

    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,

    /// Octal permissions of the file; a replacement never gets more than the old file
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = file_mode::parse)]
    pub(crate) file_mode: FileMode,

    #[command(flatten)]
    pub(crate) filter: FilterOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// All fields, as `chatkeep messages import` reads them
    Jsonl,
    /// OpenAI's chat format for fine-tuning
    Openai,
    /// Alpaca: instruction, input, output
    Alpaca,
    /// ShareGPT: conversations of human and gpt
    Sharegpt,
}

#[derive(Debug, Args)]
pub(crate) struct PruneOptions {
    /// Minimum age in days or weeks: 30d, 12w, or a number of days
    #[arg(long, value_name = "AGE", value_parser = parse_age, allow_hyphen_values = true)]
    pub(crate) older_than: i64,

    /// Only count the messages that would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Delete without confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Rewrite the file afterwards to free disk space (SQLite only)
    #[arg(long)]
    pub(crate) reclaim: bool,
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
