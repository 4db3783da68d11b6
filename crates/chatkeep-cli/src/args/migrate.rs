//! `chatkeep migrate …`

use clap::Subcommand;

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Run the migrations that are missing
    #[command(after_help = examples! {
        "chatkeep migrate upgrade"
        "chatkeep --database-url sqlite:///db/chatkeep.db migrate upgrade"
    })]
    Upgrade,

    /// Show where the schema stands: exit code 3 if it does not fit this program
    #[command(after_help = examples! {
        "chatkeep migrate current"
        "chatkeep migrate current --json | jq -r .state"
    })]
    Current,

    /// List every migration and when it was run
    #[command(after_help = examples! {
        "chatkeep migrate history"
        "chatkeep migrate history --json"
    })]
    History,
}
