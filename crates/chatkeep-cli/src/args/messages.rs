//! `chatkeep messages …`

use std::path::PathBuf;

use chatkeep::{Cursor, MessageFilter, MetadataFilter, Timestamp};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::examples;
use super::file_mode::{self, FileMode};
use crate::age::parse_age;
use crate::moment::{exact, parse_since, parse_until};

#[derive(Debug, Subcommand)]
pub(crate) enum MessagesCommand {
    /// Store one message and print its id
    #[command(after_help = examples! {
        "chatkeep messages log \"What is WAL?\" --response \"A write-ahead log.\""
        "chatkeep messages log \"Hi\" --provider openai --model gpt-4o --tokens 12"
        "chatkeep messages log \"Hi\" --metadata '{\"user\": \"u-17\", \"rating\": 5}'"
        "cat question.txt | chatkeep messages log - --provider anthropic"
    })]
    Log(LogOptions),

    /// List messages, the newest first
    #[command(after_help = examples! {
        "chatkeep messages list"
        "chatkeep messages list --provider openai --since 7d --limit 50"
        "chatkeep messages list --since 2023-09-01 --until 2023-09-30"
        "chatkeep messages list --metadata user=u-17 --metadata rating=5"
        "chatkeep messages list --json | jq -r '.[].user_message'"
    })]
    List(ListOptions),

    /// Show one message whole
    #[command(after_help = examples! {
        "chatkeep messages get 1912"
        "chatkeep messages get 1912 --json | jq .metadata"
    })]
    Get {
        /// The message's id
        #[arg(allow_negative_numbers = true)]
        id: i64,
    },

    /// Find messages whose text or response holds some words, in whatever case
    #[command(after_help = examples! {
        "chatkeep messages search \"write-ahead log\""
        "chatkeep messages search 100% --limit 5"
    })]
    Search(SearchOptions),

    /// Show totals and a chart by day, provider and model
    #[command(
        long_about = "Show totals and a chart by day, provider and model\n\n\
            They are read from totals that are kept by hour and day, which follow every message that is stored or \
            deleted by chatkeep. After other programs have changed or deleted rows, --check adds all messages up \
            anew and compares, and --rebuild counts them anew.",
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

    /// Store messages from JSON Lines
    #[command(
        long_about = "Store messages from JSON Lines\n\n\
            Each line is one JSON object with the keys user_message (needed), bot_response, provider, model, \
            tokens_used, metadata and timestamp; an id is ignored. Lines are stored in batches, each in one \
            transaction. A line that cannot be stored ends the import: the error names the line, what was stored \
            before it, and the --from-line that continues there without storing anything twice.",
        after_help = examples! {
            "chatkeep messages import chats.jsonl"
            "chatkeep messages import chats.jsonl --dry-run"
            "chatkeep messages import chats.jsonl --from-line 1501"
            "zcat chats.jsonl.gz | chatkeep messages import -"
        }
    )]
    Import(ImportOptions),

    /// Write messages as JSON Lines, the oldest first
    #[command(
        long_about = "Write messages as JSON Lines, the oldest first\n\n\
            A file appears under its name only when it is complete. The formats for fine-tuning leave out \
            messages without a response.",
        after_help = examples! {
            "chatkeep messages export chats.jsonl"
            "chatkeep messages export --since 7d | gzip > week.jsonl.gz"
            "chatkeep messages export train.jsonl --format openai --metadata rating=5"
        }
    )]
    Export(ExportOptions),

    /// Delete messages older than an age
    #[command(
        long_about = "Delete messages older than an age\n\n\
            They are deleted in batches of a few milliseconds, so that others can write meanwhile. The room that they had is \
            used again for new messages. On SQLite the file keeps its size; --reclaim then writes it anew without the free \
            room (VACUUM), for which the disk needs as much room again, and nobody can write meanwhile.",
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
    /// The user's message; - reads it from standard input (without its last line break)
    pub(crate) text: String,

    /// The answer to it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) response: Option<String>,

    /// Who answered, such as openai
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Which model answered, such as gpt-4o
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// How many tokens it took
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) tokens: Option<i64>,

    /// Anything else, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,

    /// When it was, instead of now (UTC unless it says otherwise)
    #[arg(long, value_name = "TIME", value_parser = exact)]
    pub(crate) timestamp: Option<Timestamp>,
}

