//! `chatkeep-testkit run`: starts servers, runs one command with their addresses, and stops them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use std::{env, thread};

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::{Context, Failure, Result};
use crate::home::Home;
use crate::instance::{Instance, Options};
use crate::{Engine, GaleraCluster, Server, client, engines, environment, launch};

/// Exit code of a failure of the runner itself, as opposed to the command.
pub const FAILED: u8 = 125;

/// Maximum duration of the query for a server's version.
const QUERY_LIMIT: Duration = Duration::from_secs(30);
/// After a signal, a command that is still running gets SIGTERM after this time, even if it got one
/// at first. After twice this time it gets SIGKILL.
const GRACE_PERIOD: Duration = Duration::from_secs(5);

/// A command to run and the servers that it needs.
#[derive(Debug, Clone)]
pub struct Run {
    /// The servers to start; empty for all available ones.
    pub only: Vec<Engine>,
    /// Whether to start a Galera cluster of three nodes as the MariaDB server.
    pub galera: bool,
    /// Whether to disable fsync, which is faster and safe except on a power failure.
    pub fast: bool,
    /// Server settings, each with the engine, the name and the value.
    pub settings: Vec<(Engine, String, String)>,
    /// Whether to print only errors.
    pub quiet: bool,
    /// The command and its arguments.
    pub command: Vec<OsString>,
}

/// An event that the main thread waits for.
enum Event {
    /// The runner received this signal.
    Signal(i32),
    /// A server has started, or failed to start.
    Started(Result<(Shared, String)>),
    /// The command has exited.
    Exited(std::io::Result<ExitStatus>),
}

/// Running servers by engine, each with its version.
type Started = BTreeMap<Engine, (Shared, String)>;

/// A server shared by all tests.
enum Shared {
    Server(Box<Instance>),
    Cluster(GaleraCluster),
}

impl Shared {
    /// Returns the server, or the first node of the cluster.
    fn instance(&self) -> &Instance {
        match self {
            Self::Server(instance) => instance,
            Self::Cluster(cluster) => cluster.node(0).instance(),
        }
    }
}

/// Starts the servers, runs the command, stops the servers and removes their data.
///
/// Returns the exit code of the command, 128 plus the signal number if a signal ended it, or
/// [`FAILED`] if the runner failed, for example to start a server. The reason is printed.
pub fn run(request: &Run) -> u8 {
    match try_run(request) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("chatkeep-testkit: {failure}");
            FAILED
        }
    }
}

fn try_run(request: &Run) -> Result<u8> {
    let (sender, events) = mpsc::channel();
    watch_signals(&sender)?;
    let absence = engines::mysql_absence();
    let engines_to_start = engines_to_start(request, absence.as_deref())?;
    let home = Home::create()?;
    let started = match start(request, &home, &engines_to_start, &sender, &events)? {
        Ok(started) => started,
        Err(signal) => return Ok(code_of_signal(signal)),
    };
    let absent_mysql = if request.only.is_empty() { absence } else { None };
    let summary = summary(&started, absent_mysql.as_deref());
    report(request, &summary);
    let mut command = command(request, &home, &started)?;
    command.env("CHATKEEP_TEST_ENGINES", &summary);
    if let Some(reason) = absent_mysql {
        command.env(environment::name(Engine::MySql, "ABSENT"), reason);
    }
    let status = execute(command, &sender, &events)?;
    // The servers are dropped before their folder.
    drop(started);
    drop(home);
    report(request, &format!("ran on {summary}"));
    Ok(code(status))
}

fn engines_to_start(request: &Run, absence: Option<&str>) -> Result<Vec<Engine>> {
    if request.command.is_empty() {
        return Err(Failure("no command to run: pass it after `--`".to_owned()));
    }
    if !request.only.is_empty() {
        return match absence {
            Some(reason) if request.only.contains(&Engine::MySql) => {
                Err(Failure(format!("MySQL is absent: {reason}")))
            }
            _ => Ok(request.only.clone()),
        };
    }
    let servers = Engine::ALL.into_iter().filter(|engine| engine.is_server());
    Ok(servers.filter(|engine| *engine != Engine::MySql || absence.is_none()).collect())
}

