//! A server of one test's own, to be stopped, killed and frozen.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::failure::Result;
use crate::home::Home;
use crate::instance::{Instance, Options};
use crate::{Engine, TestDatabase, environment};

/// A private server, for tests that break it. It goes with this value, and with this process in whatever way it ends.
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
    // Before the folder it lives in.
    instance: Instance,
    tls_ca: PathBuf,
    socket: PathBuf,
    _home: Home,
}

/// Settings for a [`Server`] that is still to be started.
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start`"]
pub struct ServerBuilder {
    engine: Engine,
    options: Options,
}

impl ServerBuilder {
    /// Sets a setting of the server, as its own documentation names it, for example `max_connections` to `10`.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.options.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A server that offers no TLS.
    pub fn without_tls(mut self) -> Self {
        self.options.without_tls = true;
        self
    }

    /// Whether what was committed outlives a power failure (fsync). Off unless asked for: tests are faster without,
    /// and a server that is only killed loses nothing either way.
    pub fn durable(mut self, on: bool) -> Self {
        self.options.fast = !on;
        self
    }

    /// Starts it and waits until it takes log-ins: one to three seconds.
    ///
    /// # Panics
    ///
    /// When it cannot be started; the message holds the end of its log.
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
        // Inside the folder of the run, if there is one: then the run's end removes it even if this process cannot.
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

    /// Starts a server with the kit's usual settings and waits until it takes log-ins.
    ///
    /// # Panics
    ///
    /// When it cannot be started; the message holds the end of its log.
    #[track_caller]
    pub fn start(engine: Engine) -> Self {
        Self::builder(engine).start()
    }

    /// A server with other settings.
    pub fn builder(engine: Engine) -> ServerBuilder {
        ServerBuilder { engine, options: Options { fast: true, ..Options::default() } }
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.instance.engine()
    }

    /// URL of an account that may do everything.
    pub fn url(&self) -> String {
        self.instance.admin_url()
    }

    /// Its port on 127.0.0.1, the same after each start.
    pub fn port(&self) -> u16 {
        self.instance.port()
    }

    /// Its process id; `None` while it is down.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// Whether its process is there, frozen or not.
    pub fn is_running(&mut self) -> bool {
        matches!(self.instance.exit_status(), Ok(None)) && self.instance.pid().is_some()
    }

    /// The CA certificate. The server's certificate is for the name `localhost` only.
    pub fn tls_ca(&self) -> &Path {
        &self.tls_ca
    }

    /// Its unix socket: for PostgreSQL the folder it lies in, for MariaDB and MySQL the socket itself.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// An empty database on this server.
    ///
    /// # Panics
    ///
    /// When the server does not answer within a minute.
    #[track_caller]
    pub fn create_database(&self) -> TestDatabase {
        match TestDatabase::on_private_server(self.engine(), &self.url()) {
            Ok(database) => database,
            Err(failure) => {
                panic!("making a database on a private {} server: {failure}", self.engine())
            }
        }
    }

    /// Shuts it down in order and waits until it is down.
    ///
    /// # Panics
    ///
    /// When it does not stop within a minute.
    #[track_caller]
    pub fn stop(&mut self) {
        expect(self.instance.stop());
    }

    /// Kills it with all its processes (SIGKILL) and waits until they are gone.
    pub fn kill(&mut self) {
        self.instance.kill();
    }

    /// Starts it after [`stop`](Server::stop) or [`kill`](Server::kill), with the same data on the same port, and waits
    /// until it takes log-ins.
    ///
    /// # Panics
    ///
    /// When it runs already or cannot be started.
    #[track_caller]
    pub fn start_again(&mut self) {
        expect(self.instance.start());
    }

    /// [`stop`](Server::stop), then [`start_again`](Server::start_again).
    ///
    /// # Panics
    ///
    /// As both.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Freezes it with all its processes (SIGSTOP): connections stay open, new ones are taken by the system, and
    /// nothing answers.
    pub fn pause(&self) {
        self.instance.pause();
    }

    /// Lets it go on after [`pause`](Server::pause) (SIGCONT).
    pub fn resume(&self) {
        self.instance.resume();
    }

    /// The last lines that it logged.
    pub fn log_tail(&self) -> String {
        self.instance.log_tail()
    }
}

#[track_caller]
fn expect(done: Result<()>) {
    if let Err(failure) = done {
        panic!("{failure}");
    }
}
