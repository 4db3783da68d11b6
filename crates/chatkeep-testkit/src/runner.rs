//! `chatkeep-testkit run`: servers for the time of one command.

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

use crate::failure::{Failure, Result, While};
use crate::home::Home;
use crate::instance::{Instance, Options};
use crate::{Engine, GaleraCluster, Server, client, engines, environment, launch};

/// The runner itself failed, as opposed to the command it ran.
pub const FAILED: u8 = 125;

const QUESTION_LIMIT: Duration = Duration::from_secs(30);
/// After a signal, the command is asked again after this time, and killed after twice this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// What to run, and with which servers.
#[derive(Debug, Clone)]
pub struct Run {
    /// The servers to start; empty for all that there are.
    pub only: Vec<Engine>,
    /// Start a Galera cluster of three nodes as the MariaDB server.
    pub galera: bool,
    /// Without fsync: faster, and safe against everything but a power failure.
    pub fast: bool,
    /// Settings of servers: engine, name, value.
    pub settings: Vec<(Engine, String, String)>,
    /// Say nothing but errors.
    pub quiet: bool,
    /// The command and its arguments.
    pub command: Vec<OsString>,
}

enum Event {
    Signal(i32),
    Started(Result<(Shared, String)>),
    Exited(std::io::Result<ExitStatus>),
}

/// Servers that run, by engine, each with its version.
type Started = BTreeMap<Engine, (Shared, String)>;

/// A server that all tests share.
enum Shared {
    Server(Box<Instance>),
    Cluster(GaleraCluster),
}

impl Shared {
    /// The server, or the cluster's first node.
    fn instance(&self) -> &Instance {
        match self {
            Self::Server(instance) => instance,
            Self::Cluster(cluster) => cluster.node(0).instance(),
        }
    }
}

/// Starts the servers, runs the command, stops the servers and removes all they wrote.
///
/// Returns the command's exit code, or 128 and the signal's number when a signal ended it, or [`FAILED`] when the
/// servers could not be had, after saying why.
pub fn run(order: &Run) -> u8 {
    match try_run(order) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("chatkeep-testkit: {failure}");
            FAILED
        }
    }
}

fn try_run(order: &Run) -> Result<u8> {
    let (sender, events) = mpsc::channel();
    watch_signals(&sender)?;
    let absence = engines::mysql_absence();
    let wanted = wanted(order, absence.as_deref())?;
    let home = Home::create()?;
    let started = match start(order, &home, &wanted, &sender, &events)? {
        Ok(started) => started,
        Err(signal) => return Ok(code_of_signal(signal)),
    };
    let left_out = if order.only.is_empty() { absence } else { None };
    let summary = summary(&started, left_out.as_deref());
    say(order, &summary);
    let mut command = command(order, &home, &started)?;
    command.env("CHATKEEP_TEST_ENGINES", &summary);
    if let Some(reason) = left_out {
        command.env(environment::name(Engine::MySql, "ABSENT"), reason);
    }
    let status = execute(command, &sender, &events)?;
    // The servers first, then their folder.
    drop(started);
    drop(home);
    say(order, &format!("ran on {summary}"));
    Ok(code(status))
}

fn wanted(order: &Run, absence: Option<&str>) -> Result<Vec<Engine>> {
    if order.command.is_empty() {
        return Err(Failure("there is no command to run: name it after `--`".to_owned()));
    }
    if !order.only.is_empty() {
        return match absence {
            Some(reason) if order.only.contains(&Engine::MySql) => {
                Err(Failure(format!("there is no MySQL: {reason}")))
            }
            _ => Ok(order.only.clone()),
        };
    }
    let servers = Engine::ALL.into_iter().filter(|engine| engine.is_server());
    Ok(servers.filter(|engine| *engine != Engine::MySql || absence.is_none()).collect())
}

