//! A database of one test's own.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, process};

use tempfile::TempDir;

use crate::failure::{Failure, Result, While};
use crate::{Engine, client, environment, port, script, url};

const LIMIT: Duration = Duration::from_secs(60);
const DROP_LIMIT: Duration = Duration::from_secs(10);

/// An empty database that belongs to one test and goes with this value.
///
/// On a server it has a name no other test has, and is dropped even while connections to it are open. For SQLite it is
/// a file, not made yet, in a temporary folder.
///
/// ```no_run
/// use chatkeep_testkit::{Engine, TestDatabase};
///
/// for engine in Engine::available() {
///     let database = TestDatabase::create(engine);
///     database.execute("CREATE TABLE t (a INTEGER)");
///     database.execute("INSERT INTO t VALUES (7)");
///     assert_eq!(database.scalar("SELECT a FROM t").as_deref(), Some("7"));
/// }
/// ```
#[derive(Debug)]
pub struct TestDatabase {
    engine: Engine,
    url: String,
    name: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(TempDir),
    /// Dropped by way of this admin URL.
    SharedServer(String),
    /// Goes with its server.
    PrivateServer,
}

impl TestDatabase {
    /// Makes an empty database on the shared server of this engine, or a temporary folder for SQLite.
    ///
    /// # Panics
    ///
    /// When the server is not in the environment or does not answer within a minute.
    #[track_caller]
    pub fn create(engine: Engine) -> Self {
        let made =
            if engine.is_server() { Self::on_shared_server(engine) } else { Self::in_folder() };
        made.unwrap_or_else(|failure| panic!("making a {engine} database for a test: {failure}"))
    }

    fn on_shared_server(engine: Engine) -> Result<Self> {
        let mut admin = environment::read(engine, "URL")?;
        let nodes = if engine == Engine::MariaDb { environment::galera_urls() } else { Vec::new() };
        if !nodes.is_empty() {
            // Tests are distributed over the nodes; each uses one.
            admin = nodes[usize::from(port::random_u16()?) % nodes.len()].clone();
        }
        let (name, url) = make(engine, &admin)?;
        Ok(Self { engine, url, name, place: Place::SharedServer(admin) })
    }

    fn in_folder() -> Result<Self> {
        let doing = || "making a temporary folder".to_owned();
        let parent = environment::home().unwrap_or_else(env::temp_dir);
        let folder = tempfile::Builder::new().prefix("sqlite-").tempdir_in(parent).while_(doing)?;
        let path = folder.path().canonicalize().while_(doing)?.join("chatkeep.db");
        let name = path
            .to_str()
            .ok_or_else(|| Failure("the temporary folder's name is not UTF-8".to_owned()))?;
        // The path begins with a slash of its own, so there are four.
        let url = format!("sqlite:///{name}");
        Ok(Self {
            engine: Engine::Sqlite,
            url,
            name: name.to_owned(),
            place: Place::Folder(folder),
        })
    }

    /// On a server that is thrown away with everything on it.
    pub(crate) fn on_private_server(engine: Engine, admin: &str) -> Result<Self> {
        let (name, url) = make(engine, admin)?;
        Ok(Self { engine, url, name, place: Place::PrivateServer })
    }

    /// The engine it is on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Its URL, with an account that may do everything.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same database through another address, for example a proxy, or `localhost` for the name in the certificate.
    ///
    /// # Panics
    ///
    /// For SQLite, which has no address.
    #[track_caller]
    pub fn url_at(&self, host: &str, port: u16) -> String {
        assert!(self.engine.is_server(), "a SQLite database has no address");
        url::with_address(&self.url, host, port)
    }

    /// The same database on another node of its private cluster.
    pub(crate) fn at_port(&self, port: u16) -> Self {
        Self {
            engine: self.engine,
            url: url::with_address(&self.url, "127.0.0.1", port),
            name: self.name.clone(),
            place: Place::PrivateServer,
        }
    }

