//! MySQL and MariaDB: a `diesel::Connection` over mysql_async. Every call has a deadline, and every failure keeps its number.

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
use super::reactor::{NoAnswer, Reactor};
use super::row_budget::RowBudget;
use super::statements::{Lookup, Statements};
use crate::fault::Failure;

/// How long a closing connection may wait to say goodbye.
const GOODBYE: Duration = Duration::from_millis(200);

/// A connection that the server closes within this time is not used again.
const CLOSING_SOON: Duration = Duration::from_secs(1);

/// One connection to a MySQL or MariaDB server.
pub(crate) struct MysqlConnection {
    reactor: Reactor,
    /// `None` only while it is dropped.
    conn: Option<Conn>,
    statements: Statements<Mysql, Statement>,
    /// A statement that is used no more. It is closed before the next one, so that a deadline cannot leave it open.
    used_up: Option<Statement>,
    row_budget: RowBudget,
    failure: Option<Failure>,
    broken: bool,
    /// After this long without a statement the server closes the connection.
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
            used_up: None,
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

    /// What is kept of the next answers.
    pub(super) fn row_budget(&mut self) -> &mut RowBudget {
        &mut self.row_budget
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the server has closed the connection, or is about to, after it was idle for this long.
    pub(super) fn has_ended(&self, idle: Duration) -> bool {
        idle + (self.wait_timeout / 2).min(CLOSING_SOON) >= self.wait_timeout
    }

    pub(super) fn mark_broken(&mut self) {
        self.broken = true;
    }

    /// What the last failed call ran into, once.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// The first id that the last insert made; it comes with the statement's answer and costs nothing.
    pub(crate) fn first_insert_id(&self) -> QueryResult<i64> {
        let id =
            self.conn.as_ref().and_then(Conn::last_insert_id).and_then(|id| i64::try_from(id).ok());
        id.ok_or_else(|| DieselError::DeserializationError("the server gave no id back".into()))
    }

    /// Keeps the failure for whoever explains it, and gives Diesel an error of its own kind.
    fn fail(&mut self, failure: Failure) -> DieselError {
        let (kind, message) = match &failure {
            Failure::Refused { number, message, .. } => {
                // 1047: this Galera node is no use until it joins again. The others: the server closes the connection.
                self.broken |= matches!(number, 1047 | 1053 | 1180 | 1927 | 4031);
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
                (DatabaseErrorKind::ClosedConnection, "no answer in time".to_owned())
            }
        };
        self.failure = Some(failure);
        DieselError::DatabaseError(kind, Box::new(message))
    }

    fn settle<T>(
        &mut self,
        outcome: Result<Result<T, mysql_async::Error>, NoAnswer>,
    ) -> QueryResult<T> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail(failure(&error))),
            Err(reason) => Err(self.fail(Failure::no_answer(reason, self.reactor.deadline()))),
        }
    }

    /// Runs one statement and reads its whole answer within the deadline, in which it is prepared as well.
    fn run<T>(&mut self, source: &T) -> QueryResult<Vec<mysql_async::Row>>
    where
        T: QueryFragment<Mysql> + QueryId,
    {
        let mut collector = RawBytesBindCollector::<Mysql>::new();
        source.collect_binds(&mut collector, &mut (), &Mysql)?;
        let params = to_params(&collector.metadata, collector.binds)?;
        if let Some(statement) = self.used_up.take() {
            let outcome = self.reactor.wait(open(&mut self.conn).close(statement));
            self.settle(outcome)?;
        }
        let mut left = self.reactor.deadline();
        let statement = match self.statements.find(source, &collector.metadata, &Mysql)? {
            Lookup::Prepared(statement) => statement,
            Lookup::New(key) => {
                let Some(statement) = self.prepare(&key.sql(source, &Mysql)?, &mut left)? else {
                    return self.run_unprepared(source, &params, left);
                };
                self.used_up = self.statements.keep(key, statement.clone());
                statement
            }
            Lookup::Once(key) => {
                let Some(statement) = self.prepare(&key.sql(source, &Mysql)?, &mut left)? else {
                    return self.run_unprepared(source, &params, left);
                };
                self.used_up = Some(statement.clone());
                statement
            }
        };
        let (conn, budget) = (open(&mut self.conn), &mut self.row_budget);
        let outcome = if budget.is_limited() {
            self.reactor.wait_for(left, collect(conn, statement, params, budget))
        } else {
            self.reactor.wait_for(left, conn.exec::<mysql_async::Row, _, _>(statement, params))
        };
        self.settle(outcome)
    }

    /// Prepares a statement, and takes the time for it off what is `left`. `None` where the server keeps no more of them:
    /// all programs together have as many as it allows.
    fn prepare(&mut self, sql: &str, left: &mut Duration) -> QueryResult<Option<Statement>> {
        let begin = Instant::now();
        let outcome = self.reactor.wait(open(&mut self.conn).prep(sql.to_owned()));
        *left = left.saturating_sub(begin.elapsed());
        match outcome {
            Ok(Err(mysql_async::Error::Server(refused))) if refused.code == TOO_MANY_STATEMENTS => {
                Ok(None)
            }
            other => self.settle(other).map(Some),
        }
    }

    /// Runs the statement as text with its values in it.
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
        let mut rows = self.settle(outcome)?;
        rows.retain(|row| self.row_budget.keeps(size(row)));
        Ok(rows)
    }
}

/// The driver's connection, which is there until the drop.
fn open(conn: &mut Option<Conn>) -> &mut Conn {
    conn.as_mut().expect("the connection is only taken when it is dropped")
}

impl Drop for MysqlConnection {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            // The server counts a connection that ends without a goodbye as aborted, and writes a warning.
            if !self.broken {
                let _ = self.reactor.wait_for(GOODBYE, conn.disconnect());
            }
        }
    }
}

/// The rows of an answer that are kept.
async fn collect(
    conn: &mut Conn,
    statement: Statement,
    params: Params,
    budget: &mut RowBudget,
) -> Result<Vec<mysql_async::Row>, mysql_async::Error> {
    let mut answer = conn.exec_iter(statement, params).await?;
    let mut rows = Vec::new();
    while let Some(row) = answer.next().await? {
        if budget.keeps(size(&row)) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// What a mysql_async error says.
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
        // A URL error would show the URL; it cannot occur, since no URL is handed to the driver.
        mysql_async::Error::Url(_) => Failure::Lost("the driver refused its settings".to_owned()),
        other => Failure::Lost(other.to_string()),
    }
}

impl SimpleConnection for MysqlConnection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let outcome = self.reactor.wait(open(&mut self.conn).query_drop(query.to_owned()));
        self.settle(outcome)
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

    /// Our cache has one size.
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
