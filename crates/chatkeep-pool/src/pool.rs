//! The public connection pool.

use std::fmt;
use std::sync::Arc;

use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Result, Role};

use crate::backend::Database;
use crate::pool_inner::PoolInner;
use crate::pooled_connection::PooledConnection;
use crate::settings::PoolSettings;
use crate::status::PoolStatus;

/// Prepares a database on its first connection, for example by running migrations.
pub type Initializer = Box<dyn Fn(&mut Connection) -> Result<()> + Send + Sync>;

/// A pool of connections to one database, for any number of threads. Clones share it.
///
/// No connection is opened and no thread is started before the first call of
/// [`reader`](Pool::reader) or [`writer`](Pool::writer). The [crate documentation](crate) describes
/// how connections are opened, handed out and closed.
#[derive(Clone)]
pub struct Pool {
    inner: Arc<PoolInner<Database>>,
}

impl Pool {
    /// Creates a pool for this database. It opens no connection yet.
    ///
    /// # Errors
    ///
    /// `Configuration` when a setting is out of range.
    pub fn new(url: DatabaseUrl, settings: PoolSettings) -> Result<Self> {
        Self::build(url, settings, None)
    }

    /// Creates a pool that prepares the database before it hands out the first connection.
    ///
    /// The initializer runs once per process, on a write connection; a forked child runs it again.
    /// Concurrent calls wait for it, at most for the pool timeout. If it fails, they all return its
    /// error and the next call runs it again, so it must be safe to run more than once. It must use
    /// the connection passed to it; asking this pool for another one is an error.
    ///
    /// ```
    /// use chatkeep_core::{DatabaseUrl, migrations};
    /// use chatkeep_pool::{Pool, PoolSettings};
    ///
    /// let settings = PoolSettings::default();
    /// let query_timeout = settings.query_timeout;
    /// let migrate =
    ///     move |connection: &mut _| migrations::upgrade(connection, query_timeout).map(drop);
    /// let url = DatabaseUrl::sqlite_memory();
    /// let pool = Pool::with_initializer(url, settings, Box::new(migrate))?;
    ///
    /// let mut reader = pool.reader()?;
    /// assert!(migrations::status(&mut reader)?.pending.is_empty());
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `Configuration` when a setting is out of range.
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
        // A relative path must not change with the program's working directory.
        let database = Database::new(url.into_absolute()?, &settings);
        Ok(Self { inner: Arc::new(PoolInner::new(database, settings, initializer)?) })
    }

    /// Opens a connection outside of the pool, to the same SQLite file as the pool's.
    ///
    /// # Errors
    ///
    /// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
    /// - `Unavailable` when the server does not respond in time. When the file was deleted or
    ///   replaced, it is not retryable.
    /// - `PoolTimeout` when the server has no free connection.
    /// - `Corrupt` when the file is not a SQLite database.
    pub fn open_direct(&self, role: Role, options: &ConnectOptions) -> Result<Connection> {
        let database = self.inner.backend();
        Connection::open_expecting(database.url(), role, options, database.file())
    }

    /// Checks that a connection outside of the pool is to the same SQLite file as the pool's.
    ///
    /// # Errors
    ///
    /// `Unavailable`, not retryable, when the file was deleted or replaced.
    pub fn expect_file(&self, connection: &Connection) -> Result<()> {
        connection.expect_file(self.inner.backend().file())
    }

    /// Returns the URL of the pool's database. The path of a SQLite file is absolute.
    pub fn url(&self) -> &DatabaseUrl {
        self.inner.backend().url()
    }

    /// Returns the settings that the pool was created with.
    pub fn settings(&self) -> &PoolSettings {
        self.inner.settings()
    }

    /// Returns a connection for reading.
    ///
    /// On a SQLite file it is read-only and never waits for the writer. On a server it can also
    /// write.
    ///
    /// # Errors
    ///
    /// - `PoolTimeout` when no connection became free within the pool timeout, or the server has
    ///   none left. A thread also gets it if it holds all connections and asks for another one, for
    ///   example for a second connection to an in-memory database.
    /// - `Configuration`, `Unavailable` and other errors of opening a connection, of waiting for
    ///   the database at start-up, or of the initializer.
    pub fn reader(&self) -> Result<PooledConnection> {
        self.inner.checkout(Role::Reader).map(PooledConnection)
    }

    /// Returns a connection for reading and writing. SQLite has only one, which callers get in
    /// order of arrival.
    ///
    /// # Errors
    ///
    /// - `PoolTimeout` when no connection became free within the pool timeout, or the server has
    ///   none left. A thread also gets it if it holds all connections, or SQLite's writer, and asks
    ///   for another one.
    /// - `Configuration`, `Unavailable` and other errors of opening a connection, of waiting for
    ///   the database at start-up, or of the initializer.
    pub fn writer(&self) -> Result<PooledConnection> {
        self.inner.checkout(Role::Writer).map(PooledConnection)
    }

    /// Waits until the database answers and is prepared, for at most `max_retries` ×
    /// `retry_delay`.
    ///
    /// A pool that is already ready pings a connection, so success always means that the database
    /// answered during this call.
    ///
    /// # Errors
    ///
    /// - `Unavailable` or `PoolTimeout`: the error of the last attempt, with the number of attempts
    ///   and the elapsed time.
    /// - `Configuration` and other errors that a retry does not fix, such as a wrong password or an
    ///   unknown database. They are returned at once.
    pub fn wait_until_ready(&self) -> Result<()> {
        self.inner.wait_until_ready()
    }

    /// Returns the numbers of idle and used connections and of waiting callers.
    pub fn status(&self) -> PoolStatus {
        self.inner.status()
    }

    /// Closes the pool permanently.
    ///
    /// Idle connections are closed immediately, the others when they are returned. Waiting and
    /// later calls fail with `Unavailable`. Closing a closed pool does nothing.
    pub fn close(&self) {
        self.inner.close();
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("url", &format_args!("{}", self.url())).finish_non_exhaustive()
    }
}
