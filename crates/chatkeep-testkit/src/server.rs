//! Private servers that a test can stop, kill and freeze.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::Result;
use crate::home::Home;
use crate::instance::{Instance, Options};
use crate::{Engine, TestDatabase, environment};

/// A private server for tests that break it. It is removed when this value is dropped or this
/// process ends, even if it is killed.
///
/// ```no_run
/// use chatkeep_testkit::{Engine, Server};
///
/// let mut server = Server::start(Engine::PostgreSql);
/// let database = server.create_database();
/// database.execute("CREATE TABLE t (a INTEGER)");
/// server.kill();
/// assert!(database.try_execute("INSERT INTO t VALUES (1)").is_err());
/// server.start_again();
/// database.execute("INSERT INTO t VALUES (1)");
/// ```
#[derive(Debug)]
pub struct Server {
    // Dropped before its folder.
    instance: Instance,
    tls_ca: PathBuf,
    socket: PathBuf,
    _home: Home,
}

/// Configures a [`Server`] before it is started.
#[derive(Debug, Clone)]
#[must_use = "the server is started by `start`"]
pub struct ServerBuilder {
    engine: Engine,
    options: Options,
}

impl ServerBuilder {
    /// Sets a server setting, named as in its documentation, for example `max_connections` to `10`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.options.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Disables TLS.
    pub fn without_tls(mut self) -> Self {
        self.options.without_tls = true;
        self
    }

    /// Sets whether commits survive a power failure (fsync). Off by default, because tests are
    /// faster without it, and a killed server loses nothing either way.
    pub fn durable(mut self, on: bool) -> Self {
        self.options.fast = !on;
        self
    }

    /// Starts the server and waits until it accepts logins, which takes one to three seconds.
    ///
    /// # Panics
    ///
    /// If it fails to start. The message contains the end of its log.
    #[track_caller]
    pub fn start(self) -> Server {
        let engine = self.engine;
        match self.try_start() {
            Ok(server) => server,
            Err(failure) => panic!("a private {engine} server: {failure}"),
        }
    }

    fn try_start(self) -> Result<Server> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        // Inside the folder of the run if there is one, so that the runner removes it even if this
        // process cannot.
        let home = match environment::home() {
            Some(path) => Home::open(path)?,
            None => Home::create()?,
        };
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{count}", self.engine.name(), process::id());
        Server::start_in(home, &name, self.engine, self.options)
    }
}

impl Server {
    /// Starts a server in a folder of this name in `home`.
    pub(crate) fn start_in(
        home: Home,
        name: &str,
        engine: Engine,
        options: Options,
    ) -> Result<Self> {
        let instance = Instance::start_new(&home, name, engine, options)?;
        Ok(Self { tls_ca: instance.tls_ca(), socket: instance.socket(), instance, _home: home })
    }

    /// Starts a server with the default settings of the testkit and waits until it accepts logins.
    ///
    /// # Panics
    ///
    /// If it fails to start. The message contains the end of its log.
    #[track_caller]
    pub fn start(engine: Engine) -> Self {
        Self::builder(engine).start()
    }

    /// Returns a builder for a server with other settings.
    pub fn builder(engine: Engine) -> ServerBuilder {
        ServerBuilder { engine, options: Options { fast: true, ..Options::default() } }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Returns the engine.
    pub fn engine(&self) -> Engine {
        self.instance.engine()
    }

    /// Returns the URL, with an account that has all privileges.
    pub fn url(&self) -> String {
        self.instance.admin_url()
    }

    /// Returns its port on 127.0.0.1, which stays the same across restarts.
    pub fn port(&self) -> u16 {
        self.instance.port()
    }

    /// Returns its process id; `None` while it is down.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// Returns whether its process exists, frozen or not.
    pub fn is_running(&mut self) -> bool {
        matches!(self.instance.exit_status(), Ok(None)) && self.instance.pid().is_some()
    }

    /// Returns the path of the CA certificate. The server's certificate is for the name `localhost`
    /// only.
    pub fn tls_ca(&self) -> &Path {
        &self.tls_ca
    }

    /// Returns its Unix socket: the containing folder for PostgreSQL, the socket itself for MariaDB
    /// and MySQL.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Creates an empty database on this server.
    ///
    /// # Panics
    ///
    /// If the server does not respond within a minute.
    #[track_caller]
    pub fn create_database(&self) -> TestDatabase {
        match TestDatabase::on_private_server(self.engine(), &self.url()) {
            Ok(database) => database,
            Err(failure) => {
                panic!("creating a database on a private {} server: {failure}", self.engine())
            }
        }
    }

    /// Shuts the server down in order and waits until it has stopped.
    ///
    /// # Panics
    ///
    /// If it does not stop within a minute.
    #[track_caller]
    pub fn stop(&mut self) {
        expect(self.instance.stop());
    }

    /// Kills the server with all its processes (SIGKILL) and waits until they have exited.
    pub fn kill(&mut self) {
        self.instance.kill();
    }

    /// Starts the server after [`stop`](Server::stop) or [`kill`](Server::kill), with the same data
    /// and port, and waits until it accepts logins.
    ///
    /// # Panics
    ///
    /// If it is already running or fails to start.
    #[track_caller]
    pub fn start_again(&mut self) {
        expect(self.instance.start());
    }

    /// Calls [`stop`](Server::stop), then [`start_again`](Server::start_again).
    ///
    /// # Panics
    ///
    /// As both.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Freezes the server with all its processes (SIGSTOP): connections stay open, the system
    /// accepts new ones, but nothing responds.
    pub fn pause(&self) {
        self.instance.pause();
    }

    /// Resumes the server after [`pause`](Server::pause) (SIGCONT).
    pub fn resume(&self) {
        self.instance.resume();
    }

    /// Returns the last lines of its log.
    pub fn log_tail(&self) -> String {
        self.instance.log_tail()
    }
}

#[track_caller]
fn expect(result: Result<()>) {
    if let Err(failure) = result {
        panic!("{failure}");
    }
}
