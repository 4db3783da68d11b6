//! MySQL and MariaDB: a `diesel::Connection` over mysql_async. Every call has a deadline, and every
//! failure keeps its error number.

use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
    LoadConnection, SimpleConnection,
};
use diesel::mysql::Mysql;
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{ConnectionError, ConnectionResult, DatabaseErrorKind, Error as DieselError};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Statement};

use super::mysql_row::{MysqlRow, size, to_params};
use super::mysql_unprepared::{self, TOO_MANY_STATEMENTS};
use super::reactor::Reactor;
use super::row_budget::RowBudget;
use super::statements::{Lookup, Statements};
use crate::db_error::{Failure, WaitError};

/// Maximum time to notify the server when a connection is closed.
const DISCONNECT_TIMEOUT: Duration = Duration::from_millis(200);

/// A connection that the server will close within this time is not reused.
const CLOSING_SOON: Duration = Duration::from_secs(1);

/// One connection to a MySQL or MariaDB server.
pub(crate) struct MysqlConnection {
    reactor: Reactor,
    /// `None` only while this struct is being dropped.
    conn: Option<Conn>,
    statements: Statements<Mysql, Statement>,
    /// A statement that is no longer used. It is closed before the next statement runs, so that a
    /// missed deadline cannot leave it open.
    to_close: Option<Statement>,
    row_budget: RowBudget,
    failure: Option<Failure>,
    broken: bool,
    /// Idle time after which the server closes the connection.
    wait_timeout: Duration,
    transaction: AnsiTransactionManager,
    instrumentation: Option<Box<dyn Instrumentation>>,
}

impl MysqlConnection {
    pub(super) fn new(reactor: Reactor, conn: Conn, wait_timeout: Duration) -> Self {
        Self {
            reactor,
            conn: Some(conn),
            statements: Statements::new(),
            to_close: None,
            row_budget: RowBudget::unlimited(),
            failure: None,
            broken: false,
            wait_timeout,
            transaction: AnsiTransactionManager::default(),
            instrumentation: None,
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        self.reactor.deadline()
    }

    pub(super) fn set_deadline(&mut self, deadline: Duration) {
        self.reactor.set_deadline(deadline);
    }

    /// Returns the budget for the rows of the next results.
    pub(super) fn row_budget(&mut self) -> &mut RowBudget {
        &mut self.row_budget
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Returns whether the server has closed the connection, or is about to, after this idle time.
    pub(super) fn has_ended(&self, idle: Duration) -> bool {
        idle + (self.wait_timeout / 2).min(CLOSING_SOON) >= self.wait_timeout
    }

    pub(super) fn mark_broken(&mut self) {
        self.broken = true;
    }

    /// Returns the failure of the last failed call, and clears it.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Returns the first id that the last insert generated. It is part of the statement's response,
    /// so no query is needed.
    pub(crate) fn first_insert_id(&self) -> QueryResult<i64> {
        let id =
            self.conn.as_ref().and_then(Conn::last_insert_id).and_then(|id| i64::try_from(id).ok());
        id.ok_or_else(|| DieselError::DeserializationError("the server returned no id".into()))
    }

    /// Stores the failure for [`Self::take_failure`], and returns a matching Diesel error.
    fn fail(&mut self, failure: Failure) -> DieselError {
        let (kind, message) = match &failure {
            Failure::Refused { number, message, .. } => {
                // 1047: the Galera node is unusable until it rejoins its cluster. The server closes
                // the connection after 1053 (shutdown), 1180 (failed commit), 1927 (connection
                // killed) and 4031 (idle for too long).
                self.broken |= matches!(number, 1047 | 1053 | 1180 | 1927 | 4031);
                // 1062: duplicate key.
                let kind = if *number == 1062 {
                    DatabaseErrorKind::UniqueViolation
                } else {
                    DatabaseErrorKind::Unknown
                };
                (kind, message.clone())
            }
            Failure::Lost(cause) => {
                self.broken = true;
                (DatabaseErrorKind::ClosedConnection, cause.clone())
            }
            Failure::Elapsed(_) | Failure::Interrupted => {
                self.broken = true;
                (DatabaseErrorKind::ClosedConnection, "no response in time".to_owned())
            }
        };
        self.failure = Some(failure);
        DieselError::DatabaseError(kind, Box::new(message))
    }

    /// Converts the outcome of waiting for the driver, and stores a failure.
    fn complete<T>(
        &mut self,
        outcome: Result<Result<T, mysql_async::Error>, WaitError>,
    ) -> QueryResult<T> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail(failure(&error))),
            Err(reason) => Err(self.fail(Failure::from_wait(reason, self.reactor.deadline()))),
        }
    }

    /// Prepares and runs one statement, and reads its whole result, all within the deadline.
    fn run<T>(&mut self, source: &T) -> QueryResult<Vec<mysql_async::Row>>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        let mut collector = RawBytesBindCollector::<Mysql>::new();
        source.collect_binds(&mut collector, &mut (), &Mysql)?;
        let params = to_params(&collector.metadata, collector.binds)?;
        if let Some(statement) = self.to_close.take() {
            let outcome = self.reactor.wait(open(&mut self.conn).close(statement));
            self.complete(outcome)?;
        }
        let mut left = self.reactor.deadline();
        let statement = match self.statements.find(source, &collector.metadata, &Mysql)? {
            Lookup::Prepared(statement) => statement,
            Lookup::New(key) => {
                let Some(statement) = self.prepare(&key.sql(source, &Mysql)?, &mut left)? else {
                    return self.run_unprepared(source, &params, left);
                };
                self.to_close = self.statements.insert(key, statement.clone());
                statement
            }
            Lookup::Once(key) => {
                let Some(statement) = self.prepare(&key.sql(source, &Mysql)?, &mut left)? else {
                    return self.run_unprepared(source, &params, left);
                };
                self.to_close = Some(statement.clone());
                statement
            }
        };
        let (conn, budget) = (open(&mut self.conn), &mut self.row_budget);
        let outcome = if budget.is_limited() {
            self.reactor.wait_for(left, collect(conn, statement, params, budget))
        } else {
            self.reactor.wait_for(left, conn.exec::<mysql_async::Row, _, _>(statement, params))
        };
        self.complete(outcome)
    }

    /// Prepares a statement and subtracts the elapsed time from `left`. Returns `None` if the
    /// server has reached its limit of prepared statements, which all its clients share.
    fn prepare(&mut self, sql: &str, left: &mut Duration) -> QueryResult<Option<Statement>> {
        let begin = Instant::now();
        let outcome = self.reactor.wait(open(&mut self.conn).prep(sql.to_owned()));
        *left = left.saturating_sub(begin.elapsed());
        match outcome {
            Ok(Err(mysql_async::Error::Server(refused))) if refused.code == TOO_MANY_STATEMENTS => {
                Ok(None)
            }
            other => self.complete(other).map(Some),
        }
    }

    /// Runs the statement as text that contains its values, for a server at its limit of prepared
    /// statements.
    fn run_unprepared<T>(
        &mut self,
        source: &T,
        params: &Params,
        left: Duration,
    ) -> QueryResult<Vec<mysql_async::Row>>
    where
        T: QueryFragment<Mysql>,
    {
        let sql = mysql_unprepared::with_values(source, params)?;
        let outcome =
            self.reactor.wait_for(left, open(&mut self.conn).query::<mysql_async::Row, _>(sql));
        let mut rows = self.complete(outcome)?;
        rows.retain(|row| self.row_budget.keeps(size(row)));
        Ok(rows)
    }
}

