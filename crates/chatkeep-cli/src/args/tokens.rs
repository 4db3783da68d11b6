//! `chatkeep tokens …`

use clap::{Args, Subcommand};

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Make a token and print it, this once
    #[command(
        long_about = "Make a token and print it, this once\n\n\
            The token alone goes to standard output, everything about it to standard error. Only a hash of it is \
            stored: nobody can show it again.",
        after_help = examples! {
            "chatkeep tokens create --description \"mobile app\""
            "chatkeep tokens create --expires-days 90 > token.txt"
            "chatkeep tokens create --json | jq -r .token"
        }
    )]
    Create(CreateOptions),

    /// List the tokens, the newest first, without showing them
    #[command(after_help = examples! {
        "chatkeep tokens list"
        "chatkeep tokens list --json | jq '.[] | select(.is_active)'"
    })]
    List,

    /// Check a token: exit code 0 if it is valid, 1 if not, 2 or more if that could not be found out
    #[command(
        long_about = "Check a token: exit code 0 if it is valid, 1 if not, 2 or more if that could not be found out\n\n\
            Nothing but an invalid token ends with 1: a database that is down, damaged or locked ends with 5, a wrong \
            setting with 2.\n\n\
            Give the token on standard input: arguments are visible in the process list and in the shell's history.",
        after_help = examples! {
            "chatkeep tokens verify < token.txt"
            "printf %s \"$TOKEN\" | chatkeep tokens verify --quiet && echo welcome"
        }
    )]
    Verify {
        /// The token; read from standard input when it is absent or -
        #[arg(allow_hyphen_values = true)]
        token: Option<String>,
    },

    /// Make a token invalid for good
    #[command(after_help = examples! {
        "chatkeep tokens revoke 3"
    })]
    Revoke {
        /// The token's id, as `tokens list` shows it
        #[arg(allow_negative_numbers = true)]
        id: i64,
    },

    /// Delete the tokens that have expired
    #[command(after_help = examples! {
        "chatkeep tokens prune --dry-run"
        "chatkeep tokens prune"
    })]
    Prune {
        /// Only say how many tokens would be deleted
        #[arg(long)]
        dry_run: bool,

        /// Give the room back to the file system afterwards (SQLite only): the file is written anew
        #[arg(long, conflicts_with = "dry_run")]
        reclaim: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateOptions {
    /// What the token is for
    #[arg(long, value_name = "TEXT", default_value = "API Token")]
    pub(crate) description: String,

    /// After how many days it expires; without it, never
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) expires_days: Option<i64>,
}
