//! PostgreSQL: a `diesel::Connection` over tokio-postgres. Every call has a deadline, and every
//! failure keeps its SQLSTATE.

use std::future::Future;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
    LoadConnection, SimpleConnection,
};
use diesel::pg::{Pg, PgMetadataLookup, PgTypeMetadata};
use diesel::query_builder::bind_collector::RawBytesBindCollector;
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{ConnectionError, ConnectionResult, DatabaseErrorKind, Error as DieselError};
use futures_util::TryStreamExt;
use futures_util::future::join;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, RowStream, Statement};

use super::postgresql_row::{Bind, PgRow, PgRows};
use super::reactor::Reactor;
use super::row_budget::RowBudget;
use super::statements::{Lookup, Statements};
use crate::db_error::{Failure, WaitError};

/// One connection to a PostgreSQL server.
pub(crate) struct PgConnection {
    pub(super) reactor: Reactor,
    pub(super) client: Client,
    /// The driver closes a removed statement together with the next request.
    statements: Statements<Pg, Statement>,
    /// Whether statements are unnamed. Behind a pooler in transaction mode, a named statement may
    /// not exist for the next call.
    unnamed: bool,
    /// The statement that begins a transaction, sent together with the next statement.
    begin: Option<&'static str>,
    row_budget: RowBudget,
    failure: Option<Failure>,
    broken: bool,
    transaction: AnsiTransactionManager,
    instrumentation: Option<Box<dyn Instrumentation>>,
}