    /// The port of its server.
    ///
    /// # Panics
    ///
    /// For SQLite, which has no port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let port = url::address(&self.url).rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("a {} database at an address with no port", self.engine))
    }

    /// The database's name on its server; for SQLite the file's path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file, for SQLite only. It does not exist before somebody makes it.
    pub fn path(&self) -> Option<&Path> {
        self.folder().map(|_| Path::new(&self.name))
    }

    /// The file's folder, for SQLite only. It goes with this value, with all that is in it.
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder.path()),
            Place::SharedServer(_) | Place::PrivateServer => None,
        }
    }

    /// Runs one or more statements, behind chatkeep's back.
    ///
    /// # Panics
    ///
    /// When the database refuses them or does not answer within a minute.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        if let Err(message) = self.try_execute(sql) {
            panic!("{} refused {sql:?}: {message}", self.engine);
        }
    }

    /// Runs one or more statements, behind chatkeep's back.
    ///
    /// # Errors
    ///
    /// The database's own message when it refuses them.
    pub fn try_execute(&self, sql: &str) -> std::result::Result<(), String> {
        let done = match self.path() {
            Some(path) => client::execute_in_file(path, sql, LIMIT),
            None => client::execute(self.engine, &self.url, sql, LIMIT),
        };
        done.map_err(|failure| failure.0)
    }

    /// Has the engine's own command-line client run a script: `psql`, `mariadb` or `sqlite3`.
    ///
    /// # Errors
    ///
    /// What the client says when it ends with a failure.
    pub fn run_client(&self, script: &str) -> std::result::Result<(), String> {
        script::run(self.engine, &self.url, self.path(), script).map_err(|failure| failure.0)
    }

    /// The rows of a query, each value as the text the engine itself gives; `None` is NULL.
    ///
    /// # Panics
    ///
    /// When the database refuses the query or does not answer within a minute.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let rows = match self.path() {
            Some(path) => client::query_in_file(path, sql, LIMIT),
            None => client::query(self.engine, &self.url, sql, LIMIT),
        };
        rows.unwrap_or_else(|failure| panic!("{} refused {sql:?}: {failure}", self.engine))
    }

    /// The first value of a query's first row; `None` is NULL.
    ///
    /// # Panics
    ///
    /// As [`TestDatabase::query`], and when there is no row.
    #[track_caller]
    pub fn scalar(&self, sql: &str) -> Option<String> {
        let first = self.query(sql).into_iter().next().and_then(|row| row.into_iter().next());
        first.unwrap_or_else(|| panic!("{sql:?} gave no row"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Place::SharedServer(admin) = &self.place
            && let Err(failure) = remove(self.engine, admin, &self.name)
        {
            // It goes with its server at the end of the run; a panic in here would hide the test's own.
            eprintln!(
                "chatkeep-testkit: the {} database {} stays: {failure}",
                self.engine, self.name
            );
        }
    }
}

fn make(engine: Engine, admin: &str) -> Result<(String, String)> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = format!("ck_{}_{count}_{}", process::id(), port::random_hex(4)?);
    let sql = match engine {
        Engine::PostgreSql => format!("CREATE DATABASE {name} TEMPLATE template0"),
        _ => format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    };
    client::execute(engine, admin, &sql, LIMIT)?;
    let url = url::with_database(admin, &name);
    Ok((name, url))
}

/// Drops a database although connections to it may be open.
fn remove(engine: Engine, admin: &str, name: &str) -> Result<()> {
    if engine == Engine::PostgreSql {
        return client::execute(
            engine,
            admin,
            &format!("DROP DATABASE {name} WITH (FORCE)"),
            DROP_LIMIT,
        );
    }
    let open = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    for row in client::query(engine, admin, &open, DROP_LIMIT)? {
        if let Some(Some(id)) = row.first() {
            // It may have ended since.
            let _ = client::execute(engine, admin, &format!("KILL {id}"), DROP_LIMIT);
        }
    }
    client::execute(
        engine,
        admin,
        &format!("SET lock_wait_timeout = 8; DROP DATABASE {name}"),
        DROP_LIMIT,
    )
}
