//! `chatkeep db …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Show which database is meant, without its password and without opening it
    #[command(after_help = examples! {
        "chatkeep db url"
        "DB_TYPE=mysql DB_HOST=db.example.com DB_NAME=chat chatkeep db url"
    })]
    Url,

    /// Show the engine, the schema, how much is stored, and the pool's settings
    #[command(after_help = examples! {
        "chatkeep db status"
        "chatkeep db status --json | jq .schema"
    })]
    Status,

    /// Wait until the database answers
    #[command(
        long_about = "Wait until the database answers\n\n\
            Only for what waiting can mend: a wrong password or an unknown database is an error at once.",
        after_help = examples! {
            "chatkeep db wait"
            "chatkeep db wait --timeout 120 && chatkeep migrate upgrade"
        }
    )]
    Wait {
        /// Give up after so many seconds; without it, DB_MAX_RETRIES x DB_RETRY_DELAY
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
        timeout: Option<u32>,
    },

    /// Ask the database once how it is: exit code 0 if it is well
    #[command(after_help = examples! {
        "chatkeep db health"
        "chatkeep db health --json"
    })]
    Health,

    /// Take over messages and tokens that other chat programs left in SQLite files
    #[command(
        long_about = "Take over messages and tokens that other chat programs left in SQLite files\n\n\
            Known are chatbot.db with its three kinds of table messages, tokens.db, and what SQLAlchemy makes. The files are \
            not changed. Every row is looked at before any is stored; then all are stored or none. Ids are kept where they \
            are free, tokens stay valid, and what an earlier run has stored is passed over. Rows that cannot be stored as \
            they are (a broken JSON text, no UTF-8, a NUL character, a provider that is too long) stop it and are listed.",
        after_help = examples! {
            "chatkeep db import-legacy --dry-run"
            "chatkeep db import-legacy old/chatbot.db old/db/tokens.db"
            "chatkeep db import-legacy chatbot.db --force"
        }
    )]
    ImportLegacy(ImportLegacyOptions),
}

#[derive(Debug, Args)]
pub(crate) struct ImportLegacyOptions {
    /// The files; without any, chatbot.db and db/tokens.db in this folder
    pub(crate) files: Vec<PathBuf>,

    /// Look at every row, store nothing, and say what would be stored and what is wrong
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Store rows that cannot be stored as they are, with the originals under "legacy" in their metadata
    #[arg(long)]
    pub(crate) force: bool,
}
