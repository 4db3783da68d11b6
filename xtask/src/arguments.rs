//! The commands and their arguments.

use clap::{Parser, Subcommand};

use crate::build::Package;
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
    /// Run every check that is not a test
    Check,
    /// Check the wording of comments, documentation, help and error texts
    Words {
        /// Show every finding, even if the budget holds
        #[arg(long)]
        list: bool,
        /// Files and folders; without one: the whole repository
        paths: Vec<String>,
    },
    /// Compare the generated files with the code
    Generated {
        /// Write them
        #[arg(long)]
        write: bool,
    },
    /// Format the code
    Format {
        /// Change nothing, and fail if a file would change
        #[arg(long)]
        check: bool,
    },
    /// Build a package of another language
    #[command(subcommand)]
    Build(Package),
    /// Build the guides and the language references, and check their links
    Docs,
    /// Run the benchmark; see bench/README.md
    Bench,
}
