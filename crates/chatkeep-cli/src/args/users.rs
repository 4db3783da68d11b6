//! `chatkeep users …`

use chatkeep::Timestamp;
use clap::{Args, Subcommand};

use super::examples;
use super::page::PageOptions;
use crate::time_range::parse_time;

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// List the users, newest first
    #[command(after_help = examples! {
        "chatkeep users list"
        "chatkeep users list --role admin"
        "chatkeep users list --inactive --json | jq -r '.users[].email'"
    })]
    List(ListOptions),

    /// Show a user with roles and identities
    #[command(after_help = examples! {
        "chatkeep users show ada@example.org"
        "chatkeep users show 019dc0de-1111-7222-8333-444455556666 --json"
    })]
    Show {
        #[command(flatten)]
        user: UserArgument,
    },

    /// Create a user and print the id
    #[command(
        long_about = "Create a user and print the id\n\n\
            An e-mail address or a username is required. --password reads a password from the \
            terminal without echo, or from standard input. Without it, the user cannot sign in \
            until `chatkeep users set-password`.",
        after_help = examples! {
            "chatkeep users create --email ada@example.org --name Ada"
            "chatkeep users create --email ada@example.org --password < password.txt"
            "chatkeep users create --username ada --role admin --json | jq -r .public_id"
        }
    )]
    Create(Box<CreateOptions>),

    /// Set a user's password, and end all sessions of the user
    #[command(
        long_about = "Set a user's password, and end all sessions of the user\n\n\
            The password is read from the terminal without echo, or from standard input. It is \
            never an argument, because arguments are visible in the process list.",
        after_help = examples! {
            "chatkeep users set-password ada@example.org"
            "pwgen 20 1 | chatkeep users set-password ada@example.org"
        }
    )]
    SetPassword {
        #[command(flatten)]
        user: UserArgument,

        /// Do not end the sessions
        #[arg(long)]
        keep_sessions: bool,
    },

    /// Let a user sign in again
    #[command(after_help = examples! {
        "chatkeep users activate ada@example.org"
    })]
    Activate {
        #[command(flatten)]
        user: UserArgument,
    },

    /// Keep a user from signing in, and end all sessions of the user
    #[command(after_help = examples! {
        "chatkeep users deactivate ada@example.org"
    })]
    Deactivate {
        #[command(flatten)]
        user: UserArgument,
    },

    /// List, grant or revoke roles of a user
    #[command(after_help = examples! {
        "chatkeep users roles ada@example.org"
        "chatkeep users roles ada@example.org --grant admin"
        "chatkeep users roles ada@example.org --grant beta --expires 2027-01-01"
        "chatkeep users roles ada@example.org --revoke admin"
    })]
    Roles(RolesOptions),

    /// Delete a user without conversations
    #[command(after_help = examples! {
        "chatkeep users delete ada@example.org"
        "chatkeep users delete ada@example.org --yes"
    })]
    Delete {
        #[command(flatten)]
        user: UserArgument,

        /// Delete without confirmation
        #[arg(short, long)]
        yes: bool,
    },
}

/// The user of a command.
#[derive(Debug, Args)]
pub(crate) struct UserArgument {
    /// Id, e-mail address or username of the user
    pub(crate) user: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only active users
    #[arg(long, conflicts_with = "inactive")]
    pub(crate) active: bool,

    /// Only inactive users
    #[arg(long)]
    pub(crate) inactive: bool,

    /// Only users with this role
    #[arg(long)]
    pub(crate) role: Option<String>,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CreateOptions {
    /// E-mail address
    #[arg(long)]
    pub(crate) email: Option<String>,

    /// Name to sign in with (at most 100 characters)
    #[arg(long)]
    pub(crate) username: Option<String>,

    /// Name to show (at most 255 characters)
    #[arg(long)]
    pub(crate) name: Option<String>,

    /// Read a password from the terminal or from standard input
    #[arg(long)]
    pub(crate) password: bool,

    /// The e-mail address is confirmed
    #[arg(long)]
    pub(crate) confirmed: bool,

    /// Role to grant (repeatable)
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<String>,

    /// Further data, as a JSON object
    #[arg(long, value_name = "JSON")]
    pub(crate) metadata: Option<String>,

    /// Id of the user [default: a new UUID]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RolesOptions {
    #[command(flatten)]
    pub(crate) user: UserArgument,

    /// Role to grant; replaces the expiry if the user has it
    #[arg(long, value_name = "ROLE")]
    pub(crate) grant: Option<String>,

    /// Time from which the user does not have the granted role [default: never]
    #[arg(long, value_name = "TIME", value_parser = parse_time, requires = "grant")]
    pub(crate) expires: Option<Timestamp>,

    /// Role to revoke
    #[arg(long, value_name = "ROLE", conflicts_with = "grant")]
    pub(crate) revoke: Option<String>,
}
