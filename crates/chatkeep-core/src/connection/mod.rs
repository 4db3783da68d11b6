//! One connection to one database, whatever its engine.

mod alarm;
mod dispatch;
mod errors;
mod mysql;
mod mysql_open;
mod mysql_row;
mod mysql_session;
mod mysql_unprepared;
mod postgresql;
mod postgresql_copy;
mod postgresql_open;
mod postgresql_role;
mod postgresql_row;
mod postgresql_session;
mod protocol;
mod reactor;
mod row_budget;
mod sqlite;
mod sqlite_at_rest;
mod sqlite_file_watch;
mod sqlite_hooks;
mod sqlite_place;
mod sqlite_session;
mod statements;
mod tls;
mod transaction;
mod turns;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection;

pub(crate) use dispatch::{all_stored, on_engine, returned_id, skipped};
pub(crate) use mysql::MysqlConnection;
pub(crate) use mysql_session::BatchIds;
pub(crate) use postgresql::PgConnection;
pub(crate) use postgresql_copy::CopyRows;
pub(crate) use reactor::NoAnswer;
pub(crate) use row_budget::RowBudget;
pub(crate) use sqlite::open_to_read as open_sqlite_to_read;
use sqlite_at_rest::AtRest;
use sqlite_file_watch::FileWatch;
pub(crate) use sqlite_hooks::Hooks as SqliteHooks;
pub(crate) use sqlite_session::SqliteSession;
pub(crate) use transaction::BEGIN_READ_COMMITTED;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::{self, Effect};
use crate::identity::FileId;
use crate::url::{DatabaseUrl, Target};

/// A database that is there answers a ping at once; one that does not is not waited for as long as for a query.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// What a connection is for. Only SQLite tells the two apart: its readers cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads only.
    Reader,
    /// Reads and writes.
    Writer,
}

/// How long a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectOptions {
    /// To be opened, log-in included; for each host where the URL names several. A `connect_timeout` in the URL goes before it.
    pub connect_timeout: Duration,
    /// To run one statement. On SQLite it also limits the wait for another writer's lock.
    pub query_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(10), query_timeout: Duration::from_secs(30) }
    }
}

/// A connection to a database. It belongs to one thread at a time.
///
/// ```
/// use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Engine, Role};
///
/// let mut connection = Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &ConnectOptions::default())?;
/// assert_eq!(connection.engine(), Engine::Sqlite);
/// connection.ping()?;
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
pub struct Connection {
    pub(crate) session: Session,
    engine: Engine,
    version: String,
    /// The largest row that the server takes, where it is less than ours.
    max_row_bytes: Option<u64>,
    batch_ids: BatchIds,
    in_transaction: bool,
    /// How it was opened, so that another one like it can be.
    opening: Option<Arc<Opening>>,
    /// What must not change while this connection is used: a SQLite file in a folder that takes no changes.
    at_rest: Option<AtRest>,
}

/// How long the server itself may work on a call: it gives up a moment before we do. Its word that nothing was changed
/// is worth more than our guess, and spares the connection.
fn server_timeout(deadline: Duration) -> Duration {
    deadline - (deadline / 10).min(Duration::from_secs(1))
}

/// What a connection was opened with.
pub(crate) struct Opening {
    url: DatabaseUrl,
    role: Role,
    options: ConnectOptions,
    /// The file that it has opened.
    file: Option<FileId>,
}

impl Opening {
    /// Opens one like it, which waits for an answer as long as this says, or as it usually would.
    pub(crate) fn again(&self, query_timeout: Option<Duration>) -> Result<Connection> {
        let query_timeout = query_timeout.unwrap_or(self.options.query_timeout);
        let options = ConnectOptions { query_timeout, ..self.options };
        Connection::open_expecting(&self.url, self.role, &options, self.file.as_ref())
    }
}

/// The engine's own connection.
pub(crate) enum Session {
    Sqlite(SqliteSession),
    PostgreSql(Box<PgConnection>),
    MySql(Box<MysqlConnection>),
}

/// A connection that was just opened, and what is known of its server.
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
            opening: None,
            at_rest: None,
        }
    }
}

impl Connection {
    /// Opens a connection, and sets its session up.
    ///
    /// # Errors
    /// `Configuration` when it can never work (wrong password, unknown database, missing folder), `Unavailable` when the
    /// server cannot be reached in time, `PoolTimeout` when it has no connection left, `Corrupt` when a SQLite file is none.
    pub fn open(url: &DatabaseUrl, role: Role, options: &ConnectOptions) -> Result<Self> {
        Self::open_expecting(url, role, options, None)
    }

    /// Opens a further connection to a SQLite file that was open before: the path must lead to the same file still, or
    /// nothing is opened and no file is created. On a server, and without an expectation, as [`Connection::open`].
    ///
    /// # Errors
    /// As [`Connection::open`]; `Unavailable`, not to be retried, when the file was deleted or replaced.
    pub fn open_expecting(
        url: &DatabaseUrl,
        role: Role,
        options: &ConnectOptions,
        expected: Option<&FileId>,
    ) -> Result<Self> {
        let mut connection = Self::connect(url, role, options, expected)?;
        let file = connection.file_id().cloned();
        connection.opening =
            Some(Arc::new(Opening { url: url.clone(), role, options: *options, file }));
        Ok(connection)
    }

    /// The identity of the SQLite file that is open. `None` on a server and in memory.
    pub fn file_id(&self) -> Option<&FileId> {
        match &self.session {
            Session::Sqlite(session) => session.hooks().file().map(FileWatch::id),
            Session::PostgreSql(_) | Session::MySql(_) => None,
        }
    }

