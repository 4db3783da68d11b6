//! `chatkeep graph …`

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::examples;
use super::output_file::OutputFileOptions;
use crate::age::parse_age;

#[derive(Debug, Subcommand)]
pub(crate) enum GraphCommand {
    /// List the threads of agents, newest first
    #[command(after_help = examples! {
        "chatkeep graph threads"
        "chatkeep graph threads --user ada@example.org --limit 50"
        "chatkeep graph threads --json | jq -r '.[].thread'"
    })]
    Threads(ThreadsOptions),

    /// Show the checkpoints of a thread, or the values of one
    #[command(
        long_about = "Show the checkpoints of a thread, or the values of one\n\n\
            Checkpoints are shown newest first, with the sizes of their channels and of the \
            writes of their tasks. --checkpoint shows values: JSON and MessagePack as text, and \
            the messages of a chat as a transcript. Other values are shown as their format and \
            size. Nothing is executed, and no object is constructed. With --json, a checkpoint \
            has its values as base64 text.",
        after_help = examples! {
            "chatkeep graph show ada-1"
            "chatkeep graph show ada-1 --namespace \"\" --limit 5"
            "chatkeep graph show ada-1 --checkpoint 1ef663ba-28fe-6528-8002-5a559208592c"
        }
    )]
    Show(ShowOptions),

    /// Export the checkpoints of a thread as JSON Lines
    #[command(
        long_about = "Export the checkpoints of a thread as JSON Lines\n\n\
            Each line is a checkpoint with its values and writes, newest first, as the operation \
            list_checkpoints returns it. Values are base64 text. A file appears under its name \
            only when it is complete.",
        after_help = examples! {
            "chatkeep graph export ada-1 --output ada-1.jsonl"
            "chatkeep graph export ada-1 | jq -r .id"
        }
    )]
    Export(ExportOptions),

    /// Delete earlier checkpoints of threads, or inactive or expired threads
    #[command(
        long_about = "Delete earlier checkpoints of threads, or inactive or expired threads\n\n\
            With threads, the last checkpoints of each namespace remain, and so does what they \
            need: earlier checkpoints of channels that store changes only, and the writes of an \
            interrupted step. --inactive and --expired delete whole threads.",
        after_help = examples! {
            "chatkeep graph prune ada-1 ada-2 --keep-last 5 --dry-run"
            "chatkeep graph prune ada-1 --yes"
            "chatkeep graph prune --inactive 90d --yes"
            "chatkeep graph prune --expired --yes"
        }
    )]
    Prune(PruneOptions),

    /// Copy all checkpoints and writes of a thread to another one
    #[command(
        long_about = "Copy all checkpoints and writes of a thread to another one\n\n\
            The target is created if it does not exist. Its checkpoints with the same namespace \
            and id are replaced; others stay.",
        after_help = examples! {
            "chatkeep graph copy ada-1 ada-2"
        }
    )]
    Copy {
        /// Key of the thread to copy
        source: String,

        /// Key of the other thread
        target: String,
    },

    /// Delete threads with all their checkpoints and writes
    #[command(after_help = examples! {
        "chatkeep graph delete ada-1"
        "chatkeep graph delete ada-1 ada-2 --yes"
    })]
    Delete {
        /// Keys of the threads
        #[arg(required = true, value_name = "THREAD")]
        threads: Vec<String>,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ThreadsOptions {
    /// Only threads of this user: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Maximum number of threads (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,

    /// List the threads before this number, which the previous page returned
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    pub(crate) before: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    /// Key of the thread, as shown by `chatkeep graph threads`
    pub(crate) thread: String,

    /// Only checkpoints of this namespace; the outermost one is empty [default: all]
    #[arg(long, value_name = "NS")]
    pub(crate) namespace: Option<String>,

    /// Show the values of the checkpoint with this id
    #[arg(long, value_name = "ID", conflicts_with = "limit")]
    pub(crate) checkpoint: Option<String>,

    /// Maximum number of checkpoints (1-10,000)
    #[arg(long, value_name = "N", default_value_t = 20, allow_negative_numbers = true)]
    pub(crate) limit: i64,
}

#[derive(Debug, Args)]
pub(crate) struct ExportOptions {
    /// Key of the thread, as shown by `chatkeep graph threads`
    pub(crate) thread: String,

    /// Output file, or - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) output_file: OutputFileOptions,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("selection")
    .args(["threads", "inactive", "expired"])
    .required(true)
    .multiple(false))]
pub(crate) struct PruneOptions {
    /// Keys of the threads whose earlier checkpoints are deleted
    #[arg(value_name = "THREAD")]
    pub(crate) threads: Vec<String>,

    /// Number of checkpoints to keep in each namespace, 1 or more
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        conflicts_with_all = ["inactive", "expired"],
        allow_negative_numbers = true
    )]
    pub(crate) keep_last: i64,

    /// Delete the threads without a new checkpoint for this time: 30d, 12w, or a number of days
    #[arg(long, value_name = "AGE", value_parser = parse_age, allow_hyphen_values = true)]
    pub(crate) inactive: Option<i64>,

    /// Delete the threads that have expired
    #[arg(long)]
    pub(crate) expired: bool,

    /// Only count the checkpoints or threads that would be deleted
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Delete without confirmation
    #[arg(short, long)]
    pub(crate) yes: bool,
}
