//! `chatkeep search-index …`

use clap::Subcommand;

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum SearchIndexCommand {
    /// Make the index from all messages that are there
    ///
    /// It takes room, and time at every message that is logged. PostgreSQL (with its extension pg_trgm) builds it while
    /// others write; on SQLite and MySQL writers wait, so make it at a quiet time. MariaDB has none. Searches find the
    /// same with it and without it.
    #[command(after_help = examples! {
        "chatkeep search-index create"
    })]
    Create,

    /// Drop the index
    #[command(after_help = examples! {
        "chatkeep search-index drop"
    })]
    Drop,

    /// Show whether there is one: absent, ready, unfinished or unsupported
    #[command(after_help = examples! {
        "chatkeep search-index status"
        "chatkeep search-index status --json | jq -r .state"
    })]
    Status,
}
