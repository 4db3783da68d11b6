//! Empty databases, each of which belongs to one test.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use std::{env, process};

use tempfile::TempDir;

use crate::failure::{Context, Failure, Result};
use crate::{Engine, client, environment, port, script, template, url};

/// Maximum duration of a statement of a test.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// Maximum duration of each statement that drops a database.
const DROP_LIMIT: Duration = Duration::from_secs(10);
/// The template of an empty database on PostgreSQL.
const EMPTY: &str = "template0";

/// An empty database that belongs to one test and is removed when this value is dropped.
///
/// On a server it has a unique name, and is dropped even if connections to it are open. For SQLite
/// it is a file in a temporary folder, which does not exist yet.
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
    location: Location,
}

#[derive(Debug)]
enum Location {
    Folder(TempDir),
    /// A server used by all tests. The database is dropped through this admin URL.
    SharedServer(String),
    /// Not dropped: the database of a private server, which is removed with all its databases, or
    /// the template on the shared server, which the runner removes.
    Kept,
}

impl TestDatabase {
    /// Creates an empty database on the shared server of this engine, or a temporary folder for
    /// SQLite.
    ///
    /// # Panics
    ///
    /// If the environment variables of the runner name no server of this engine, or if the server
    /// does not respond within a minute.
    #[track_caller]
    pub fn create(engine: Engine) -> Self {
        let created = match engine {
            Engine::Sqlite => Self::in_folder(),
            _ => Self::on_shared_server(engine, EMPTY),
        };
        created
            .unwrap_or_else(|failure| panic!("creating a {engine} database for a test: {failure}"))
    }

    /// Creates a database with what `prepare` does to an empty one. Only the first call of a run of
    /// `chatkeep-testkit` calls `prepare`, and the others copy its result, which is faster. All
    /// calls of a run must prepare the same, and close what they open.
    ///
    /// # Panics
    ///
    /// As [`TestDatabase::create`].
    #[track_caller]
    pub fn prepared(engine: Engine, prepare: impl FnOnce(&Self)) -> Self {
        template::copy(engine, prepare)
            .unwrap_or_else(|failure| panic!("copying a {engine} database for a test: {failure}"))
    }

    /// Creates an empty database with this name on the shared server, which stays there. It
    /// replaces one that an interrupted process left.
    pub(crate) fn named(engine: Engine, name: &str) -> Result<Self> {
        let admin = environment::read(engine, "URL")?;
        remove(engine, &admin, name)?;
        let url = create(engine, &admin, name, EMPTY)?;
        Ok(Self { engine, url, name: name.to_owned(), location: Location::Kept })
    }

    /// Creates a database with a unique name on the shared server, on PostgreSQL as a copy of
    /// `template`.
    pub(crate) fn on_shared_server(engine: Engine, template: &str) -> Result<Self> {
        let mut admin = environment::read(engine, "URL")?;
        let nodes = if engine == Engine::MariaDb { environment::galera_urls() } else { Vec::new() };
        if !nodes.is_empty() {
            // Tests are distributed over the nodes; each uses one.
            admin = nodes[usize::from(port::random_u16()?) % nodes.len()].clone();
        }
        let name = unique_name()?;
        let url = create(engine, &admin, &name, template)?;
        Ok(Self { engine, url, name, location: Location::SharedServer(admin) })
    }

    fn in_folder() -> Result<Self> {
        let doing = || "creating a temporary folder".to_owned();
        let parent = environment::home().unwrap_or_else(env::temp_dir);
        let folder =
            tempfile::Builder::new().prefix("sqlite-").tempdir_in(parent).context(doing)?;
        let path = folder.path().canonicalize().context(doing)?.join("chatkeep.db");
        let name = path
            .to_str()
            .ok_or_else(|| Failure("the temporary folder's name is not UTF-8".to_owned()))?;
        // The path starts with a slash, so the URL has four.
        let url = format!("sqlite:///{name}");
        Ok(Self {
            engine: Engine::Sqlite,
            url,
            name: name.to_owned(),
            location: Location::Folder(folder),
        })
    }

    /// Creates a database on a private server, which is removed with all its databases.
    pub(crate) fn on_private_server(engine: Engine, admin: &str) -> Result<Self> {
        let name = unique_name()?;
        let url = create(engine, admin, &name, EMPTY)?;
        Ok(Self { engine, url, name, location: Location::Kept })
    }

    /// Returns the engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Returns the URL, with an account that has all privileges.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the URL of the database with another host and port: those of a proxy, or
    /// `localhost`, which is the name in the server's certificate.
    ///
    /// # Panics
    ///
    /// For SQLite, which has no address.
    #[track_caller]
    pub fn url_at(&self, host: &str, port: u16) -> String {
        assert!(self.engine.is_server(), "a SQLite database has no address");
        url::with_address(&self.url, host, port)
    }

