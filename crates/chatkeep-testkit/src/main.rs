//! The `chatkeep-testkit` command.

use std::ffi::OsString;
use std::process::ExitCode;

use chatkeep_testkit::{Engine, runner};
use clap::{Parser, Subcommand};

/// Throw-away database servers for tests.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Start private servers, run a command with their addresses in its environment, and stop the
    /// servers.
    ///
    /// The URLs are in CHATKEEP_TEST_POSTGRESQL_URL, CHATKEEP_TEST_MARIADB_URL and
    /// CHATKEEP_TEST_MYSQL_URL. Variables ending in TLS_CA, SOCKET and PID contain the CA
    /// certificate, the Unix socket and the process id.
    Run {
        /// Start only these servers: postgresql, mariadb, mysql, separated by commas.
        #[arg(long, value_delimiter = ',', value_parser = server)]
        only: Vec<Engine>,
        /// Start a Galera cluster of three nodes as the MariaDB server. Each test database is used
        /// through one of the nodes.
        #[arg(long)]
        galera: bool,
        /// Disable fsync; for tests, never for benchmarks.
        #[arg(long)]
        fast: bool,
        /// Server setting as ENGINE:NAME=VALUE, for example mariadb:autocommit=0; may be given
        /// several times.
        #[arg(long = "setting", value_parser = setting)]
        settings: Vec<(Engine, String, String)>,
        /// Print only errors.
        #[arg(long)]
        quiet: bool,
        /// The command and its arguments, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

fn server(name: &str) -> Result<Engine, String> {
    let found = Engine::from_name(name).filter(|engine| engine.is_server());
    found.ok_or_else(|| "it must be postgresql, mariadb or mysql".to_owned())
}

fn setting(text: &str) -> Result<(Engine, String, String), String> {
    let parts =
        text.split_once(':').and_then(|(engine, rest)| Some((engine, rest.split_once('=')?)));
    let (engine, (name, value)) = parts.ok_or_else(|| {
        "it must be ENGINE:NAME=VALUE, for example mariadb:autocommit=0".to_owned()
    })?;
    Ok((server(engine)?, name.to_owned(), value.to_owned()))
}

fn main() -> ExitCode {
    let Task::Run { only, galera, fast, settings, quiet, command } = Arguments::parse().command;
    ExitCode::from(runner::run(&runner::Run { only, galera, fast, settings, quiet, command }))
}
