//! A server process and its data: creates, starts, stops, freezes and removes it.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::engines::{self, Member, Plan};
use crate::failure::{Context, Failure, Result};
use crate::home::Home;
use crate::launch::{self, Account};
use crate::{Engine, certificate, client, port};

const START_LIMIT: Duration = Duration::from_secs(120);
const STOP_LIMIT: Duration = Duration::from_secs(60);
const LOGIN_LIMIT: Duration = Duration::from_secs(3);
const PORT_TRIES: usize = 5;
const TAIL_LINES: usize = 30;

/// Options of a server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Skip fsync, which matters only if the machine loses power. A killed server still loses
    /// nothing.
    pub(crate) fast: bool,
    pub(crate) without_tls: bool,
    pub(crate) settings: Vec<(String, String)>,
    /// Set for a node of a Galera cluster.
    pub(crate) member: Option<Member>,
}

#[derive(Debug)]
pub(crate) struct Instance {
    engine: Engine,
    folder: PathBuf,
    certificates: PathBuf,
    account: Option<Account>,
    password: String,
    port: u16,
    options: Options,
    child: Option<Child>,
}

impl Instance {
    /// Creates a server in the folder `name` of `home` and waits until it accepts logins.
    pub(crate) fn start_new(
        home: &Home,
        name: &str,
        engine: Engine,
        options: Options,
    ) -> Result<Self> {
        let folder = home.path().join(name);
        let doing = || format!("creating the folder of a {engine} server");
        fs::create_dir(&folder).context(doing)?;
        let account = engines::account(engine)?;
        Account::own(account, &folder)?;
        // It contains a key and a password.
        fs::set_permissions(&folder, Permissions::from_mode(0o700)).context(doing)?;
        // A server must own its key, which no other account may read.
        for file in [certificate::CA, certificate::SERVER, certificate::KEY] {
            fs::copy(home.certificates().join(file), folder.join(file)).context(doing)?;
            Account::own(account, &folder.join(file))?;
        }
        let key = folder.join(certificate::KEY);
        fs::set_permissions(&key, Permissions::from_mode(0o600)).context(doing)?;
        let mut instance = Self {
            engine,
            folder,
            certificates: home.certificates(),
            account,
            password: home.password().to_owned(),
            port: 0,
            options,
            child: None,
        };
        engines::initialise(engine, home.path(), &instance.plan())?;
        for attempt in 1.. {
            instance.port = port::free()?;
            match instance.start() {
                Ok(()) => break,
                Err(_)
                    if attempt < PORT_TRIES
                        && instance.log_tail().contains("Address already in use") =>
                {
                    // Another process took the port between the check and the start of the server.
                    fs::remove_file(instance.log()).context(doing)?;
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(instance)
    }

    /// Starts the process and waits until it accepts logins.
    pub(crate) fn start(&mut self) -> Result<()> {
        let engine = self.engine;
        if self.child.is_some() {
            return Err(Failure(format!("the {engine} server is already running")));
        }
        let doing = || format!("starting a {engine} server");
        let mut command = engines::command(engine, &self.plan())?;
        let log = fs::File::options().create(true).append(true).open(self.log()).context(doing)?;
        // At startup, MariaDB removes its temporary files in there, so two servers must not share
        // the folder.
        command.env("TMPDIR", &self.folder);
        command.stdin(Stdio::null()).stdout(log.try_clone().context(doing)?).stderr(log);
        self.child = Some(
            launch::spawn(command)
                .context(|| format!("{} (with setpriv, of util-linux)", doing()))?,
        );
        let begin = Instant::now();
        loop {
            if let Some(status) = self.exit_status()? {
                return Err(Failure(format!(
                    "{}: it exited with {status}\n{}",
                    doing(),
                    self.log_tail()
                )));
            }
            let failure = match self.try_log_in() {
                Ok(()) => break,
                Err(failure) => failure,
            };
            if begin.elapsed() > START_LIMIT {
                self.kill();
                let seconds = START_LIMIT.as_secs();
                let tail = self.log_tail();
                return Err(Failure(format!(
                    "{}: no login within {seconds} s: {failure}\n{tail}",
                    doing()
                )));
            }
            thread::sleep(Duration::from_millis(25));
        }
        if let Some(member) = &mut self.options.member {
            // After a restart the node joins the existing cluster.
            member.bootstraps = false;
        }
        Ok(())
    }

    /// Logs in and runs a query. A cluster node accepts connections before it is synchronised, but
    /// rejects statements until then.
    fn try_log_in(&self) -> Result<()> {
        let sql = if self.options.member.is_some() { Member::STATE } else { "SELECT 1" };
        let rows = client::query(self.engine, &self.admin_url(), sql, LOGIN_LIMIT)?;
        let state = rows.into_iter().flatten().flatten().next().unwrap_or_default();
        if self.options.member.is_some() && state != Member::SYNCED {
            return Err(Failure(format!("the node is {state}")));
        }
        Ok(())
    }

    /// Shuts the server down in order: data is flushed to disk and clients are notified.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        self.resume();
        launch::signal(pid, engines::stop_signal(self.engine));
        let begin = Instant::now();
        while self.exit_status()?.is_none() {
            if begin.elapsed() > STOP_LIMIT {
                self.kill();
                return Err(Failure(format!(
                    "a {} server did not stop\n{}",
                    self.engine,
                    self.log_tail()
                )));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Kills the server with all its processes and waits until they have exited.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // The main process first, so that it does not restart killed workers.
            launch::signal(child.id(), Signal::KILL);
            // An error means that the child was reaped before.
            let _ = child.wait();
        }
        let begin = Instant::now();
        loop {
            let left = launch::processes_in(&self.folder);
            if left.is_empty() || begin.elapsed() > STOP_LIMIT {
                return;
            }
            left.into_iter().for_each(|pid| launch::signal(pid, Signal::KILL));
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Freezes the server with all its processes: connections stay open, but nothing responds.
    pub(crate) fn pause(&self) {
        let mut previous = 0;
        loop {
            let pids = launch::processes_in(&self.folder);
            pids.iter().for_each(|pid| launch::signal(*pid, Signal::STOP));
            // The main process may have started a worker during the scan.
            if pids.len() == previous {
                return;
            }
            previous = pids.len();
        }
    }

    /// Resumes a frozen server.
    pub(crate) fn resume(&self) {
        launch::processes_in(&self.folder)
            .into_iter()
            .for_each(|pid| launch::signal(pid, Signal::CONT));
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Returns the process id; `None` while the server is down.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Returns the exit status of a server that has exited.
    pub(crate) fn exit_status(&mut self) -> Result<Option<std::process::ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        let status = child.try_wait().context(|| format!("checking the {} server", self.engine))?;
        if status.is_some() {
            self.child = None;
        }
        Ok(status)
    }

    pub(crate) fn admin_url(&self) -> String {
        let database = if self.engine == Engine::PostgreSql { "postgres" } else { "" };
        format!(
            "{}://chatkeep:{}@127.0.0.1:{}/{database}",
            self.engine.name(),
            self.password,
            self.port
        )
    }

    /// Returns the path of the CA certificate, which every account may read.
    pub(crate) fn tls_ca(&self) -> PathBuf {
        self.certificates.join(certificate::CA)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        engines::socket(self.engine, &self.folder)
    }

    /// Returns the last lines of the server's log.
    pub(crate) fn log_tail(&self) -> String {
        let bytes = fs::read(self.log()).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            folder: &self.folder,
            account: self.account,
            password: &self.password,
            port: self.port,
            options: &self.options,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        engines::before_removal(self.engine, self);
        self.kill();
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    // The guard may have removed it already. Anything left is inside the folder of the run, which
    // the guard removes.
    if let Err(error) = fs::remove_dir_all(folder)
        && error.kind() != ErrorKind::NotFound
    {
        eprintln!("chatkeep-testkit: could not remove {}: {error}", folder.display());
    }
}
