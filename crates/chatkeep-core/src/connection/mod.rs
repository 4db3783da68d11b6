//! Connections: one [`Connection`] type for all engines.

mod dispatch;
mod errors;
mod health;
mod insert_many;
mod insert_one;
mod mysql;
mod mysql_open;
mod mysql_row;
mod mysql_session;
mod mysql_unprepared;
mod poll_loop;
mod postgresql;
mod postgresql_copy;
mod postgresql_open;
mod postgresql_role;
mod postgresql_row;
mod postgresql_session;
mod protocol;
mod reactor;
mod reusable_timer;
mod row_budget;
mod sqlite;
mod sqlite_at_rest;
mod sqlite_file_watch;
mod sqlite_hooks;
mod sqlite_path;
mod sqlite_session;
mod statements;
mod tls;
mod transaction;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;

pub(crate) use dispatch::{all_stored, on_engine, skipped};
pub(crate) use insert_many::{groups, insert_many, max_insert_bytes};
pub(crate) use insert_one::{insert_one, last_inserted_id, returned_id};
pub(crate) use mysql::MysqlConnection;
pub(crate) use mysql_session::BatchIds;
pub(crate) use postgresql::PgConnection;
pub(crate) use postgresql_copy::CopyRows;

pub(crate) use row_budget::{MAX_BYTES, MAX_ROWS, RowBudget, first_within, rows_after_id};
pub(crate) use sqlite::open_to_read as open_sqlite_to_read;
use sqlite_at_rest::AtRest;
use sqlite_file_watch::FileWatch;
pub(crate) use sqlite_hooks::Hooks as SqliteHooks;
pub(crate) use sqlite_session::SqliteSession;
pub(crate) use transaction::BEGIN_READ_COMMITTED;

use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::identity::FileId;
use crate::url::{DatabaseUrl, Target};
use crate::value::{MAX_ROW_BYTES, Metadata, check_bytes};

/// Access mode of a connection. Only SQLite enforces it: its readers cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads only.
    Reader,
    /// Reads and writes.
    Writer,
}

/// Timeouts of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Maximum time to connect and log in, for each host if the URL names several. A
    /// `connect_timeout` in the URL takes precedence.
    pub connect_timeout: Duration,
    /// Maximum time for one statement. On SQLite, it also limits the wait for another writer's
    /// lock.
    pub query_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), query_timeout: Duration::from_secs(30) }
    }
}

/// A connection to a database, used by one thread at a time.
///
/// ```
/// use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Engine, Role};
///
/// let url = DatabaseUrl::sqlite_memory();
/// let mut connection = Connection::open(&url, Role::Writer, &ConnectOptions::default())?;
/// assert_eq!(connection.engine(), Engine::Sqlite);
/// connection.ping()?;
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
pub struct Connection {
    pub(crate) session: Session,
    engine: Engine,
    version: String,
    /// Maximum size of a row, if the server's limit is below [`crate::MAX_ROW_BYTES`].
    max_row_bytes: Option<u64>,
    batch_ids: BatchIds,
    in_transaction: bool,
    /// Parameters for opening another connection like this one.
    open_params: Option<Arc<OpenParams>>,
    /// State of a SQLite file in a read-only folder, which must not change while it is open.
    at_rest: Option<AtRest>,
}

/// Returns the timeout to set on the server: the client's deadline minus a tenth of it, at most
/// minus one second. So the server reports the timeout before the client gives up. After such a
/// report it is certain that nothing was changed, and the connection stays usable.
fn server_timeout(deadline: Duration) -> Duration {
    deadline - (deadline / 10).min(Duration::from_secs(1))
}

/// The parameters with which a connection was opened.
pub(crate) struct OpenParams {
    url: DatabaseUrl,
    role: Role,
    options: ConnectOptions,
    /// Identity of the opened SQLite file.
    file: Option<FileId>,
}

impl OpenParams {
    /// Opens another connection, with the same query timeout unless another one is given.
    pub(crate) fn reopen(&self, query_timeout: Option<Duration>) -> Result<Connection> {
        let query_timeout = query_timeout.unwrap_or(self.options.query_timeout);
        let options = ConnectOptions { query_timeout, ..self.options };
        Connection::open_expecting(&self.url, self.role, &options, self.file.as_ref())
    }
}

/// The engine-specific connection.
pub(crate) enum Session {
    Sqlite(SqliteSession),
    PostgreSql(Box<PgConnection>),
    MySql(Box<MysqlConnection>),
}

