//! The commands and their arguments.

use clap::{Parser, Subcommand};

use crate::setup::{OtherEngine, Part};

/// Runs the project's own commands
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Install missing dependencies for building, testing and checking
    Setup {
        /// The parts to install; without one: all except docs, bench and fuzz
        parts: Vec<Part>,
    },
    /// Unpack a server of another version into a folder, and print the folder
    SetupServer {
        /// The engine
        engine: OtherEngine,
        /// Its version
        version: String,
    },
    /// Check the wording of comments, documentation, help and error texts
    Words {
        /// Show every finding, even if the budget holds
        #[arg(long)]
        list: bool,
        /// Files and folders; without one: the whole repository
        paths: Vec<String>,
    },
}