    /// How it was opened.
    pub(crate) fn opening(&self) -> Result<Arc<Opening>> {
        self.opening
            .clone()
            .ok_or_else(|| Error::internal("nobody knows how this connection was opened"))
    }

    /// Refuses this connection if it leads to another SQLite file than this one.
    ///
    /// # Errors
    /// `Unavailable`, not to be retried, when the file was deleted or replaced.
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

    /// The engine, as the server itself says: a `mysql://` URL may lead to MariaDB.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The server's version, or SQLite's.
    pub fn server_version(&self) -> &str {
        &self.version
    }

    /// The most bytes that one row's values may have, where the server takes less than [`crate::MAX_ROW_BYTES`].
    pub fn max_row_bytes(&self) -> Option<u64> {
        self.max_row_bytes
    }

    /// How the ids of several rows that one statement inserts are known.
    pub(crate) fn batch_ids(&self) -> BatchIds {
        self.batch_ids
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// `Unavailable` when none comes within 5 s, or within the query timeout where that is shorter.
    pub fn ping(&mut self) -> Result<()> {
        let usual = match &self.session {
            Session::Sqlite(session)
                if session.hooks().file().is_some_and(|file| !file.is_in_place()) =>
            {
                return Err(self
                    .file_error()
                    .unwrap_or_else(|| Error::internal("the file is gone")));
            }
            Session::Sqlite(_) if self.is_broken() => {
                return Err(fault::lost("the file has changed", Effect::None));
            }
            Session::Sqlite(_) => return self.batch("SELECT 1", Effect::None),
            Session::PostgreSql(connection) => connection.deadline(),
            Session::MySql(connection) => connection.deadline(),
        };
        self.set_deadline(usual.min(PING_TIMEOUT));
        let answer = self.batch("SELECT 1", Effect::None);
        self.set_deadline(usual);
        answer
    }

    /// Whether the connection is of no more use: a deadline passed, the peer went away, a `COMMIT` failed, a SQLite file
    /// was deleted or replaced, a file that was opened as one that takes no changes has changed.
    pub fn is_broken(&self) -> bool {
        match &self.session {
            Session::Sqlite(session) => {
                session.hooks().is_broken()
                    || self.at_rest.as_ref().is_some_and(|file| !file.still())
            }
            Session::PostgreSql(connection) => connection.is_broken(),
            Session::MySql(connection) => connection.is_broken(),
        }
    }

    /// Whether the peer has hung up since the last call, which ended this long ago. It is asked before an idle
    /// connection is used again: a write over a connection that has ended would be of unknown outcome, although it was
    /// certainly not made.
    ///
    /// It costs no round trip. MySQL's driver cannot look at the network; there the answer follows from the server's
    /// `wait_timeout`, after which it closes an idle connection.
    pub fn has_ended(&self, idle: Duration) -> bool {
        match &self.session {
            Session::PostgreSql(connection) => connection.has_ended(),
            Session::MySql(connection) => connection.has_ended(idle),
            Session::Sqlite(_) => false,
        }
    }

    /// Changes how long a call may take: migrations may run for longer than a query.
    ///
    /// # Errors
    /// `Unavailable` when the server does not answer.
    pub fn set_query_timeout(&mut self, timeout: Duration) -> Result<()> {
        self.set_deadline(timeout);
        let sql = match &self.session {
            Session::Sqlite(session) => {
                session.hooks().set_time_limit(timeout);
                self.set_patience(timeout);
                return Ok(());
            }
            // Behind a pooler the setting would stay with the server's connection, and be somebody else's next.
            Session::PostgreSql(connection) if connection.is_pooled() => return Ok(()),
            Session::PostgreSql(_) => postgresql_session::statement_timeout(timeout),
            Session::MySql(_) => mysql_session::statement_timeout(self.engine, timeout),
        };
        self.batch(&sql, Effect::None)
    }

    /// How long to wait for the lock of another on SQLite. How long it was comes back; on a server nothing changes.
    pub(crate) fn set_patience(&self, patience: Duration) -> Duration {
        match &self.session {
            Session::Sqlite(session) => session.hooks().set_patience(patience),
            Session::PostgreSql(_) | Session::MySql(_) => patience,
        }
    }

    /// How long we wait; the server is not told.
    fn set_deadline(&mut self, deadline: Duration) {
        match &mut self.session {
            Session::Sqlite(_) => {}
            Session::PostgreSql(connection) => connection.set_deadline(deadline),
            Session::MySql(connection) => connection.set_deadline(deadline),
        }
    }

    /// Moves what SQLite's write-ahead log holds into the database, as far as nobody who reads or writes is in the way.
    /// A connection for reading will do. On a server, which sees to its log by itself, nothing happens.
    ///
    /// # Errors
    /// `StorageFull` and the like. Nothing is lost by it: what was committed stays in the log.
    pub fn checkpoint(&mut self) -> Result<()> {
        match &self.session {
            Session::Sqlite(_) => self.batch("PRAGMA wal_checkpoint(PASSIVE)", Effect::None),
            Session::PostgreSql(_) | Session::MySql(_) => Ok(()),
        }
    }

    /// Runs `read`, whose answer keeps the first rows only, up to `budget`. Whether rows were left out is returned as well.
    ///
    /// The rest of an answer is still received from a server, which cannot be told to stop without another round trip, but is
    /// dropped row by row. `read` itself has to observe the budget on SQLite, where rows are read one by one.
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

    /// Whether a transaction of [`Connection::transaction`] is open.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Runs SQL text that gives no rows.
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
