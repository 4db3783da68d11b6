//! `chatkeep messages …`

mod files;
mod log;
mod query;

use clap::{Args, Subcommand};

pub(crate) use self::files::{ExportFormat, ExportOptions, ImportOptions};
pub(crate) use self::log::LogOptions;
pub(crate) use self::query::{FilterOptions, ListOptions, SearchOptions, StatsOptions};
use super::examples;
use crate::age::parse_age;

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
