//! The arguments: what can be asked of the command, and its help pages. One module per noun.

pub(crate) mod database;
pub(crate) mod file_mode;
pub(crate) mod messages;
pub(crate) mod migrate;
pub(crate) mod search_index;
pub(crate) mod tokens;

use clap::builder::Styles;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// The examples at the end of a help page, with the heading in the style of clap's own.
macro_rules! examples {
    ($($line:literal)+) => {
        concat!("\u{1b}[1mExamples:\u{1b}[0m" $(, "\n  ", $line)+)
    };
}
pub(crate) use examples;

const STYLES: Styles =
    Styles::styled().usage(anstyle::Style::new().bold()).header(anstyle::Style::new().bold());

const AFTER_HELP: &str = concat!(
    examples! {
        "chatkeep messages log \"What is WAL?\" --response \"A write-ahead log.\""
        "chatkeep messages search \"write-ahead\""
        "chatkeep messages stats --since 30d"
        "chatkeep tokens create --description \"mobile app\" --expires-days 90"
        "export DATABASE_URL=postgresql://bot:secret@db.example.com/chat"
        "chatkeep migrate upgrade"
    },
    "\n\n\u{1b}[1mThe database:\u{1b}[0m\n  ",
    "--database-url, else DATABASE_URL, else DB_TYPE, DB_HOST, DB_PORT, DB_NAME,\n  ",
    "DB_USER and DB_PASS, else SQLite in db/chatkeep.db.",
    "\n\n\u{1b}[1mExit codes:\u{1b}[0m",
    "\n  0  done",
    "\n  1  failed; or the token is not valid; or there is no such row",
    "\n  2  wrong usage: an argument or a setting cannot be",
    "\n  3  the schema is behind this program",
    "\n  31 to 35  it is newer; its history was changed, lacks a migration, has one out",
    "\n     of order, or one that was cut off",
    "\n  36 the database refused a migration; 37 the schema is not what they make",
    "\n  5  the database is not available, or went away during the call",
    "\n  130, 143, 141  ended by Ctrl-C, by SIGTERM, or by a closed pipe",
);

/// Keeps a chat backend's messages and API tokens in one database: SQLite, PostgreSQL, MySQL or MariaDB.
#[derive(Debug, Parser)]
#[command(
    name = "chatkeep",
    bin_name = "chatkeep",
    version,
    after_help = AFTER_HELP,
    styles = STYLES,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// The database; better in DATABASE_URL, for arguments are visible in the process list
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Print one JSON document instead of text for people
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colours (NO_COLOR is respected)
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(crate) color: ColorOption,

    /// Print results and errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorOption {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Keep and read the message log
    #[command(subcommand, arg_required_else_help = true)]
    Messages(messages::MessagesCommand),

    /// Make, check and revoke API tokens
    #[command(subcommand, arg_required_else_help = true)]
    Tokens(tokens::TokensCommand),

    /// Look at the database and wait for it
    #[command(subcommand, arg_required_else_help = true)]
    Db(database::DatabaseCommand),

    /// Bring the database's schema up to date, take it back, check it
    #[command(arg_required_else_help = true)]
    Migrate(migrate::MigrateArguments),

    /// Make or drop the index with which rare words are found in a large log
    #[command(subcommand, arg_required_else_help = true)]
    SearchIndex(search_index::SearchIndexCommand),

    /// Print a completion script for a shell
    #[command(after_help = examples! {
        "chatkeep completions bash > ~/.local/share/bash-completion/completions/chatkeep"
        "chatkeep completions zsh > ~/.zfunc/_chatkeep"
        "chatkeep completions fish > ~/.config/fish/completions/chatkeep.fish"
    })]
    Completions {
        /// The shell
        shell: Shell,
    },

    /// Print this reference as Markdown
    #[command(hide = true)]
    MarkdownHelp,
}