/// A newly opened connection and its server's properties.
struct Opened<C> {
    connection: C,
    engine: Engine,
    version: String,
    max_row_bytes: Option<u64>,
    batch_ids: BatchIds,
}

impl<C> Opened<C> {
    fn into_connection(self, session: impl FnOnce(C) -> Session) -> Connection {
        Connection {
            session: session(self.connection),
            engine: self.engine,
            version: self.version,
            max_row_bytes: self.max_row_bytes,
            batch_ids: self.batch_ids,
            in_transaction: false,
            open_params: None,
            at_rest: None,
        }
    }
}

impl Connection {
    /// Opens a connection and configures its session.
    ///
    /// # Errors
    /// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
    /// - `Unavailable` when the server does not respond in time.
    /// - `PoolTimeout` when the server has no free connection.
    /// - `Corrupt` when the file is not a SQLite database.
    pub fn open(url: &DatabaseUrl, role: Role, options: &ConnectOptions) -> Result<Self> {
        Self::open_expecting(url, role, options, None)
    }

    /// Opens a connection, and requires that a SQLite path still leads to the `expected` file.
    /// Otherwise it opens and creates nothing. On a server, or without an expected file, this is
    /// the same as [`Connection::open`].
    ///
    /// # Errors
    /// - `Configuration` when a setting is wrong: password, unknown database, missing folder.
    /// - `Unavailable` when the server does not respond in time. When the file was deleted or
    ///   replaced, it is not retryable.
    /// - `PoolTimeout` when the server has no free connection.
    /// - `Corrupt` when the file is not a SQLite database.
    pub fn open_expecting(
        url: &DatabaseUrl,
        role: Role,
        options: &ConnectOptions,
        expected: Option<&FileId>,
    ) -> Result<Self> {
        let mut connection = Self::connect(url, role, options, expected)?;
        let file = connection.file_id().cloned();
        connection.open_params =
            Some(Arc::new(OpenParams { url: url.clone(), role, options: *options, file }));
        Ok(connection)
    }

    /// Returns the identity of the open SQLite file. `None` for a server or an in-memory database.
    pub fn file_id(&self) -> Option<&FileId> {
        match &self.session {
            Session::Sqlite(session) => session.hooks().file().map(FileWatch::id),
            Session::PostgreSql(_) | Session::MySql(_) => None,
        }
    }

    /// Returns the parameters with which this connection was opened.
    pub(crate) fn open_params(&self) -> Result<Arc<OpenParams>> {
        self.open_params
            .clone()
            .ok_or_else(|| Error::internal("the connection has no recorded open parameters"))
    }

    /// Checks that this connection's SQLite file is the expected one.
    ///
    /// # Errors
    /// `Unavailable`, not retryable, when the file was deleted or replaced.
    pub fn expect_file(&self, expected: Option<&FileId>) -> Result<()> {
        match &self.session {
            Session::Sqlite(session) => match (session.hooks().file(), expected) {
                (Some(file), Some(expected)) => file.expect(expected),
                _ => Ok(()),
            },
            Session::PostgreSql(_) | Session::MySql(_) => Ok(()),
        }
    }

    fn connect(
        url: &DatabaseUrl,
        role: Role,
        options: &ConnectOptions,
        expected: Option<&FileId>,
    ) -> Result<Self> {
        match url.target() {
            Target::Sqlite(target) => {
                let sqlite::OpenedFile { opened, at_rest } =
                    sqlite::open(target, role, options, expected)?;
                let mut connection = opened.into_connection(Session::Sqlite);
                connection.at_rest = at_rest;
                Ok(connection)
            }
            Target::Server(target) if target.engine == Engine::PostgreSql => {
                Ok(postgresql_open::open(target, options)?
                    .into_connection(|connection| Session::PostgreSql(Box::new(connection))))
            }
            Target::Server(target) => Ok(mysql_open::open(target, options)?
                .into_connection(|connection| Session::MySql(Box::new(connection)))),
        }
    }

    /// Returns the engine that the server reports. A `mysql://` URL can lead to MariaDB.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Returns the version of the server, or of the SQLite library.
    pub fn server_version(&self) -> &str {
        &self.version
    }

    /// Returns the maximum size in bytes of one row's values, if the server's limit is below
    /// [`crate::MAX_ROW_BYTES`].
    pub fn max_row_bytes(&self) -> Option<u64> {
        self.max_row_bytes
    }