/// Returns the driver's connection, which exists until [`MysqlConnection`] is dropped.
fn open(conn: &mut Option<Conn>) -> &mut Conn {
    conn.as_mut().expect("the connection is only taken when it is dropped")
}

impl Drop for MysqlConnection {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            // Without a disconnect message, the server counts the connection as aborted and logs a
            // warning.
            if !self.broken {
                let _ = self.reactor.wait_for(DISCONNECT_TIMEOUT, conn.disconnect());
            }
        }
    }
}

/// Runs a statement and returns the rows that fit the budget.
async fn collect(
    conn: &mut Conn,
    statement: Statement,
    params: Params,
    budget: &mut RowBudget,
) -> Result<Vec<mysql_async::Row>, mysql_async::Error> {
    let mut result = conn.exec_iter(statement, params).await?;
    let mut rows = Vec::new();
    while let Some(row) = result.next().await? {
        if budget.keeps(size(&row)) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Converts a mysql_async error.
pub(super) fn failure(error: &mysql_async::Error) -> Failure {
    match error {
        mysql_async::Error::Server(refused) => Failure::Refused {
            state: refused.state.clone(),
            number: refused.code,
            message: refused.message.clone(),
        },
        mysql_async::Error::Io(mysql_async::IoError::Io(cause)) => Failure::Lost(cause.to_string()),
        mysql_async::Error::Io(mysql_async::IoError::Tls(cause)) => {
            Failure::Lost(format!("TLS: {cause}"))
        }
        mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer) => {
            Failure::Lost("the server does not support TLS".to_owned())
        }
        mysql_async::Error::Driver(cause) => Failure::Lost(cause.to_string()),
        // A URL error could contain the password. It cannot occur, because the driver gets no URL.
        mysql_async::Error::Url(_) => Failure::Lost("the driver rejected its settings".to_owned()),
        other => Failure::Lost(other.to_string()),
    }
}

impl SimpleConnection for MysqlConnection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let outcome = self.reactor.wait(open(&mut self.conn).query_drop(query.to_owned()));
        self.complete(outcome)
    }
}

impl ConnectionSealed for MysqlConnection {}

impl Connection for MysqlConnection {
    type Backend = Mysql;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection(
            "connections are opened by chatkeep_core::Connection::open".to_owned(),
        ))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        self.run(source)?;
        let touched = self.conn.as_ref().map_or(0, Conn::affected_rows);
        usize::try_from(touched).map_err(|error| DieselError::DeserializationError(Box::new(error)))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transaction
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = Some(Box::new(instrumentation));
    }

    /// Does nothing: the statement cache has a fixed size.
    fn set_prepared_statement_cache_size(&mut self, _: CacheSize) {}
}

impl LoadConnection for MysqlConnection {
    type Cursor<'conn, 'query> = std::iter::Map<
        std::vec::IntoIter<mysql_async::Row>,
        fn(mysql_async::Row) -> QueryResult<MysqlRow>,
    >;
    type Row<'conn, 'query> = MysqlRow;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Mysql> + QueryId + 'query,
        Mysql: diesel::expression::QueryMetadata<T::SqlType>,
    {
        Ok(self.run(&source)?.into_iter().map(MysqlRow::new))
    }
}
