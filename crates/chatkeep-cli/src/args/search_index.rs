//! `chatkeep search-index …`

use clap::Subcommand;

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum SearchIndexCommand {
    /// Create the index over all messages
    ///
    /// The index uses disk space and slows every insert. Searches find the same messages with it
    /// and without it. PostgreSQL (with its extension pg_trgm) builds it while other programs
    /// write. On SQLite and MySQL writers wait, so create it at a quiet time. MariaDB does not
    /// support it.
    #[command(after_help = examples! {
        "chatkeep search-index create"
    })]
    Create,

    /// Drop the index
    #[command(after_help = examples! {
        "chatkeep search-index drop"
    })]
    Drop,

    /// Show the state of the index: absent, ready, unfinished or unsupported
    #[command(after_help = examples! {
        "chatkeep search-index status"
        "chatkeep search-index status --json | jq -r .state"
    })]
    Status,
}
