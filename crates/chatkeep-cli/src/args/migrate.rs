//! `chatkeep migrate …`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::examples;

#[derive(Debug, Args)]
pub(crate) struct MigrateArguments {
    /// Folder with an application's migrations, which run after chatkeep's
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: MigrateCommand,
}

const REVISIONS: &str = "A revision is head (the latest), base (before the first), a version or a \
    unique prefix of one (at least 4 characters), or a name. An application's revision may \
    start with app:.";

#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Apply the pending migrations
    #[command(
        long_about = format!("Apply the pending migrations\n\n\
            Several programs may run this concurrently: one applies the migrations, the others \
            wait. On SQLite and PostgreSQL all migrations run in one transaction. On MySQL and \
            MariaDB, and for migrations marked no-transaction, the next run resumes an \
            interrupted one.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate upgrade"
            "chatkeep migrate --dir migrations upgrade"
            "chatkeep --database-url sqlite:///db/chatkeep.db migrate upgrade"
        }
    )]
    Upgrade {
        /// Last revision to apply
        #[arg(value_name = "REV", default_value = "head")]
        revision: String,
    },

    /// Revert migrations, which deletes the data in their tables and columns
    #[command(
        long_about = format!("Revert migrations, which deletes the data in their tables and \
            columns\n\n\
            With --dir, -N and base refer to the application's migrations. chatkeep's own are \
            reverted by naming one of their revisions, unless an application's migration was \
            applied after them.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate --dir migrations downgrade"
            "chatkeep migrate --dir migrations downgrade -2 --yes"
            "chatkeep migrate downgrade create_api_tokens"
        }
    )]
    Downgrade {
        /// Number of migrations to revert, or the last revision to keep
        #[arg(value_name = "-N|REV", default_value = "-1", allow_hyphen_values = true)]
        revision: String,

        /// Revert without confirmation
        #[arg(long)]
        yes: bool,
    },

    /// Show the schema version; exits with 3 if it is outdated, 31-35 if it is unusable
    #[command(after_help = examples! {
        "chatkeep migrate current"
        "chatkeep migrate current --json | jq -r .state"
    })]
    Current,

    /// List all migrations with their state and time
    #[command(after_help = examples! {
        "chatkeep migrate history"
        "chatkeep migrate history --verbose"
        "chatkeep migrate history --json"
    })]
    History {
        /// Show the duration, the checksum and the last error as well
        #[arg(short, long)]
        verbose: bool,
    },

    /// Mark all migrations up to a revision as applied, and later ones as pending
    #[command(
        long_about = format!("Mark all migrations up to a revision as applied, \
            and later ones as pending\n\n\
            No migration is run. Use it for a schema that was repaired by hand or created by a \
            script. With --dir, head and base refer to the application's migrations.\n\n\
            {REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate stamp head"
            "chatkeep migrate --dir migrations stamp add_users"
        }
    )]
    Stamp {
        /// Last revision to mark as applied
        #[arg(value_name = "REV")]
        revision: String,
    },

    /// Compare the schema with its migrations; exits with 37 if it differs
    #[command(
        long_about = "Compare the schema with its migrations; exits with 37 if it differs\n\n\
            The applied migrations are run again in a separate schema: on SQLite in memory, on \
            PostgreSQL in a transaction that is rolled back, on MySQL and MariaDB in a \
            database NAME_chatkeep_check, which is dropped afterwards. Tables that no \
            migration creates are ignored.",
        after_help = examples! {
            "chatkeep migrate check"
            "chatkeep migrate --dir migrations check --json"
        }
    )]
    Check,

    /// Print the migrations as an SQL script, including the history
    #[command(
        long_about = format!("Print the migrations as an SQL script, including the history\n\n\
            Without --from, the script has the migrations that are pending in the database. \
            With --from, no database is opened. If --to is before --from, the script reverts \
            the migrations between them.\n\n{REVISIONS}"),
        after_help = examples! {
            "chatkeep migrate sql > upgrade.sql && psql -f upgrade.sql chat"
            "chatkeep migrate sql --from base"
            "chatkeep migrate sql --from head --to create_api_tokens"
        }
    )]
    Sql {
        /// Start revision [default: that of the database]
        #[arg(long, value_name = "REV")]
        from: Option<String>,

        /// End revision
        #[arg(long, value_name = "REV", default_value = "head")]
        to: String,
    },

    /// Convert the tables of an SQLAlchemy program in place
    #[command(
        long_about = "Convert the tables of an SQLAlchemy program in place\n\n\
            Works on SQLite and PostgreSQL, in one transaction, and keeps all rows and ids. \
            If tables or rows are unsuitable, they are listed and nothing is changed. On \
            SQLite the file is copied first. Stop the program before you run this.",
        after_help = examples! {
            "chatkeep migrate adopt --dry-run"
            "chatkeep --database-url sqlite:///chat.db migrate adopt"
        }
    )]
    Adopt {
        /// Check whether the conversion would succeed; change nothing
        #[arg(long)]
        dry_run: bool,
    },

    /// Create the files of a new application migration
    #[command(
        long_about = "Create the files of a new application migration\n\n\
            Creates a folder with up.sql and down.sql in --dir, or in migrations by default. \
            Their comments explain the rules. No database is opened.",
        after_help = examples! {
            "chatkeep migrate new \"add a table of users\""
            "chatkeep migrate --dir db/migrations new \"count users\" --per-engine"
        }
    )]
    New {
        /// Short description, which becomes the name
        description: String,

        /// Create separate files for sqlite, postgresql and mysql, for SQL that differs
        #[arg(long)]
        per_engine: bool,
    },
}
