//! Arguments and help pages of the command. One module per subcommand group.

pub(crate) mod call;
pub(crate) mod conversations;
pub(crate) mod credentials;
pub(crate) mod database;
pub(crate) mod end_age;
pub(crate) mod graph;
pub(crate) mod messages;
pub(crate) mod migrate;
pub(crate) mod models;
pub(crate) mod output_file;
pub(crate) mod page;
pub(crate) mod providers;
pub(crate) mod routing;
pub(crate) mod routing_policies;
pub(crate) mod search_index;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod streams;
pub(crate) mod tasks;
pub(crate) mod tokens;
pub(crate) mod users;

use clap::builder::Styles;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Formats the examples at the end of a help page, with a heading like clap's.
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
        "chatkeep messages log \"Explain WAL\" --response \"A write-ahead log.\""
        "chatkeep messages search \"write-ahead\""
        "chatkeep messages stats --since 30d"
        "chatkeep conversations import conversations.json --user ada@example.org"
        "chatkeep tokens create --description \"mobile app\" --expires-days 90"
        "export DATABASE_URL=postgresql://bot:secret@db.example.com/chat"
        "chatkeep migrate upgrade"
    },
    "\n\n\u{1b}[1mDatabase:\u{1b}[0m\n  ",
    "--database-url, else DATABASE_URL, else DB_TYPE, DB_HOST, DB_PORT, DB_NAME,\n  ",
    "DB_USER and DB_PASS, else the SQLite file db/chatkeep.db.",
    "\n\n\u{1b}[1mExit codes:\u{1b}[0m",
    "\n  0    success",
    "\n  1    failure, invalid token, or row not found",
    "\n  2    usage error: an argument or a setting is invalid",
    "\n  3    schema is older than this version; run `chatkeep migrate upgrade`. Or a copy,",
    "\n       restore or import into the database is unfinished; run it again",
    "\n  31   schema is newer than this version",
    "\n  32   a migration was changed after it was applied",
    "\n  33   an applied migration is missing",
    "\n  34   a pending migration is older than an applied one",
    "\n  35   a migration is running or was interrupted",
    "\n  36   the database rejected a migration",
    "\n  37   schema differs from its migrations",
    "\n  5    database unavailable, or the connection was lost",
    "\n  130  interrupted by Ctrl-C",
    "\n  141  output pipe closed",
    "\n  143  terminated by SIGTERM",
);

/// The data layer of a chat backend: users, sessions, API tokens, conversations, streams, messages
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

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// Database URL. Prefer DATABASE_URL, as arguments are visible in the process list
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database_url: Option<String>,

    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// When to use colors; `auto` also respects NO_COLOR
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    pub(crate) color: ColorOption,

    /// Print only results and errors
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
    /// Store, search, export and delete messages
    #[command(subcommand, arg_required_else_help = true)]
    Messages(Box<messages::MessagesCommand>),

    /// List, show, export, import and delete conversations
    #[command(subcommand, arg_required_else_help = true)]
    Conversations(Box<conversations::ConversationsCommand>),

    /// Create users, set passwords and grant roles
    #[command(subcommand, arg_required_else_help = true)]
    Users(users::UsersCommand),

    /// List and end the sessions of users
    #[command(subcommand, arg_required_else_help = true)]
    Sessions(sessions::SessionsCommand),

    /// List, show and cancel streamed responses
    #[command(subcommand, arg_required_else_help = true)]
    Streams(streams::StreamsCommand),

    /// Show the health and usage of providers, requests, and how models are chosen
    #[command(subcommand, arg_required_else_help = true)]
    Routing(routing::RoutingCommand),

    /// List, show, enqueue, cancel and retry tasks
    #[command(subcommand, arg_required_else_help = true)]
    Tasks(tasks::TasksCommand),

    /// Store, list, reveal and revoke encrypted secrets
    #[command(subcommand, arg_required_else_help = true)]
    Credentials(credentials::CredentialsCommand),

    /// Read and change the settings of the application
    #[command(subcommand, arg_required_else_help = true)]
    Settings(settings::SettingsCommand),

    /// List, show, export and delete the checkpoints of agents
    #[command(subcommand, arg_required_else_help = true)]
    Graph(Box<graph::GraphCommand>),

    /// Add, change and delete providers of models, and set default models
    #[command(subcommand, arg_required_else_help = true)]
    Providers(providers::ProvidersCommand),

    /// Add, change and delete the models of providers
    #[command(subcommand, arg_required_else_help = true)]
    Models(models::ModelsCommand),

    /// Create, verify and revoke API tokens
    #[command(subcommand, arg_required_else_help = true)]
    Tokens(tokens::TokensCommand),

    /// Inspect, copy, back up and restore the database
    #[command(subcommand, arg_required_else_help = true)]
    Db(database::DatabaseCommand),

    /// Upgrade, downgrade and check the schema
    #[command(arg_required_else_help = true)]
    Migrate(migrate::MigrateArguments),

    /// Create or drop the index that speeds up searches for rare words
    #[command(subcommand, arg_required_else_help = true)]
    SearchIndex(search_index::SearchIndexCommand),

    /// Call any operation of the libraries, and print its result as JSON
    Call(call::CallArguments),

    /// Print a shell completion script
    #[command(after_help = examples! {
        "chatkeep completions bash > ~/.local/share/bash-completion/completions/chatkeep"
        "chatkeep completions zsh > ~/.zfunc/_chatkeep"
        "chatkeep completions fish > ~/.config/fish/completions/chatkeep.fish"
    })]
    Completions {
        /// Shell
        shell: Shell,
    },

    /// Print this reference as Markdown
    #[command(hide = true)]
    MarkdownHelp,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chatkeep::{ERROR_KINDS, SchemaState};

    use super::AFTER_HELP;

    /// Returns the meaning of each exit code in the help.
    fn exit_codes() -> BTreeMap<u8, String> {
        let (_, list) = AFTER_HELP.split_once("Exit codes:").expect("the help has a list");
        let mut meanings = BTreeMap::<u8, String>::new();
        let mut code = 0;
        for line in list.lines().skip(1) {
            let (number, meaning) = line.split_at(7);
            code = number.trim().parse().unwrap_or(code);
            meanings.entry(code).or_default().push_str(&format!("{meaning} "));
        }
        meanings
    }

    #[test]
    fn help_has_the_exit_code_of_each_error_kind_and_schema_state() {
        let meanings = exit_codes();
        for kind in ERROR_KINDS {
            assert!(meanings.contains_key(&kind.exit_code), "{}", kind.name);
        }
        for state in SchemaState::ALL {
            let meaning = match state {
                SchemaState::Behind => "schema is older",
                SchemaState::Newer => "schema is newer",
                SchemaState::Changed => "was changed",
                SchemaState::Missing => "is missing",
                SchemaState::OutOfOrder => "older than an applied one",
                SchemaState::Dirty => "running or was interrupted",
                SchemaState::Failed => "rejected a migration",
                SchemaState::Unfinished => "is unfinished",
                other => panic!("the help has no {other:?}"),
            };
            let listed = &meanings[&state.exit_code()];
            assert!(listed.contains(meaning), "{state:?}: {listed}");
        }
    }
}
