//! SQLite: a `diesel::Connection` that wraps Diesel's own. It adds a deadline for every statement
//! and a limit for the statement cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, CacheSize, Connection, ConnectionSealed, Instrumentation,
    InstrumentationEvent, LoadConnection, SimpleConnection,
};
use diesel::query_builder::{Query, QueryFragment, QueryId};
use diesel::result::{ConnectionError, ConnectionResult};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, SqliteConnection};

use super::sqlite_hooks::Hooks;
use super::statements::MAX_STATEMENTS;

/// One connection to a SQLite database.
pub(crate) struct SqliteSession {
    // Declared before the hooks that it points to, and so dropped before them.
    connection: SqliteConnection,
    hooks: Box<Hooks>,
    /// Number of statements in Diesel's cache, which can be cleared but not queried.
    cached: Arc<AtomicUsize>,
}

impl SqliteSession {
    pub(super) fn new(mut connection: SqliteConnection, hooks: Box<Hooks>) -> Self {
        let cached = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&cached);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { connection, hooks, cached }
    }

    pub(super) fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Returns the time limit that ended the last statement, if one did, and clears it.
    pub(super) fn take_elapsed(&self) -> Option<Duration> {
        self.hooks.take_elapsed()
    }

    /// Runs `work` without a time limit, for statements whose duration depends on the file size.
    pub(crate) fn without_time_limit<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        let usual = self.hooks.set_time_limit(Duration::MAX);
        let value = work(self);
        self.hooks.set_time_limit(usual);
        value
    }

    /// Starts the time limit of the next statement, and clears the statement cache if it is full.
    fn begin(&mut self) -> &mut SqliteConnection {
        self.hooks.begin();
        if self.cached.load(Ordering::Relaxed) >= MAX_STATEMENTS {
            // Diesel cannot remove a single statement. Preparing the few frequent ones again costs
            // less than keeping a statement for every text ever used.
            self.connection.set_prepared_statement_cache_size(CacheSize::Disabled);
            self.connection.set_prepared_statement_cache_size(CacheSize::Unbounded);
            self.cached.store(0, Ordering::Relaxed);
        }
        &mut self.connection
    }
}

impl SimpleConnection for SqliteSession {
    fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        self.begin().batch_execute(query)
    }
}

impl ConnectionSealed for SqliteSession {}

impl Connection for SqliteSession {
    type Backend = Sqlite;
    type TransactionManager = AnsiTransactionManager;

    fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection(
            "connections are opened by chatkeep_core::Connection::open".to_owned(),
        ))
    }

    fn execute_returning_count<T>(&mut self, source: &T) -> QueryResult<usize>
    where
        T: QueryFragment<Sqlite> + QueryId,
    {
        self.begin().execute_returning_count(source)
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        self.connection.transaction_state()
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        self.connection.instrumentation()
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.connection.set_instrumentation(instrumentation);
    }

    fn set_prepared_statement_cache_size(&mut self, size: CacheSize) {
        self.connection.set_prepared_statement_cache_size(size);
    }
}

impl LoadConnection for SqliteSession {
    type Cursor<'conn, 'query> = <SqliteConnection as LoadConnection>::Cursor<'conn, 'query>;
    type Row<'conn, 'query> = <SqliteConnection as LoadConnection>::Row<'conn, 'query>;

    fn load<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> QueryResult<Self::Cursor<'conn, 'query>>
    where
        T: Query + QueryFragment<Sqlite> + QueryId + 'query,
        Sqlite: diesel::expression::QueryMetadata<T::SqlType>,
    {
        self.begin().load(source)
    }
}