fn watch_signals(sender: &Sender<Event>) -> Result<()> {
    let mut signals =
        Signals::new([SIGINT, SIGTERM, SIGHUP]).while_(|| "watching for signals".to_owned())?;
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

/// Starts all servers at the same time; the inner error is the signal that came meanwhile.
fn start(
    order: &Run,
    home: &Home,
    wanted: &[Engine],
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<std::result::Result<Started, i32>> {
    for engine in wanted.iter().copied() {
        let settings = order.settings.iter().filter(|(of, ..)| *of == engine);
        let settings = settings.map(|(_, name, value)| (name.clone(), value.clone())).collect();
        let options = Options { fast: order.fast, settings, ..Options::default() };
        let is_cluster = order.galera && engine == Engine::MariaDb;
        let (path, sender) = (home.path().to_owned(), sender.clone());
        thread::spawn(move || {
            let start = || -> Result<_> {
                let home = Home::open(path)?;
                let server = if is_cluster {
                    Shared::Cluster(GaleraCluster::try_start(home, &options)?)
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
            // Nobody listens any more after a signal; the server goes with the folder.
            let _ = sender.send(Event::Started(start()));
        });
    }
    let mut started = Started::new();
    while started.len() < wanted.len() {
        match events.recv().while_(|| "starting the servers".to_owned())? {
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
    let rows = client::query(engine, &instance.admin_url(), sql, QUESTION_LIMIT)?;
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

fn command(order: &Run, home: &Home, started: &Started) -> Result<Command> {
    let mut command = Command::new("setpriv");
    // In the runner's own process group, so that Ctrl-C reaches it from the terminal.
    command.args(["--pdeathsig", "TERM", "--"]).args(&order.command);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(environment::is_ours) {
            command.env_remove(name);
        }
    }
    command.env(environment::HOME, home.path());
    for (engine, (server, _)) in started {
        let instance = server.instance();
        let pid = instance
            .pid()
            .ok_or_else(|| Failure(format!("the {engine} server ended by itself")))?;
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
    if !order.only.is_empty() {
        let names: Vec<&str> = order.only.iter().map(|engine| engine.name()).collect();
        command.env(environment::ONLY, names.join(","));
    }
    Ok(command)
}

/// Runs the command to its end, or until a signal and the patience with it have ended it.
fn execute(
    command: Command,
    sender: &Sender<Event>,
    events: &Receiver<Event>,
) -> Result<ExitStatus> {
    let doing = || "running the command (with setpriv, of util-linux)".to_owned();
    let mut child = launch::spawn(command).while_(doing)?;
    let pid = child.id();
    let sender = sender.clone();
    thread::spawn(move || {
        // The receiver is there until the event comes, or this process is about to end.
        let _ = sender.send(Event::Exited(child.wait()));
    });
    let mut interrupted: Option<Instant> = None;
    loop {
        let event = match interrupted {
            None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(_) => events.recv_timeout(PATIENCE),
        };
        match event {
            Ok(Event::Exited(status)) => return status.while_(doing),
            Ok(Event::Started(_)) => {}
            Ok(Event::Signal(signal)) => {
                // Ctrl-C went to the whole process group; sent twice it would be an order to stop at once.
                if signal != SIGINT {
                    tell(pid, Signal::TERM);
                }
                interrupted.get_or_insert_with(Instant::now);
            }
            Err(RecvTimeoutError::Timeout) => {
                let waited = interrupted.map_or(Duration::ZERO, |since| since.elapsed());
                tell(pid, if waited < PATIENCE * 2 { Signal::TERM } else { Signal::KILL });
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Failure("lost sight of the command".to_owned()));
            }
        }
    }
}

/// A shell does not pass a signal on to what it started.
fn tell(pid: u32, signal: Signal) {
    launch::descendants(pid).into_iter().for_each(|pid| launch::signal(pid, signal));
}

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

fn say(order: &Run, text: &str) {
    if !order.quiet {
        eprintln!("chatkeep-testkit: {text}");
    }
}
