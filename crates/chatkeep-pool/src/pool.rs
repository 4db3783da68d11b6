//! The pool that the rest of chatkeep uses.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Result, Role};

use crate::backend::Database;
use crate::keeper::Keeper;
use crate::lease::Lease;
use crate::settings::PoolSettings;
use crate::status::PoolStatus;

/// What prepares a database on its first connection, for example by running migrations.
pub type Initializer = Box<dyn Fn(&mut Connection) -> Result<()> + Send + Sync>;

/// Connections to one database, for any number of threads. Clones share them.
///
/// Nothing is opened, and no thread started, before the first [`reader`](Pool::reader) or [`writer`](Pool::writer).
/// How they are opened, handed out and given up is described at the [top of the crate](crate).
#[derive(Clone)]
pub struct Pool {
    keeper: Arc<Keeper<Database>>,
}

impl Pool {
    /// A pool for this database, which opens nothing yet.
    ///
    /// # Errors
    ///
    /// `Configuration` when a setting is outside of its limits.
    pub fn new(url: DatabaseUrl, settings: PoolSettings) -> Result<Self> {
        Self::build(url, settings, None)
    }

    /// A pool that prepares the database before it hands out the first connection.
    ///
    /// The initializer runs once in a process (a forked child runs it again), on a connection for writing. Calls that
    /// come meanwhile wait for it, for at most the pool timeout. When it fails, they all get its error, and the next
    /// call runs it again: it has to stand being run again. It must use the connection that it is given; asking this
    /// pool for another one is an error.
    ///
    /// ```
    /// use chatkeep_core::{DatabaseUrl, migrations};
    /// use chatkeep_pool::{Pool, PoolSettings};
    ///
    /// let settings = PoolSettings::default();
    /// let query_timeout = settings.query_timeout;
    /// let migrate = move |connection: &mut _| migrations::upgrade(connection, query_timeout).map(drop);
    /// let pool = Pool::with_initializer(DatabaseUrl::sqlite_memory(), settings, Box::new(migrate))?;
    ///
    /// let mut reader = pool.reader()?;
    /// assert!(migrations::status(&mut reader)?.pending.is_empty());
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Configuration` when a setting is outside of its limits.
    pub fn with_initializer(
        url: DatabaseUrl,
        settings: PoolSettings,
        initializer: Initializer,
    ) -> Result<Self> {
        Self::build(url, settings, Some(initializer))
    }

    fn build(
        url: DatabaseUrl,
        settings: PoolSettings,
        initializer: Option<Initializer>,
    ) -> Result<Self> {
        // A relative path must not follow the program into another folder.
        let database = Database::new(url.into_absolute()?, &settings);
        Ok(Self { keeper: Arc::new(Keeper::new(database, settings, initializer)?) })
    }

    /// A connection past the pool, to the same SQLite file as the pool's.
    ///
    /// # Errors
    ///
    /// As [`Connection::open_expecting`].
    pub fn open_direct(&self, role: Role, options: &ConnectOptions) -> Result<Connection> {
        let database = self.keeper.backend();
        Connection::open_expecting(database.url(), role, options, database.file())
    }

    /// Refuses a connection past the pool that leads to another SQLite file than the pool's.
    ///
    /// # Errors
    ///
    /// As [`Connection::expect_file`].
    pub fn expect_file(&self, connection: &Connection) -> Result<()> {
        connection.expect_file(self.keeper.backend().file())
    }

    /// The database that this is a pool for; the path of a SQLite file is absolute.
    pub fn url(&self) -> &DatabaseUrl {
        self.keeper.backend().url()
    }

    /// The settings that it was made with.
    pub fn settings(&self) -> &PoolSettings {
        self.keeper.settings()
    }

    /// A connection for reading. On SQLite it cannot write, and never waits for the writer; on a server it is like
    /// any other.
    ///
    /// # Errors
    ///
    /// - `PoolTimeout`: no connection became free within the pool timeout, or the server has none left. Also when one
    ///   thread asks for more connections than there are, while it holds the others: for a second one of a database
    ///   in memory, which is one connection.
    /// - What opening a connection, waiting for the database at start-up, or the initializer came to:
    ///   `Configuration`, `Unavailable` and others.
    pub fn reader(&self) -> Result<Lease> {
        self.keeper.lease(Role::Reader).map(Lease)
    }

    /// A connection for reading and writing. On SQLite there is one, and callers get it in the order in which they
    /// asked.
    ///
    /// # Errors
    ///
    /// As [`Pool::reader`]; a thread that holds SQLite's writer and asks for it again waits in vain, too.
    pub fn writer(&self) -> Result<Lease> {
        self.keeper.lease(Role::Writer).map(Lease)
    }

    /// Waits until the database answers and is prepared, for at most `max_retries` times `retry_delay`.
    ///
    /// After that it has been seen to answer just now: a pool that was ready long ago checks a connection again.
    ///
    /// # Errors
    ///
    /// What the last attempt came to, with the number of attempts and the time. Failures that waiting does not mend,
    /// such as a wrong password or an unknown database, come at once.
    pub fn wait_until_ready(&self) -> Result<()> {
        self.keeper.wait_until_ready()
    }

    /// How many connections there are, and who has them.
    pub fn status(&self) -> PoolStatus {
        self.keeper.status()
    }

    /// Closes the pool for good: connections that lie ready now, the others when they are returned. Calls that wait
    /// for one, and later ones, get an `Unavailable` error that says so. Closing twice does nothing more.
    pub fn close(&self) {
        self.keeper.close();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("url", &format_args!("{}", self.url())).finish_non_exhaustive()
    }
}