    /// Checks that this database can store the text.
    ///
    /// # Errors
    /// `InvalidInput` with the field's name.
    pub(crate) fn check_bytes(&self, field: &'static str, text: &str) -> Result<()> {
        check_bytes(field, text, self.max_row_bytes.unwrap_or(MAX_ROW_BYTES))
    }

    /// Checks that this database can store the metadata.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata`.
    pub(crate) fn check_metadata(&self, metadata: Option<&Metadata>) -> Result<()> {
        metadata.map_or(Ok(()), |metadata| self.check_bytes("metadata", metadata.as_json()))
    }

    /// Returns how to determine the ids of rows that one statement inserts.
    pub(crate) fn batch_ids(&self) -> BatchIds {
        self.batch_ids
    }

    /// Changes the query timeout, for example because migrations may run longer than queries.
    ///
    /// # Errors
    /// `Unavailable` when the server does not respond.
    pub fn set_query_timeout(&mut self, timeout: Duration) -> Result<()> {
        self.set_deadline(timeout);
        let sql = match &self.session {
            Session::Sqlite(session) => {
                session.hooks().set_time_limit(timeout);
                self.set_lock_timeout(timeout);
                return Ok(());
            }
            // Behind a pooler (such as PgBouncer), the setting would stay on the server connection,
            // which the pooler then assigns to another client. Only the client's deadline applies.
            Session::PostgreSql(connection) if connection.is_pooled() => return Ok(()),
            Session::PostgreSql(_) => postgresql_session::statement_timeout(timeout),
            Session::MySql(_) => mysql_session::statement_timeout(self.engine, timeout),
        };
        self.batch(&sql, Effect::None)
    }

    /// Sets how long to wait for another connection's lock on SQLite, and returns the previous
    /// value. Has no effect on a server.
    pub(crate) fn set_lock_timeout(&self, timeout: Duration) -> Duration {
        match &self.session {
            Session::Sqlite(session) => session.hooks().set_lock_timeout(timeout),
            Session::PostgreSql(_) | Session::MySql(_) => timeout,
        }
    }

    /// Sets the client's deadline only; the server's timeout is not changed.
    fn set_deadline(&mut self, deadline: Duration) {
        match &mut self.session {
            Session::Sqlite(_) => {}
            Session::PostgreSql(connection) => connection.set_deadline(deadline),
            Session::MySql(connection) => connection.set_deadline(deadline),
        }
    }

    /// Copies SQLite's write-ahead log into the database file, as far as active readers and writers
    /// allow. A reader connection is sufficient. Has no effect on a server.
    ///
    /// # Errors
    /// `StorageFull` when the disk is full, `ReadOnly` when the file is read-only, and
    /// `Unavailable` when writing the file fails. No data is lost: committed changes stay in the
    /// log.
    pub fn checkpoint(&mut self) -> Result<()> {
        match &self.session {
            Session::Sqlite(_) => self.batch("PRAGMA wal_checkpoint(PASSIVE)", Effect::None),
            Session::PostgreSql(_) | Session::MySql(_) => Ok(()),
        }
    }

    /// Runs `read` and keeps only the first rows of the result, up to `budget`. Also returns
    /// whether rows were dropped.
    ///
    /// On a server, the remaining rows are received and dropped one by one, because cancelling the
    /// statement would take another round trip. On SQLite, which reads row by row, this method
    /// drops nothing, and `read` must apply the budget.
    pub(crate) fn within_budget<T>(
        &mut self,
        budget: RowBudget,
        read: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, bool)> {
        let set = |connection: &mut Self, budget| match &mut connection.session {
            Session::Sqlite(_) => RowBudget::unlimited(),
            Session::PostgreSql(session) => std::mem::replace(session.row_budget(), budget),
            Session::MySql(session) => std::mem::replace(session.row_budget(), budget),
        };
        set(self, budget);
        let value = read(self);
        let used = set(self, RowBudget::unlimited());
        Ok((value?, used.is_cut()))
    }

    /// Returns whether a transaction of [`Connection::transaction`] is open.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Runs SQL statements that return no rows.
    pub(crate) fn batch(&mut self, sql: &str, effect: Effect) -> Result<()> {
        let result = on_engine!(self, connection => connection.batch_execute(sql));
        result.map_err(|error| self.explain(error, effect))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("engine", &self.engine)
            .field("version", &self.version)
            .field("broken", &self.is_broken())
            .finish_non_exhaustive()
    }
}
