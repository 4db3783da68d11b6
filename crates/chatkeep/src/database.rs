//! The database itself: status, health and schema.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use chatkeep_core::described::Record;
use chatkeep_core::migrations::{self, MigrationStatus, SchemaVersion};
use chatkeep_core::{
    Connection, DatabaseUrl, Engine, ErrorKind, Result, Role, SearchIndexState, messages, transfer,
};
use chatkeep_macros::operations;
use chatkeep_pool::{Pool, PoolSettings, PoolStatus};
use serde::Serialize;

use crate::managers::Parts;
use crate::migrate_request::{MigrateRequest, MigrateResponse};
use crate::migrator::{Migrator, direct_connection};

/// Reports the database's status and health, and runs its migrations. It is cheap to clone.
#[derive(Clone)]
pub struct DatabaseManager {
    pool: Arc<Pool>,
}

/// The result of a health check.
#[derive(Debug, Clone, Serialize, Record)]
#[non_exhaustive]
pub struct Health {
    /// Whether calls can work. It is false when the schema does not match this program. A database
    /// that does not answer is an error instead.
    pub ok: bool,
    /// The engine that the server reports.
    #[record(described_as = Engine)]
    pub engine: &'static str,
    /// The server's version, or SQLite's.
    pub server_version: String,
    /// Response time of the database in milliseconds, including a necessary connect.
    pub latency_ms: f64,
    /// State of the schema: `head`, or the mismatch.
    #[record(described_as = SchemaVersion)]
    pub schema: &'static str,
    /// The pool's status after the check.
    pub pool: PoolStatus,
}

/// Reports the database's status and health, and runs its migrations.
#[operations(name = "database", receiver = database)]
impl DatabaseManager {
    pub(crate) fn new(parts: &Parts) -> Self {
        Self { pool: Arc::clone(&parts.pool) }
    }

    /// The engine in the URL.
    #[operation(property, name = "db_type")]
    pub fn engine(&self) -> Engine {
        self.pool.url().engine()
    }

    /// The URL, with the password replaced by `***`.
    #[operation(property)]
    pub fn database_url(&self) -> String {
        self.pool.url().redacted()
    }

    /// Returns the effective pool settings.
    pub fn settings(&self) -> &PoolSettings {
        self.pool.settings()
    }

    /// Returns the numbers of idle and used connections and of waiting calls. It does not wait.
    #[operation(immediate)]
    pub fn pool_status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Waits until the database answers and its schema matches.
    ///
    /// The maximum wait is `DB_MAX_RETRIES` × `DB_RETRY_DELAY`.
    ///
    /// # Errors
    /// - `Unavailable`: the time has elapsed.
    /// - `Configuration`, `Schema`: a retry would not help. It did not wait.
    #[operation(read, tuned)]
    pub fn wait_until_ready(&self) -> Result<()> {
        self.pool.wait_until_ready().map_err(|error| error.with_operation("wait_until_ready"))
    }

    /// Checks that the database answers, and that its schema matches.
    ///
    /// A schema mismatch is not an error here; the field `schema` reports it.
    ///
    /// # Errors
    /// - `Unavailable`, `PoolTimeout`, `Configuration`: the database does not answer, or connecting
    ///   failed.
    #[operation(read)]
    pub fn health(&self) -> Result<Health> {
        self.check_health().map_err(|error| error.with_operation("health"))
    }

    fn check_health(&self) -> Result<Health> {
        let start = Instant::now();
        let inspect = |connection: &mut Connection| {
            connection.ping()?;
            let version = connection.server_version().to_owned();
            Ok((connection.engine().name(), version, migrations::schema_version(connection)?))
        };
        let (engine, server_version, schema) = match self.pool.reader() {
            Ok(mut connection) => inspect(&mut connection)?,
            // The pool hands out no connection if the schema does not match, but the database can
            // still report its state.
            Err(error) if matches!(error.kind(), ErrorKind::Schema(_)) => {
                inspect(&mut direct_connection(&self.pool, Role::Reader)?)?
            }
            Err(error) => return Err(error),
        };
        let latency_ms = start.elapsed().as_secs_f64() * 1000.0;
        Ok(Health {
            ok: schema == SchemaVersion::Head,
            engine,
            server_version,
            latency_ms,
            schema: schema.name(),
            pool: self.pool.status(),
        })
    }

