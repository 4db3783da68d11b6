//! `chatkeep migrate …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// An application's own migrations, which run after chatkeep's in the same history
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: MigrateCommand,
}

const REVISIONS: &str = "A revision is head, base (before the first), a version, the beginning \
    of one, or a name; an application's may have app: before it.";

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Run the migrations that are missing
    #[command(
        long_about = format!("Run the migrations that are missing\n\n\
            Any number of programs may do so at once: one runs them, the others wait. On SQLite and PostgreSQL all of it \
            is one transaction. On MySQL and MariaDB, and for migrations that say no-transaction, a run that was cut off \
            is gone on with by the next.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate upgrade"
            "chatkeep migrate --dir migrations upgrade"
            "chatkeep --database-url sqlite:///db/chatkeep.db migrate upgrade"
        }
    )]
    Upgrade {
        /// How far
        #[arg(value_name = "REV", default_value = "head")]
        revision: String,
    },

    /// Take migrations back: what their tables and columns hold is gone
    #[command(
        long_about = format!("Take migrations back: what their tables and columns hold is gone\n\n\
            With --dir it is about the application's migrations; chatkeep's own go back by a revision of theirs, as long as \
            none of the application's was run after them.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate --dir migrations downgrade"
            "chatkeep migrate --dir migrations downgrade -2 --yes"
            "chatkeep migrate downgrade create_api_tokens"
        }
    )]
    Downgrade {
        /// So many migrations, or everything that was run after a revision
        #[arg(value_name = "-N|REV", default_value = "-1", allow_hyphen_values = true)]
        revision: String,

        /// Do not ask
        #[arg(long)]
        yes: bool,
    },

    /// Show where the schema stands: exit code 3 if it is behind, and others
    #[command(after_help = examples! {
        "chatkeep migrate current"
        "chatkeep migrate current --json | jq -r .state"
    })]
    Current,

    /// List every migration and when it was run
    #[command(after_help = examples! {
        "chatkeep migrate history"
        "chatkeep migrate history --verbose"
        "chatkeep migrate history --json"
    })]
    History {
        /// Also how long it took, the checksum, and what the database said
        #[arg(short, long)]
        verbose: bool,
    },

    /// Write down that everything up to a revision was run, and nothing after it
    #[command(
        long_about = format!("Write down that everything up to a revision was run, and nothing after it\n\n\
            Nothing is run. This is for a schema that was put right by hand, or made by a script. With --dir, head and base \
            are about the application's migrations.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate stamp head"
            "chatkeep migrate --dir migrations stamp add_users"
        }
    )]
    Stamp {
        /// Up to which
        #[arg(value_name = "REV")]
        revision: String,
    },

    /// Compare the schema with what its migrations make: exit code 37 if it differs
    #[command(
        long_about = "Compare the schema with what its migrations make: exit code 37 if it differs\n\n\
            The migrations that were run are run again in a place of their own: for SQLite in memory, on PostgreSQL in a \
            schema inside a transaction that is rolled back, on MySQL and MariaDB in a database NAME_chatkeep_check, which \
            is dropped in the end. Tables that no migration makes are not looked at.",
        after_help = examples! {
            "chatkeep migrate check"
            "chatkeep migrate --dir migrations check --json"
        }
    )]
    Check,

    /// Print the script for somebody else to run, the history included
    #[command(
        long_about = format!("Print the script for somebody else to run, the history included\n\n\
            Without --from it is about what the database lacks. With it nothing is opened; if TO lies before FROM, the \
            script leads back.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate sql > upgrade.sql && psql -f upgrade.sql chat"
            "chatkeep migrate sql --from base"
            "chatkeep migrate sql --from head --to create_api_tokens"
        }
    )]
    Sql {
        /// From where
        #[arg(long, value_name = "REV")]
        from: Option<String>,

        /// How far
        #[arg(long, value_name = "REV", default_value = "head")]
        to: String,
    },

    /// Take over the tables of a program that kept them with SQLAlchemy
    #[command(
        long_about = "Take over the tables of a program that kept them with SQLAlchemy\n\n\
            In place, on SQLite and PostgreSQL, with all rows and ids, in one transaction; tables and rows that are not as \
            they should be are named, and nothing is changed. On SQLite a copy of the file is made before. Stop the program \
            first.",
        after_help = examples! {
            "chatkeep migrate adopt --dry-run"
            "chatkeep --database-url sqlite:///chat.db migrate adopt"
        }
    )]
    Adopt {
        /// Try everything, and change nothing
        #[arg(long)]
        dry_run: bool,
    },

    /// Make the folder of a new migration of an application
    #[command(
        long_about = "Make the folder of a new migration of an application\n\n\
            In --dir, or else in the folder migrations, with an up.sql and a down.sql that say the rules. No database is \
            opened.",
        after_help = examples! {
            "chatkeep migrate new \"add a table of users\""
            "chatkeep migrate --dir db/migrations new \"count users\" --per-engine"
        }
    )]
    New {
        /// What it does, in a few words
        description: String,

        /// One for each of sqlite, postgresql and mysql, for SQL that differs
        #[arg(long)]
        per_engine: bool,
    },
}
