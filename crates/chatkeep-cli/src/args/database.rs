//! `chatkeep db …`

use clap::Subcommand;

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
}
