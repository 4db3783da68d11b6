//! The commands and their arguments.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::build::{NpmOptions, Package};
use crate::setup::{OtherEngine, Part};
use crate::test::versions::Versions;

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
        /// The parts to install; without one: all except docs, bench, frameworks and fuzz
        parts: Vec<Part>,
    },
    /// Unpack a server of another version into a folder, and print the folder
    SetupServer {
        /// The engine
        engine: OtherEngine,
        /// Its version
        version: String,
    },
    /// Run setup, check and test
    Ci,
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
    /// Run every test on every engine, with private servers
    Test(Forwarded),
    /// Run the suites on running servers; `cargo xtask test` starts them
    #[command(hide = true)]
    Suites(Forwarded),
    /// Test the Python package that `build python` assembled
    Pytest(Forwarded),
    /// Test the Node package that `build node` built
    NodeTest(Forwarded),
    /// Build the C library, and test the Go package
    GoTest(Forwarded),
    /// Build and test the wheel and the source distribution
    Wheel {
        /// Without optimisation
        #[arg(long)]
        dev: bool,
        #[command(flatten)]
        arguments: Forwarded,
    },
    /// Build and test the npm packages
    Npm {
        #[command(flatten)]
        options: NpmOptions,
        #[command(flatten)]
        arguments: Forwarded,
    },
    /// Run the contract suite under unusual server settings
    Settings {
        /// Settings; without one: all listed in xtask/src/test/settings.rs
        #[arg(value_name = "ENGINE:NAME=VALUE")]
        settings: Vec<String>,
    },
    /// Run the contract suite on the oldest and newest servers
    Versions {
        /// The versions; without one: both
        versions: Vec<Versions>,
    },
    /// Run the contract suite and the fault tests on Galera clusters
    Galera(Forwarded),
    /// Kill programs and servers while they write
    Kills {
        /// Number of kills over all engines, approximately
        #[arg(default_value_t = 1000)]
        kills: u64,
    },
    /// Run the fuzz targets
    Fuzz {
        /// Duration of each target, in seconds
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// The targets; without one: all
        targets: Vec<String>,
    },
    /// Run the tests of frameworks, such as LangGraph, with the Python and Node packages
    Frameworks {
        /// Only this engine
        #[arg(long, value_name = "ENGINE")]
        only: Option<String>,
        /// Names of suites, or parts of them; without one: all
        names: Vec<String>,
    },
    /// Run long tests: calls, threads, kills, fuzz targets
    Endurance {
        /// Only these servers, separated by commas, and SQLite
        #[arg(long, value_name = "ENGINES")]
        only: Option<String>,
    },
    /// Build the guides and the language references, and check their links
    Docs,
    /// Run the benchmark; see bench/README.md
    Bench,
}

/// Arguments that are passed on to a test program.
#[derive(Debug, clap::Args)]
pub(crate) struct Forwarded {
    /// Arguments of the test program
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &str) -> Command {
        let words = ["xtask"].into_iter().chain(arguments.split(' '));
        Arguments::try_parse_from(words).expect("valid arguments").command
    }

    #[test]
    fn commands_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_test_programs_are_forwarded() {
        let Command::Test(Forwarded { arguments }) = parse("test -E package(x) --no-capture")
        else {
            panic!("another command");
        };
        assert_eq!(arguments, ["-E", "package(x)", "--no-capture"]);
        let Command::Npm { options, arguments } = parse("npm --dev --test-reporter=spec") else {
            panic!("another command");
        };
        assert!(options.dev);
        assert_eq!(arguments.arguments, ["--test-reporter=spec"]);
        let Command::Npm { options, arguments } =
            parse("npm --platform linux-x64-gnu --test-reporter=spec")
        else {
            panic!("another command");
        };
        assert_eq!(options.platform.as_deref(), Some("linux-x64-gnu"));
        assert_eq!(arguments.arguments, ["--test-reporter=spec"]);
        let Command::Wheel { dev, arguments } = parse("wheel --dev --quiet --color no") else {
            panic!("another command");
        };
        assert!(dev);
        assert_eq!(arguments.arguments, ["--quiet", "--color", "no"]);
    }
}