impl PgConnection {
    pub(super) fn new(reactor: Reactor, client: Client, unnamed: bool) -> Self {
        Self {
            reactor,
            client,
            statements: Statements::new(),
            unnamed,
            begin: None,
            row_budget: RowBudget::unlimited(),
            failure: None,
            broken: false,
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

    /// Returns whether a pooler may assign the server connection to another client after each
    /// transaction.
    pub(super) fn is_pooled(&self) -> bool {
        self.unnamed
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken || self.client.is_closed()
    }

    /// Returns whether the server has closed the connection, judging by the data received so far.
    pub(super) fn has_ended(&self) -> bool {
        self.reactor.poll_network();
        self.is_broken()
    }

    pub(super) fn mark_broken(&mut self) {
        self.broken = true;
    }

    /// Begins a transaction together with its first statement, which saves a round trip. That
    /// statement must not write: if the server rejected only `begin`, it would run by itself.
    pub(super) fn begin_with_next(&mut self, begin: &'static str) {
        self.begin = Some(begin);
    }

    /// Begins a transaction that was to begin with the next statement.
    pub(super) fn begin_now(&mut self) -> QueryResult<()> {
        self.begin.take().map_or(Ok(()), |begin| self.batch_execute(begin))
    }

    /// Returns the failure of the last failed call, and clears it.
    pub(super) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Returns whether the server rejected the last call with a message that contains this text, and
    /// clears that failure. The caller returns an error of its own.
    pub(crate) fn take_refusal(&mut self, text: &str) -> bool {
        let is_refused = matches!(
            &self.failure, Some(Failure::Refused { message, .. }) if message.contains(text)
        );
        if is_refused {
            self.failure = None;
        }
        is_refused
    }

    /// Stores the failure for [`Self::take_failure`], and returns a matching Diesel error.
    fn fail(&mut self, failure: Failure) -> DieselError {
        let (kind, message) = match &failure {
            Failure::Refused { state, message, .. } => {
                let kind = match state.as_str() {
                    "23505" => DatabaseErrorKind::UniqueViolation,
                    "40001" => DatabaseErrorKind::SerializationFailure,
                    _ => DatabaseErrorKind::Unknown,
                };
                // The server closes the connection after these.
                self.broken |= state.starts_with("57P")
                    || state.starts_with("08")
                    || matches!(state.as_str(), "25P03" | "25P04");
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

    /// Converts the outcome of a wait, and stores its failure.
    pub(super) fn complete<T>(
        &mut self,
        outcome: Result<Result<T, tokio_postgres::Error>, WaitError>,
    ) -> QueryResult<T> {
        match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(self.fail(failure(&error))),
            Err(reason) => Err(self.fail(Failure::from_wait(reason, self.reactor.deadline()))),
        }
    }

    /// Runs one statement, and reads its whole result, all within the deadline. Returns the rows and
    /// the number of affected rows.
    fn run<T>(&mut self, source: &T) -> QueryResult<(Vec<tokio_postgres::Row>, u64)>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        let (types, binds) = collect_binds(source)?;
        if self.unnamed {
            return self.run_unnamed(&sql(source)?, &types, binds);
        }
        let mut left = self.reactor.deadline();
        let statement = match self.statements.find(source, &types, &Pg)? {
            Lookup::Prepared(statement) => statement,
            Lookup::New(key) => {
                let statement = self.prepare(&key.sql(source, &Pg)?, &types, &mut left)?;
                drop(self.statements.insert(key, statement.clone()));
                statement
            }
            Lookup::Once(key) => return self.run_unnamed(&key.sql(source, &Pg)?, &types, binds),
        };
        let (client, budget) = (&self.client, &mut self.row_budget);
        let run = async { collect(client.query_raw(&statement, binds).await?, budget).await };
        let outcome = self.reactor.wait_for(left, after(self.begin.take(), client, run));
        self.complete(outcome)
    }

    /// Runs a statement without a name, in one round trip.
    fn run_unnamed(
        &mut self,
        sql: &str,
        types: &[PgTypeMetadata],
        binds: Vec<Bind>,
    ) -> QueryResult<(Vec<tokio_postgres::Row>, u64)> {
        let types = types.iter().map(to_type).collect::<QueryResult<Vec<_>>>()?;
        let (client, budget) = (&self.client, &mut self.row_budget);
        let binds = binds.into_iter().zip(types);
        let run = async { collect(client.query_typed_raw(sql, binds).await?, budget).await };
        let outcome = self.reactor.wait(after(self.begin.take(), client, run));
        self.complete(outcome)
    }

    /// Prepares a statement and subtracts the elapsed time from `left`.
    fn prepare(
        &mut self,
        sql: &str,
        types: &[PgTypeMetadata],
        left: &mut Duration,
    ) -> QueryResult<Statement> {
        let types = types.iter().map(to_type).collect::<QueryResult<Vec<_>>>()?;
        let begin = Instant::now();
        let prepare = self.client.prepare_typed(sql, &types);
        let outcome = self.reactor.wait(after(self.begin.take(), &self.client, prepare));
        *left = left.saturating_sub(begin.elapsed());
        self.complete(outcome)
    }
}

/// Sends a request, after the statement that begins its transaction if there is one, without
/// waiting for that statement's response in between.
async fn after<T>(
    begin: Option<&'static str>,
    client: &Client,
    request: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, tokio_postgres::Error> {
    match begin {
        None => request.await,
        Some(begin) => {
            // The driver sends requests in the order in which they are polled first.
            let (begun, response) = join(client.batch_execute(begin), request).await;
            begun.and(response)
        }
    }
}

/// Renders a statement.
fn sql<T: QueryFragment<Pg>>(source: &T) -> QueryResult<String> {
    let mut builder = diesel::pg::PgQueryBuilder::default();
    source.to_sql(&mut builder, &Pg)?;
    Ok(diesel::query_builder::QueryBuilder::<Pg>::finish(builder))
}

/// Returns the rows that fit the budget, and the number of affected rows.
async fn collect(
    stream: RowStream,
    budget: &mut RowBudget,
) -> Result<(Vec<tokio_postgres::Row>, u64), tokio_postgres::Error> {
    futures_util::pin_mut!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.as_mut().try_next().await? {
        if budget.keeps(row.raw_size_bytes()) {
            rows.push(row);
        }
    }
    let affected = stream.rows_affected().unwrap_or(0);
    Ok((rows, affected))
}

/// Converts a tokio-postgres error. Its own text is only a class ("db error"), so the texts of its
/// causes are appended.
pub(super) fn failure(error: &tokio_postgres::Error) -> Failure {
    if let Some(refused) = error.as_db_error() {
        return Failure::Refused {
            state: refused.code().code().to_owned(),
            number: 0,
            message: refused.message().to_owned(),
        };
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let detail = inner.to_string();
        if !text.contains(&detail) {
            text = format!("{text}: {detail}");
        }
        cause = inner.source();
    }
    Failure::Lost(text)
}

fn collect_binds<T: QueryFragment<Pg>>(
    source: &T,
) -> QueryResult<(Vec<PgTypeMetadata>, Vec<Bind>)> {
    let mut collector = RawBytesBindCollector::<Pg>::new();
    source.collect_binds(&mut collector, &mut NoLookup, &Pg)?;
    Ok((collector.metadata, collector.binds.into_iter().map(Bind).collect()))
}

/// A type lookup that always fails. The statements use only built-in types, whose object ids are
/// fixed, so Diesel never looks one up.
struct NoLookup;

impl PgMetadataLookup for NoLookup {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        // The object id 0 is PostgreSQL's "no such type"; `to_type` rejects it.
        PgTypeMetadata::new(0, 0)
    }
}

fn to_type(metadata: &PgTypeMetadata) -> QueryResult<Type> {
    let oid = metadata.oid().map_err(|error| DieselError::SerializationError(Box::new(error)))?;
    Type::from_oid(oid)
        .ok_or_else(|| DieselError::SerializationError("the type is not a built-in type".into()))
}

impl SimpleConnection for PgConnection {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let request = self.client.batch_execute(query);
        let outcome = self.reactor.wait(after(self.begin.take(), &self.client, request));
        self.complete(outcome)
    }
}

impl ConnectionSealed for PgConnection {}

impl Connection for PgConnection {
    type Backend = Pg;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection(
            "connections are opened by chatkeep_core::Connection::open".to_owned(),
        ))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Pg> + QueryId,
    {
        let (_, affected) = self.run(source)?;
        usize::try_from(affected)
            .map_err(|error| DieselError::DeserializationError(Box::new(error)))
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

impl LoadConnection for PgConnection {
    type Cursor<'conn, 'query> = PgRows;
    type Row<'conn, 'query> = PgRow;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Pg> + QueryId + 'query,
        Pg: diesel::expression::QueryMetadata<T::SqlType>,
    {
        let (rows, _) = self.run(&source)?;
        Ok(PgRows::new(rows))
    }
}
