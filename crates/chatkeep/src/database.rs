//! The database itself: where it is, how it is, which schema it has.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use chatkeep_core::migrations::{self, MigrationStatus, SchemaVersion};
use chatkeep_core::{
    Connection, DatabaseUrl, Engine, ErrorKind, Result, Role, SearchIndexState, messages, transfer,
};
use chatkeep_pool::{Pool, PoolSettings, PoolStatus};
use serde::Serialize;

use crate::migrator::{Migrator, direct_connection};

/// Status, health and migrations of the database. Cheap to clone.
#[derive(Clone)]
pub struct DatabaseManager {
    pool: Arc<Pool>,
}

/// A sign of life, for health checks. It serialises with these keys.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Health {
    /// Whether calls will find what they need: it is false when the schema does not fit. A database that does not answer is
    /// an error, not a health.
    pub ok: bool,
    /// The engine, as the server itself says.
    pub engine: &'static str,
    /// The server's version, or SQLite's.
    pub server_version: String,
    /// How long the database took to answer, connecting included where that was necessary, in milliseconds.
    pub latency_ms: f64,
    /// `head`; or in what way it does not fit: `behind`, `newer`, `changed`, `missing`, `out_of_order`, `dirty`.
    pub schema: &'static str,
    /// The pool's state just after.
    pub pool: PoolStatus,
}

impl DatabaseManager {
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { pool }
    }

    /// The engine that the URL names.
    pub fn engine(&self) -> Engine {
        self.pool.url().engine()
    }

    /// The URL, with `***` in the password's place.
    pub fn database_url(&self) -> String {
        self.pool.url().redacted()
    }

    /// The settings in force.
    pub fn settings(&self) -> &PoolSettings {
        self.pool.settings()
    }

    /// How many connections there are, and who has them.
    pub fn pool_status(&self) -> PoolStatus {
        self.pool.status()
    }

    /// Waits until the database answers and its schema is as it should be, for `DB_MAX_RETRIES` x `DB_RETRY_DELAY`.
    ///
    /// # Errors
    /// `Unavailable` when the time is over; `Configuration` and `Schema` at once, because waiting would not help.
    pub fn wait_until_ready(&self) -> Result<()> {
        self.pool.wait_until_ready().map_err(|error| error.with_operation("wait_until_ready"))
    }

    /// Asks the database for a sign of life, through the pool as any call. A schema that does not fit is no error here:
    /// [`Health::schema`] tells.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn health(&self) -> Result<Health> {
        self.look().map_err(|error| error.with_operation("health"))
    }

    fn look(&self) -> Result<Health> {
        let start = Instant::now();
        let see = |connection: &mut Connection| {
            connection.ping()?;
            let version = connection.server_version().to_owned();
            Ok((connection.engine().name(), version, migrations::look(connection)?))
        };
        let (engine, server_version, schema) = match self.pool.reader() {
            Ok(mut connection) => see(&mut connection)?,
            // The pool hands out no connection to a schema that does not fit, but the database is there, and tells why.
            Err(error) if matches!(error.kind(), ErrorKind::Schema(_)) => {
                see(&mut direct_connection(&self.pool, Role::Reader)?)?
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

    /// Where the database stands among this program's migrations. Nothing is changed, whatever `DB_AUTO_MIGRATE` says.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn migration_status(&self) -> Result<MigrationStatus> {
        self.migrations().status().map_err(|error| error.with_operation("migration_status"))
    }

    /// The migrations: run, taken back, checked, written as a script; with [`Migrator::with_folder`] an application's too.
    pub fn migrations(&self) -> Migrator {
        Migrator::new(Arc::clone(&self.pool))
    }

    /// Runs the migrations that are pending, whatever `DB_AUTO_MIGRATE` says, and names them.
    ///
    /// # Errors
    /// `Schema` when the schema is newer than this program; `Conflict` when another program runs migrations for too long.
    pub fn upgrade(&self) -> Result<Vec<String>> {
        self.migrations().upgrade("head").map_err(|error| error.with_operation("upgrade"))
    }

    /// Whether there is a search index.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn search_index(&self) -> Result<SearchIndexState> {
        let run = || messages::search_index_state(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("search_index"))
    }

    /// How many characters a text must have to be found with the search index; searches for shorter ones look at every message,
    /// newest first. `None` where no index is used.
    ///
    /// # Errors
    /// `Unavailable` and the like when the database does not answer.
    pub fn search_index_minimum(&self) -> Result<Option<usize>> {
        let run = || messages::search_index_minimum(&mut *self.pool.reader()?);
        run().map_err(|error| error.with_operation("search_index_minimum"))
    }

    /// Makes a search index from all messages that are there, with which rare words are found at once in a large log. It
    /// takes room, and time at every message that is logged. False when it is there already.
    ///
    /// PostgreSQL (with its extension `pg_trgm`) builds it while others write; on SQLite and MySQL writers wait, so make it
    /// at a quiet time. Searches find the same with it and without it.
    ///
    /// # Errors
    /// `Configuration` on MariaDB, which has none, and where `pg_trgm` may not be added.
    pub fn create_search_index(&self) -> Result<bool> {
        let run = || {
            messages::create_search_index(
                &mut *self.pool.writer()?,
                self.pool.settings().query_timeout,
            )
        };
        run().map_err(|error| error.with_operation("create_search_index"))
    }

    /// Drops the search index. False when there was none.
    ///
    /// # Errors
    /// What the database says.
    pub fn drop_search_index(&self) -> Result<bool> {
        let run = || {
            messages::drop_search_index(
                &mut *self.pool.writer()?,
                self.pool.settings().query_timeout,
            )
        };
        run().map_err(|error| error.with_operation("drop_search_index"))
    }

    /// Gives the room that deleted rows had back to the file system, on SQLite: the file is written anew, for which it needs
    /// as much room again, and nobody else can write meanwhile. Servers use such room again by themselves.
    ///
    /// # Errors
    /// `Configuration` on a server; `StorageFull`; `Conflict` when others go on reading and writing for too long.
    pub fn reclaim(&self) -> Result<()> {
        let run = || transfer::reclaim(&mut *self.pool.writer()?);
        run().map_err(|error| error.with_operation("reclaim"))
    }

    /// Does `work` on one of the pool's connections, past all that this crate promises. It is for the crates that move whole
    /// databases; programs have no use for it.
    ///
    /// # Errors
    /// That of `work`, and what asking the pool for a connection comes to.
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

    /// Refuses a connection past the pool that leads to another SQLite file than the pool's.
    #[doc(hidden)]
    pub fn expect_file(&self, connection: &Connection) -> Result<()> {
        self.pool.expect_file(connection)
    }

    /// The URL with all that is in it.
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