fn watch_signals(sender: &Sender<Event>) -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).context(|| "watching for signals".to_owned())?;
    let sender = sender.clone();
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Starts all servers concurrently. The inner error is the number of a signal received during
/// the start.
fn start(
    request: &Run,
    home: &Home,
    engines_to_start: &[Engine],
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<std::result::Result<Started, i32>> {
    for engine in engines_to_start.iter().copied() {
        let settings = request.settings.iter().filter(|(of, ..)| *of == engine);
        let settings = settings.map(|(_, name, value)| (name.clone(), value.clone())).collect();
        let options = Options { fast: request.fast, settings, ..Options::default() };
        let is_cluster = request.galera && engine == Engine::MariaDb;
        let (path, sender) = (home.path().to_owned(), sender.clone());
        thread::spawn(move || {
            let start = || -> Result<_> {
                let home = Home::open(path)?;
                let server = if is_cluster {
                    Shared::Cluster(GaleraCluster::try_start(home, &options, true)?)
                } else {
                    Shared::Server(Box::new(Instance::start_new(
                        &home,
                        engine.name(),
                        engine,
                        options,
                    )?))
                };
                let mut version = version(server.instance())?;
                if is_cluster {
                    version.push_str(" with Galera");
                }
                Ok((server, version))
            };
            // After a signal there is no receiver. The server is then removed with the folder.
            let _ = sender.send(Event::Started(start()));
        });
    }
    let mut started = Started::new();
    while started.len() < engines_to_start.len() {
        match events.recv().context(|| "starting the servers".to_owned())? {
            Event::Started(server) => {
                let (server, version) = server?;
                started.insert(server.instance().engine(), (server, version));
            }
            Event::Signal(signal) => return Ok(Err(signal)),
            Event::Exited(_) => {}
        }
    }
    Ok(Ok(started))
}

fn version(instance: &Instance) -> Result<String> {
    let engine = instance.engine();
    let sql = if engine == Engine::PostgreSql { "SHOW server_version" } else { "SELECT VERSION()" };
    let rows = client::query(engine, &instance.admin_url(), sql, QUERY_LIMIT)?;
    let full = rows.into_iter().flatten().flatten().next().unwrap_or_default();
    let end = full.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(full.len());
    Ok(full[..end].to_owned())
}

fn summary(started: &Started, mysql_absent: Option<&str>) -> String {
    let mut text = Engine::Sqlite.to_string();
    for (engine, (_, version)) in started {
        text.push_str(&format!(", {engine} {version}"));
    }
    if let Some(reason) = mysql_absent {
        let first_line = reason.lines().next().unwrap_or_default();
        text.push_str(&format!("; MySQL is absent: {first_line}"));
    }
    text
}

fn command(request: &Run, home: &Home, started: &Started) -> Result<Command> {
    let mut command = Command::new("setpriv");
    // The command stays in the runner's process group, so that Ctrl-C at the terminal reaches it.
    command.args(["--pdeathsig", "TERM", "--"]).args(&request.command);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(environment::is_testkit_variable) {
            command.env_remove(name);
        }
    }
    command.env(environment::HOME, home.path());
    for (engine, (server, _)) in started {
        let instance = server.instance();
        let pid = instance
            .pid()
            .ok_or_else(|| Failure(format!("the {engine} server exited unexpectedly")))?;
        command
            .env(environment::name(*engine, "URL"), instance.admin_url())
            .env(environment::name(*engine, "TLS_CA"), instance.tls_ca())
            .env(environment::name(*engine, "SOCKET"), instance.socket())
            .env(environment::name(*engine, "PID"), pid.to_string());
        if let Shared::Cluster(cluster) = server {
            let urls: Vec<String> = cluster.nodes().iter().map(Server::url).collect();
            command.env(environment::GALERA_URLS, urls.join(" "));
        }
    }
    if !request.only.is_empty() {
        let names: Vec<&str> = request.only.iter().map(|engine| engine.name()).collect();
        command.env(environment::ONLY, names.join(","));
    }
    Ok(command)
}

/// Runs the command until it exits, or terminates it after a signal.
fn execute(
    command: Command,
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitStatus> {
    let doing = || "running the command (with setpriv, of util-linux)".to_owned();
    let mut child = launch::spawn(command).context(doing)?;
    let pid = child.id();
    let sender = sender.clone();
    thread::spawn(move || {
        // This fails only when the runner is about to exit after an error.
        let _ = sender.send(Event::Exited(child.wait()));
    });
    let mut interrupted: Option<Instant> = None;
    loop {
        let event = match interrupted {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => events.recv_timeout(GRACE_PERIOD),
        };
        match event {
            Ok(Event::Exited(status)) => return status.context(doing),
            Ok(Event::Started(_)) => {}
            Ok(Event::Signal(signal)) => {
                // Ctrl-C at the terminal reaches the command as well. A second signal would request
                // an immediate stop, so none is sent yet.
                if signal != SIGINT {
                    signal_tree(pid, Signal::TERM);
                }
                interrupted.get_or_insert_with(Instant::now);
            }
            Err(RecvTimeoutError::Timeout) => {
                let waited = interrupted.map_or(Duration::ZERO, |since| since.elapsed());
                signal_tree(
                    pid,
                    if waited < GRACE_PERIOD * 2 { Signal::TERM } else { Signal::KILL },
                );
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure("lost the thread that waits for the command".to_owned()));
            }
        }
    }
}

/// Signals a process and its descendants, because a shell does not forward signals to its children.
fn signal_tree(pid: u32, signal: Signal) {
    launch::descendants(pid).into_iter().for_each(|pid| launch::signal(pid, signal));
}

/// Returns the exit code of a process: its own, or 128 plus the signal that ended it.
fn code(status: ExitStatus) -> u8 {
    match (status.code(), status.signal()) {
        (Some(code), _) => u8::try_from(code).unwrap_or(FAILED),
        (None, Some(signal)) => code_of_signal(signal),
        (None, None) => FAILED,
    }
}

fn code_of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(FAILED)
}

fn report(request: &Run, text: &str) {
    if !request.quiet {
        eprintln!("chatkeep-testkit: {text}");
    }
}