/// Which messages are meant.
#[derive(Debug, Args)]
pub(crate) struct FilterOptions {
    /// Only messages of this provider
    #[arg(long)]
    pub(crate) provider: Option<String>,

    /// Only messages of this model
    #[arg(long)]
    pub(crate) model: Option<String>,

    /// From this time on: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 7d
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Up to this time; a date alone includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    /// Only messages whose metadata has this value (may be given several times)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub(crate) metadata: Vec<MetadataFilter>,
}

impl FilterOptions {
    pub(crate) fn filter(&self) -> MessageFilter {
        MessageFilter {
            provider: self.provider.clone(),
            model: self.model.clone(),
            start: self.since,
            end: self.until,
            metadata: self.metadata.clone(),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// How many, up to 10,000
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// How many to pass over
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) offset: Option<i64>,

    /// Go on after the page that ended with this cursor
    #[arg(long, value_parser = parse_cursor)]
    pub(crate) cursor: Option<Cursor>,

    #[command(flatten)]
    pub(crate) filter: FilterOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// The words; % and _ are plain characters
    pub(crate) query: String,

    /// How many, up to 10,000
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// How many to pass over
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) offset: i64,
}

#[derive(Debug, Args)]
pub(crate) struct StatsOptions {
    /// From this time on: 2023-09-23, 2023-09-23T21:02:11Z, or an age such as 30d
    #[arg(long, value_name = "TIME", value_parser = parse_since)]
    pub(crate) since: Option<Timestamp>,

    /// Up to this time; a date alone includes the whole day
    #[arg(long, value_name = "TIME", value_parser = parse_until)]
    pub(crate) until: Option<Timestamp>,

    /// Compare the kept totals with what all messages add up to; exit code 1 if they differ
    #[arg(long, conflicts_with_all = ["since", "until"])]
    pub(crate) check: bool,

    /// Count all messages anew; others can write meanwhile
    #[arg(long, conflicts_with_all = ["since", "until", "check"])]
    pub(crate) rebuild: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The file, or - for standard input
    pub(crate) file: PathBuf,

    /// Begin with this line; those before it are passed over
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) from_line: u64,

    /// Store this many messages in one transaction
    #[arg(long, value_name = "ROWS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: u32,

    /// Check every line, store nothing, and list the lines that cannot be stored
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// The file, or - for standard output
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,

    /// How each message is written
    #[arg(long, value_enum, default_value = "jsonl")]
    pub(crate) format: ExportFormat,

    /// The oldest first (the default): importing the file gives the same order
    #[arg(long)]
    pub(crate) oldest_first: bool,

    /// The newest first (jsonl only)
    #[arg(long, conflicts_with = "oldest_first")]
    pub(crate) newest_first: bool,

    /// Write each message's id too (jsonl only)
    #[arg(long)]
    pub(crate) with_ids: bool,

    /// Replace the file if there is one
    #[arg(long)]
    pub(crate) force: bool,

    /// Permissions of the file in octal digits; one that is replaced is never given more than it had
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = file_mode::parse)]
    pub(crate) file_mode: FileMode,

    #[command(flatten)]
    pub(crate) filter: FilterOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Everything, as `messages import` reads it
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
    /// The age: 30d, 12w, or days alone
    #[arg(long, value_name = "AGE", value_parser = parse_age, allow_hyphen_values = true)]
    pub(crate) older_than: i64,

    /// Only say how many messages would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,

    /// Give the room back to the file system afterwards (SQLite only): the file is written anew
    #[arg(long)]
    pub(crate) reclaim: bool,
}

/// `key=value`: the value is a number, true, false or null if it reads like one, else a string.
fn parse_pair(text: &str) -> Result<MetadataFilter, String> {
    let (key, value) = text
        .split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or("write it as KEY=VALUE, such as user=u-17")?;
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
    fn a_value_is_what_it_reads_like() {
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
    fn a_pair_without_key_or_with_a_nested_value_is_refused() {
        for text in ["rating", "=5", "tags=[1]", "tags={}"] {
            assert!(parse_pair(text).is_err(), "{text}");
        }
    }
}
