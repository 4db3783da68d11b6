//! The differences between the servers: where they are installed, and how their data is created and
//! they are started.

mod galera;
mod mariadb;
mod mysql;
mod postgresql;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use rustix::process::Signal;

pub(crate) use galera::Member;
pub(crate) use mysql::absence as mysql_absence;

use crate::failure::{Context, Failure, Result};
use crate::instance::{Instance, Options};
use crate::launch::{self, Account};
use crate::{Engine, certificate};

/// The configuration of a server.
pub(crate) struct Plan<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) account: Option<Account>,
    pub(crate) password: &'a str,
    pub(crate) port: u16,
    pub(crate) options: &'a Options,
}

impl Plan<'_> {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

/// Returns the account that runs the engine's server; `None` is the current account.
pub(crate) fn account(engine: Engine) -> Result<Option<Account>> {
    match engine {
        // Its programs are in a cache folder that often only its owner may read.
        Engine::MySql => Ok(None),
        _ => Account::unprivileged(),
    }
}

/// Creates the data of a new server. The only account that can log in is `chatkeep`, which has all
/// privileges.
pub(crate) fn initialise(engine: Engine, home: &Path, plan: &Plan<'_>) -> Result<()> {
    match engine {
        Engine::Sqlite => Err(no_server()),
        Engine::PostgreSql => postgresql::initialise(plan),
        Engine::MariaDb => mariadb::initialise(plan),
        Engine::MySql => mysql::initialise(home, plan),
    }
}

/// Returns the command that runs the server in the foreground.
pub(crate) fn command(engine: Engine, plan: &Plan<'_>) -> Result<Command> {
    match engine {
        Engine::Sqlite => Err(no_server()),
        Engine::PostgreSql => postgresql::command(plan),
        Engine::MariaDb => mariadb::command(plan),
        Engine::MySql => mysql::command(plan),
    }
}

/// Returns the signal for an orderly shutdown that does not wait for clients.
pub(crate) fn stop_signal(engine: Engine) -> Signal {
    if engine == Engine::PostgreSql { Signal::INT } else { Signal::TERM }
}

/// Returns the Unix socket: a folder for PostgreSQL, a file for the others.
pub(crate) fn socket(engine: Engine, folder: &Path) -> PathBuf {
    if engine == Engine::PostgreSql { folder.to_owned() } else { folder.join("socket") }
}

/// Releases the system resources that a killed server would leak.
pub(crate) fn before_removal(engine: Engine, instance: &mut Instance) {
    if engine == Engine::PostgreSql {
        postgresql::release_shared_memory(instance);
    }
}

/// Runs a command that creates data to completion. Its output is reported only if it fails.
fn run(mut command: Command, plan: &Plan<'_>, doing: &str) -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(180);
    let path = plan.folder.join("initialise.log");
    let log = fs::File::create(&path).context(|| doing.to_owned())?;
    command.env("TMPDIR", plan.folder);
    command.stdin(Stdio::null()).stdout(log.try_clone().context(|| doing.to_owned())?).stderr(log);
    let mut child =
        launch::spawn(command).context(|| format!("{doing} (with setpriv, of util-linux)"))?;
    let begin = Instant::now();
    let status = loop {
        match child.try_wait().context(|| doing.to_owned())? {
            Some(status) => break status.to_string(),
            None if begin.elapsed() > LIMIT => {
                launch::signal(child.id(), Signal::KILL);
                break format!("still running after {} s", LIMIT.as_secs());
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    if status == "exit status: 0" {
        return Ok(());
    }
    let output = fs::read(&path).unwrap_or_default();
    Err(Failure(format!("{doing}: {status}\n{}", String::from_utf8_lossy(&output))))
}

/// Returns the statements that create the account `chatkeep` on MySQL and MariaDB.
fn account_statements(password: &str) -> String {
    format!(
        "CREATE USER 'chatkeep'@'%' IDENTIFIED BY '{password}';\n\
         GRANT ALL PRIVILEGES ON *.* TO 'chatkeep'@'%' WITH GRANT OPTION;\n\
         ALTER USER 'root'@'localhost' ACCOUNT LOCK;\n"
    )
}

/// Adds the options shared by MySQL and MariaDB.
fn mysql_family_options(command: &mut Command, plan: &Plan<'_>) {
    command
        .arg(option("datadir", plan.data().display()))
        .arg(option("port", plan.port))
        .arg(option("socket", plan.folder.join("socket").display()))
        .arg(option("pid-file", plan.folder.join("pid").display()))
        .args([
            "--bind-address=127.0.0.1",
            "--character-set-server=utf8mb4",
            "--max-allowed-packet=64M",
            "--max-connections=300",
            "--innodb-buffer-pool-size=64M",
            "--performance-schema=OFF",
            "--skip-log-bin",
            "--skip-name-resolve",
        ]);
    if !plan.options.without_tls {
        command
            .arg(option("ssl-ca", plan.folder.join(certificate::CA).display()))
            .arg(option("ssl-cert", plan.folder.join(certificate::SERVER).display()))
            .arg(option("ssl-key", plan.folder.join(certificate::KEY).display()));
    }
    if plan.options.fast {
        // Each commit still reaches the operating system, so a killed server loses nothing.
        command.args([
            "--innodb-flush-log-at-trx-commit=2",
            "--innodb-flush-method=nosync",
            "--innodb-doublewrite=0",
        ]);
    }
    for (name, value) in &plan.options.settings {
        command.arg(option(name, value));
    }
}

fn option(name: &str, value: impl std::fmt::Display) -> String {
    format!("--{name}={value}")
}

/// Finds a program on the `PATH` or in one of the given folders. Debian installs servers in
/// `/usr/sbin`, which is not on the `PATH` of ordinary accounts.
pub(crate) fn find_program(name: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(more.iter().cloned());
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn no_server() -> Failure {
    Failure("SQLite has no server: use TestDatabase::create(Engine::Sqlite)".to_owned())
}
