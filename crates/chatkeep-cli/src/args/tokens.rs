//! `chatkeep tokens …`

use clap::{Args, Subcommand};

use super::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum TokensCommand {
    /// Create a token and print it
    #[command(
        long_about = "Create a token and print it\n\n\
            The token is printed to standard output, and its details to standard error. Only a \
            hash is stored, so the token is never shown again.",
        after_help = examples! {
            "chatkeep tokens create --description \"mobile app\""
            "chatkeep tokens create --expires-days 90 > token.txt"
            "chatkeep tokens create --scope messages:read --user ada@example.org"
            "chatkeep tokens create --json | jq -r .token"
        }
    )]
    Create(CreateOptions),

    /// List the tokens, newest first; shows only their first characters
    #[command(after_help = examples! {
        "chatkeep tokens list"
        "chatkeep tokens list --json | jq '.[] | select(.is_active)'"
    })]
    List,

    /// Verify a token; exits with 0 if it is valid, 1 if it is invalid, 2 or more on errors
    #[command(
        long_about = "Verify a token; exits with 0 if it is valid, 1 if it is invalid, \
                      2 or more on errors\n\n\
            Only an invalid token exits with 1. A database that is unavailable, damaged or \
            locked exits with 5, an invalid setting with 2.\n\n\
            Pass the token on standard input, because arguments are visible in the process \
            list and in the shell history.",
        after_help = examples! {
            "chatkeep tokens verify < token.txt"
            "printf %s \"$TOKEN\" | chatkeep tokens verify --quiet && echo welcome"
        }
    )]
    Verify {
        /// Token; read from standard input if omitted or -
        #[arg(allow_hyphen_values = true)]
        token: Option<String>,
    },

    /// Revoke a token permanently
    #[command(after_help = examples! {
        "chatkeep tokens revoke 3"
    })]
    Revoke {
        /// Id of the token, as shown by `chatkeep tokens list`
        #[arg(allow_negative_numbers = true)]
        id: i64,
    },

    /// Delete expired tokens
    #[command(after_help = examples! {
        "chatkeep tokens prune --dry-run"
        "chatkeep tokens prune"
    })]
    Prune {
        /// Only count the tokens that would be deleted
        #[arg(long)]
        dry_run: bool,

        /// Rewrite the file afterwards to free disk space (SQLite only)
        #[arg(long, conflicts_with = "dry_run")]
        reclaim: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateOptions {
    /// Purpose of the token (at most 255 characters)
    #[arg(long, value_name = "TEXT", default_value = "API Token")]
    pub(crate) description: String,

    /// Days until the token expires (1-3,650,000) [default: never]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) expires_days: Option<i64>,

    /// Scope that the token has; may be repeated
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,

    /// User that owns the token: an id, e-mail address or username
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
}