    /// Returns the same database on another node of its private cluster.
    pub(crate) fn at_port(&self, port: u16) -> Self {
        Self {
            engine: self.engine,
            url: url::with_address(&self.url, "127.0.0.1", port),
            name: self.name.clone(),
            location: Location::Kept,
        }
    }

    /// Returns the port of the database's server.
    ///
    /// # Panics
    ///
    /// For SQLite, which has no port.
    #[track_caller]
    pub fn port(&self) -> u16 {
        let port = url::address(&self.url).rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("a {} database at an address with no port", self.engine))
    }

    /// Returns the name of the database on its server, or the path of the file for SQLite.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path of the file, for SQLite only. The file does not exist until it is first
    /// opened.
    pub fn path(&self) -> Option<&Path> {
        self.folder().map(|_| Path::new(&self.name))
    }

    /// Returns the folder of the file, for SQLite only. It is removed with its contents when this
    /// value is dropped.
    pub fn folder(&self) -> Option<&Path> {
        match &self.location {
            Location::Folder(folder) => Some(folder.path()),
            Location::SharedServer(_) | Location::Kept => None,
        }
    }

    /// Runs one or more statements without chatkeep.
    ///
    /// # Panics
    ///
    /// If the database rejects them or does not respond within a minute.
    #[track_caller]
    pub fn execute(&self, sql: &str) {
        if let Err(message) = self.try_execute(sql) {
            panic!("{} rejected {sql:?}: {message}", self.engine);
        }
    }

    /// Runs one or more statements without chatkeep, and returns an error instead of panicking.
    ///
    /// # Errors
    ///
    /// The database's message as text, if it rejects them or does not respond within a minute.
    pub fn try_execute(&self, sql: &str) -> std::result::Result<(), String> {
        let done = match self.path() {
            Some(path) => client::execute_in_file(path, sql, LIMIT),
            None => client::execute(self.engine, &self.url, sql, LIMIT),
        };
        done.map_err(|failure| failure.0)
    }

    /// Runs a script with the engine's command-line client: `psql`, `mariadb` or `sqlite3`.
    ///
    /// # Errors
    ///
    /// The exit status and error output of the client if it fails, or why it could not be started.
    pub fn run_client(&self, script: &str) -> std::result::Result<(), String> {
        script::run(self.engine, &self.url, self.path(), script).map_err(|failure| failure.0)
    }

    /// Returns the rows of a query, with values as the text that the engine returns; `None` is
    /// NULL.
    ///
    /// # Panics
    ///
    /// If the database rejects the query or does not respond within a minute.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        let rows = match self.path() {
            Some(path) => client::query_in_file(path, sql, LIMIT),
            None => client::query(self.engine, &self.url, sql, LIMIT),
        };
        rows.unwrap_or_else(|failure| panic!("{} rejected {sql:?}: {failure}", self.engine))
    }

    /// Returns the first value of the first row of a query; `None` is NULL.
    ///
    /// # Panics
    ///
    /// If the database rejects the query, does not respond within a minute, or returns no row.
    #[track_caller]
    pub fn scalar(&self, sql: &str) -> Option<String> {
        let first = self.query(sql).into_iter().next().and_then(|row| row.into_iter().next());
        first.unwrap_or_else(|| panic!("{sql:?} returned no row"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if let Location::SharedServer(admin) = &self.location
            && let Err(failure) = remove(self.engine, admin, &self.name)
        {
            // The runner removes the database with its server. A panic here would hide the panic of
            // a failing test.
            eprintln!(
                "chatkeep-testkit: could not remove the {} database {}: {failure}",
                self.engine, self.name
            );
        }
    }
}

/// Creates a database on a server, on PostgreSQL as a copy of `template`. Returns its URL.
fn create(engine: Engine, admin: &str, name: &str, template: &str) -> Result<String> {
    let sql = match engine {
        Engine::PostgreSql => format!("CREATE DATABASE {name} TEMPLATE {template}"),
        _ => format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
    };
    client::execute(engine, admin, &sql, LIMIT)?;
    Ok(url::with_database(admin, name))
}

fn unique_name() -> Result<String> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    Ok(format!("ck_{}_{count}_{}", process::id(), port::random_hex(4)?))
}

/// Drops a database, if it exists, even if connections to it are open.
fn remove(engine: Engine, admin: &str, name: &str) -> Result<()> {
    if engine == Engine::PostgreSql {
        return client::execute(
            engine,
            admin,
            &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            DROP_LIMIT,
        );
    }
    let open = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    for row in client::query(engine, admin, &open, DROP_LIMIT)? {
        if let Some(Some(id)) = row.first() {
            // The connection may have ended already.
            let _ = client::execute(engine, admin, &format!("KILL {id}"), DROP_LIMIT);
        }
    }
    // Shorter than `DROP_LIMIT`, so that the server reports the timeout before the client gives up.
    client::execute(
        engine,
        admin,
        &format!("SET lock_wait_timeout = 8; DROP DATABASE IF EXISTS {name}"),
        DROP_LIMIT,
    )
}
