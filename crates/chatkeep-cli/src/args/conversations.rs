//! `chatkeep conversations …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;
use super::output_file::OutputFileOptions;
use super::page::PageOptions;
use crate::age::parse_age;

#[derive(Debug, Subcommand)]
pub(crate) enum ConversationsCommand {
    /// List conversations, the latest activity first
    #[command(after_help = examples! {
        "chatkeep conversations list"
        "chatkeep conversations list --user ada@example.org --archived"
        "chatkeep conversations list --json | jq -r '.conversations[].public_id'"
    })]
    List(ListOptions),

    /// Show a conversation as a transcript
    #[command(
        long_about = "Show a conversation as a transcript\n\n\
            Turns are shown in order, with the items that belong to them: tool calls, \
            attachments, and messages of other roles. Long lines are wrapped.",
        after_help = examples! {
            "chatkeep conversations show 019dc0de-1111-7222-8333-444455556666"
            "chatkeep conversations show chat-17 --last 5"
            "chatkeep conversations show chat-17 --color always | less -R"
        }
    )]
    Show {
        #[command(flatten)]
        conversation: ConversationArgument,

        /// Show only the last turns (1-10,000) [default: all]
        #[arg(long, value_name = "N", allow_negative_numbers = true)]
        last: Option<i64>,
    },

    /// Export conversations as JSON Lines, with their turns and items
    #[command(
        long_about = "Export conversations as JSON Lines, with their turns and items\n\n\
            Each line is a conversation, oldest first. `chatkeep conversations import` reads \
            the file. A file appears under its name only when it is complete.",
        after_help = examples! {
            "chatkeep conversations export chats.jsonl"
            "chatkeep conversations export --user ada@example.org ada.jsonl"
            "chatkeep conversations export --id chat-17 | jq '.turns[].user_message'"
        }
    )]
    Export(ExportOptions),

    /// Import conversations of ChatGPT, Claude or chatkeep
    #[command(
        long_about = "Import conversations of ChatGPT, Claude or chatkeep\n\n\
            The format is detected: conversations.json from the data export of ChatGPT or \
            Claude, or a file of `chatkeep conversations export`. A conversation keeps its id. \
            Those whose id is already in the database are skipped, so an import can be \
            repeated. Each conversation is stored in one transaction; invalid ones are listed \
            and not stored.\n\n\
            A question and its response become a turn. Tool calls, reasoning, attachments and \
            messages of other roles become items of the turn. Of several branches, the shown \
            one is stored. NUL characters are replaced by U+FFFD.",
        after_help = examples! {
            "chatkeep conversations import conversations.json --dry-run"
            "chatkeep conversations import conversations.json --user ada@example.org"
            "zcat chats.jsonl.gz | chatkeep conversations import -"
        }
    )]
    Import(ImportOptions),

    /// Set or remove the title of a conversation
    #[command(after_help = examples! {
        "chatkeep conversations rename chat-17 \"Write-ahead logging\""
        "chatkeep conversations rename chat-17 --none"
    })]
    Rename {
        #[command(flatten)]
        conversation: ConversationArgument,

        /// New title (at most 255 characters)
        #[arg(required_unless_present = "none", conflicts_with = "none")]
        title: Option<String>,

        /// Remove the title
        #[arg(long)]
        none: bool,
    },

    /// Archive a conversation: lists omit it
    #[command(after_help = examples! {
        "chatkeep conversations archive chat-17"
        "chatkeep conversations archive chat-17 --undo"
    })]
    Archive {
        #[command(flatten)]
        conversation: ConversationArgument,

        /// Show the conversation in lists again
        #[arg(long)]
        undo: bool,
    },

    /// Delete a conversation with its messages, items and streams
    #[command(after_help = examples! {
        "chatkeep conversations delete chat-17"
        "chatkeep conversations delete chat-17 --yes"
    })]
    Delete {
        #[command(flatten)]
        conversation: ConversationArgument,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },

    /// Delete the conversations without recent activity
    #[command(after_help = examples! {
        "chatkeep conversations prune --older-than 365d --dry-run"
        "chatkeep conversations prune --older-than 52w --yes"
    })]
    Prune(PruneOptions),
}

/// The conversation of a command.
#[derive(Debug, Args)]
pub(crate) struct ConversationArgument {
    /// Id of the conversation, as shown by `chatkeep conversations list`
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only conversations of this user: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// List archived conversations, instead of the others
    #[arg(long)]
    pub(crate) archived: bool,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Output file, or - for standard output
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,

    /// Only the conversation with this id (repeatable)
    #[arg(long, value_name = "ID", conflicts_with = "user")]
    pub(crate) id: Vec<String>,

    /// Only conversations of this user: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    #[command(flatten)]
    pub(crate) output_file: OutputFileOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// Input files, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,

    /// Owner of the conversations: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Validate every conversation and show the result; store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PruneOptions {
    /// Minimum time since the last activity: 30d, 12w, or a number of days
    #[arg(long, value_name = "AGE", value_parser = parse_age, allow_hyphen_values = true)]
    pub(crate) older_than: i64,

    /// Only count the conversations that would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Delete without confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}