    /// Returns the applied and pending migrations. It changes nothing, regardless of `DB_AUTO_MIGRATE`.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn migration_status(&self) -> Result<MigrationStatus> {
        self.migrations().status().map_err(|error| error.with_operation("migration_status"))
    }

    /// Returns a [`Migrator`], to run, revert and check migrations or to write them as a script.
    /// [`Migrator::with_folder`] adds an application's own.
    pub fn migrations(&self) -> Migrator {
        Migrator::new(Arc::clone(&self.pool))
    }

    /// Runs the pending migrations, regardless of `DB_AUTO_MIGRATE`.
    ///
    /// # Returns
    /// The names of the migrations that were run.
    ///
    /// # Errors
    /// - `Schema`: the schema is newer than this program.
    /// - `Conflict`: another program runs migrations for too long.
    #[operation(write)]
    pub fn upgrade(&self) -> Result<Vec<String>> {
        self.migrations().upgrade("head").map_err(|error| error.with_operation("upgrade"))
    }

    /// Runs a verb of the command `chatkeep migrate`.
    ///
    /// An application's migrations, if any, follow those of chatkeep.
    ///
    /// ```
    /// use chatkeep::MigrateRequest;
    ///
    /// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// let request = MigrateRequest { verb: "check".to_owned(), ..MigrateRequest::default() };
    /// let response = serde_json::to_value(chat.database().migrate(&request)?).unwrap();
    /// assert_eq!(response["matches"], true);
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Returns
    /// The result, with keys that depend on the verb: `applied`, `reverted`, `changed`, `sql` or
    /// `files`. `history` returns `migrations`. `current` returns `state` and the keys of
    /// `migration_status`. `check` returns `matches`, `state`, `differences` and `messages`.
    ///
    /// # Errors
    /// - `InvalidInput`: the verb or revision does not exist, or an argument or a file is invalid.
    /// - `Schema`: the history does not match, or the database rejects a statement.
    /// - `Conflict`: another program runs migrations for too long.
    #[operation(write)]
    pub fn migrate(
        &self,
        #[argument(flatten)] request: &MigrateRequest,
    ) -> Result<MigrateResponse> {
        self.run_verb(request).map_err(|error| error.with_operation("migrate"))
    }

    /// Returns the state of the search index.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn search_index(&self) -> Result<SearchIndexState> {
        let run = || messages::search_index_state(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("search_index"))
    }

    /// Returns the minimum number of characters of a search that uses the search index. Shorter searches
    /// scan the messages, newest first.
    ///
    /// # Returns
    /// `None` if no index is used.
    ///
    /// # Errors
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn search_index_minimum(&self) -> Result<Option<usize>> {
        let run = || messages::search_index_minimum(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("search_index_minimum"))
    }

    /// Creates a search index over all messages.
    ///
    /// The index finds rare words quickly in a large log. It uses disk space and slows every insert.
    /// Searches return the same messages with and without it. PostgreSQL (with its extension `pg_trgm`)
    /// builds it concurrently with writes. On SQLite and MySQL writers wait, so create it while there is
    /// little traffic.
    ///
    /// # Returns
    /// `false` if there already is one.
    ///
    /// # Errors
    /// - `Configuration`: the engine is MariaDB, which does not support it, or the account may not add
    /// `pg_trgm`.
    #[operation(write)]
    pub fn create_search_index(&self) -> Result<bool> {
        let run = || {
            messages::create_search_index(
                &mut *self.pool.writer()?,
                self.pool.settings().query_timeout,
            )
        };
        run().map_err(|error| error.with_operation("create_search_index"))
    }

    /// Drops the search index.
    ///
    /// # Returns
    /// `false` if there was none.
    ///
    /// # Errors
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn drop_search_index(&self) -> Result<bool> {
        let run = || {
            messages::drop_search_index(
                &mut *self.pool.writer()?,
                self.pool.settings().query_timeout,
            )
        };
        run().map_err(|error| error.with_operation("drop_search_index"))
    }

    /// Rewrites a SQLite file, to return the space of deleted rows to the file system.
    ///
    /// It needs as much free disk space as the file's size, and blocks all writers. Servers reuse such
    /// space automatically.
    ///
    /// # Errors
    /// - `Configuration`: the database is on a server.
    /// - `StorageFull`: there is not enough disk space.
    /// - `Conflict`: other connections keep reading or writing for too long.
    #[operation(write)]
    pub fn reclaim(&self) -> Result<()> {
        let run = || transfer::reclaim(&mut *self.pool.writer()?);
        run().map_err(|error| error.with_operation("reclaim"))
    }

    /// Runs `work` on one of the pool's connections, without this crate's guarantees. It is only
    /// for the crates that copy whole databases.
    ///
    /// # Errors
    /// `Configuration`, `PoolTimeout` or `Unavailable` when there is no connection; or the error of
    /// `work`.
    #[doc(hidden)]
    pub fn with_connection<T>(
        &self,
        role: Role,
        work: impl FnOnce(&mut Connection) -> Result<T>,
    ) -> Result<T> {
        match role {
            Role::Reader => work(&mut *self.pool.reader()?),
            Role::Writer => work(&mut *self.pool.writer()?),
        }
    }

    /// Checks that a connection outside of the pool is to the same SQLite file as the pool's.
    #[doc(hidden)]
    pub fn expect_file(&self, connection: &Connection) -> Result<()> {
        self.pool.expect_file(connection)
    }

    /// Returns the URL, including the password.
    #[doc(hidden)]
    pub fn url(&self) -> &DatabaseUrl {
        self.pool.url()
    }
}

impl fmt::Debug for DatabaseManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseManager").field("url", self.pool.url()).finish_non_exhaustive()
    }
}
