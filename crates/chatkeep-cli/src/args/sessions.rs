//! `chatkeep sessions …`

use clap::Subcommand;

use super::end_age::EndAgeOptions;
use super::examples;
use super::page::PageOptions;
use super::users::UserArgument;

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List the sessions of a user, newest first
    #[command(after_help = examples! {
        "chatkeep sessions list ada@example.org"
        "chatkeep sessions list ada@example.org --all"
    })]
    List {
        #[command(flatten)]
        user: UserArgument,

        /// Include sessions that have ended
        #[arg(long)]
        all: bool,

        #[command(flatten)]
        page: PageOptions,
    },

    /// End a session
    #[command(after_help = examples! {
        "chatkeep sessions end 019dc0de-1111-7222-8333-444455556666"
    })]
    End {
        /// Id of the session, as shown by `chatkeep sessions list`
        id: String,
    },

    /// End all sessions of a user
    #[command(after_help = examples! {
        "chatkeep sessions end-all ada@example.org"
    })]
    EndAll {
        #[command(flatten)]
        user: UserArgument,

        /// Id of a session that does not end
        #[arg(long, value_name = "ID")]
        except: Option<String>,
    },

    /// Delete sessions that ended some time ago
    #[command(after_help = examples! {
        "chatkeep sessions prune"
        "chatkeep sessions prune --older-than 12w"
    })]
    Prune {
        #[command(flatten)]
        age: EndAgeOptions,
    },
}
