//! Options of `chatkeep messages import` and `export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::FilterOptions;
use crate::args::output_file::OutputFileOptions;

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

    #[command(flatten)]
    pub(crate) output_file: OutputFileOptions,

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
