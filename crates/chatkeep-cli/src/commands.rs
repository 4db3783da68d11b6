//! Implementations of the commands.

mod call;
mod conversations;
mod credentials;
mod database;
mod graph;
mod lookup;
mod messages;
mod migrate;
mod models;
mod providers;
mod reclaim;
mod routing;
mod routing_choose;
mod routing_policies;
mod search_index;
mod sessions;
mod settings;
mod streams;
mod tasks;
mod tokens;
mod users;

use clap::CommandFactory as _;

use crate::args::{Arguments, Command};
use crate::context::Context;
use crate::failure::Failure;
use crate::reference;

/// Runs a command and returns its exit code.
pub(crate) fn run(command: Command, context: &Context) -> Result<u8, Failure> {
    match command {
        Command::Messages(command) => messages::run(*command, context),
        Command::Conversations(command) => conversations::run(*command, context),
        Command::Users(command) => users::run(command, context),
        Command::Sessions(command) => sessions::run(command, context),
        Command::Streams(command) => streams::run(command, context),
        Command::Routing(command) => routing::run(command, context),
        Command::Tasks(command) => tasks::run(command, context),
        Command::Credentials(command) => credentials::run(command, context),
        Command::Settings(command) => settings::run(command, context),
        Command::Graph(command) => graph::run(*command, context),
        Command::Providers(command) => providers::run(command, context),
        Command::Models(command) => models::run(command, context),
        Command::Tokens(command) => tokens::run(command, context),
        Command::Db(command) => database::run(command, context),
        Command::Migrate(command) => migrate::run(command, context),
        Command::SearchIndex(command) => search_index::run(&command, context),
        Command::Call(arguments) => call::run(&arguments, context),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "chatkeep", &mut script);
            context.terminal.print(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
        Command::MarkdownHelp => context.terminal.print(&reference::markdown()).map(|()| 0),
    }
}
