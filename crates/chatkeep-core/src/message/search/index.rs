//! The search index. It uses disk space and slows every insert, so it is not created automatically;
//! the operator of the database creates and drops it.

use std::time::Duration;

use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::trigrams;
use serde::Serialize;

use crate::connection::{Connection, Session, on_engine};
use crate::db_error::Effect;
use crate::described::Record;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Statement timeout while building the index, which takes long on a large log.
const BUILD_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// State of the search index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SearchIndexState {
    /// No index exists. Searches scan messages, newest first, until the page is full.
    Absent,
    /// The index exists, and searches use it.
    Ready,
    /// The index is being built, its build was interrupted, or MySQL's `ngram_token_size` has
    /// changed since. Searches do not use it.
    Unfinished,
    /// This engine does not support a search index: MariaDB.
    Unsupported,
}

impl SearchIndexState {
    /// Returns `absent`, `ready`, `unfinished` or `unsupported`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Ready => "ready",
            Self::Unfinished => "unfinished",
            Self::Unsupported => "unsupported",
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    /// Number of characters in an index entry; 0 if the index is unusable.
    #[diesel(sql_type = BigInt)]
    run: i64,
}

#[derive(QueryableByName)]
struct FoundTrigrams {
    #[diesel(embed)]
    found: Found,
    #[diesel(sql_type = Nullable<Text>)]
    functions: Option<String>,
}

/// The current index.
pub(super) struct Index {
    pub(super) state: SearchIndexState,
    /// Number of characters in an index entry.
    pub(super) run: usize,
    /// Schema of `pg_trgm`'s functions, quoted. `None` on other engines, or if this account may not
    /// call them.
    pub(super) functions: Option<String>,
}

impl Index {
    fn new(found: Option<&Found>, functions: Option<String>) -> Self {
        let run = found.map(|found| usize::try_from(found.run).unwrap_or(0));
        let state = match run {
            None => SearchIndexState::Absent,
            Some(0) => SearchIndexState::Unfinished,
            Some(_) => SearchIndexState::Ready,
        };
        Self { state, run: run.unwrap_or(0), functions }
    }
}

/// Returns the state of the search index.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn search_index_state(connection: &mut Connection) -> Result<SearchIndexState> {
    Ok(inspect(connection)?.state)
}

/// Returns the current state and entry length of the index.
pub(super) fn inspect(connection: &mut Connection) -> Result<Index> {
    let sql = match connection.engine() {
        Engine::Sqlite => "SELECT 3 AS run FROM sqlite_master WHERE name = 'messages_search'",
        Engine::PostgreSql => return inspect_postgresql(connection),
        // The index comment holds the token size at creation. With another size, entries are not
        // found.
        Engine::MySql => {
            "SELECT CAST(IF(LEFT(index_comment, 17) = 'ngram_token_size=' \
             AND index_comment <> CONCAT('ngram_token_size=', @@ngram_token_size), 0, \
             @@ngram_token_size) AS SIGNED) AS run \
             FROM information_schema.statistics WHERE table_schema = DATABASE() \
             AND table_name = 'messages' AND index_name = 'messages_search' LIMIT 1"
        }
        Engine::MariaDb => {
            return Ok(Index { state: SearchIndexState::Unsupported, ..Index::new(None, None) });
        }
    };
    let found = on_engine!(connection, c => sql_query(sql).load::<Found>(c));
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(Index::new(found.first(), None))
}

fn inspect_postgresql(connection: &mut Connection) -> Result<Index> {
    let Session::PostgreSql(session) = &mut connection.session else {
        return Ok(Index::new(None, None));
    };
    // Only the index of the table in the search path; tables in other schemas may have one too.
    let sql = "SELECT indisvalid::int::bigint * 3 AS run, \
               (SELECT quote_ident(nspname) FROM pg_opclass o \
               JOIN pg_namespace n ON n.oid = opcnamespace \
               JOIN pg_proc p ON pronamespace = n.oid AND proname = 'show_trgm' \
               WHERE o.oid = indclass[0] AND has_schema_privilege(n.oid, 'USAGE') \
               AND has_function_privilege(p.oid, 'EXECUTE') LIMIT 1) AS functions \
               FROM pg_index JOIN pg_class i ON i.oid = indexrelid \
               WHERE indrelid = to_regclass('messages') AND relname = 'messages_search'";
    let found = sql_query(sql).load::<FoundTrigrams>(session.as_mut());
    let found = found.map_err(|error| connection.read_error(error))?.pop();
    let (found, functions) = found.map(|row| (row.found, row.functions)).unzip();
    Ok(Index::new(found.as_ref(), functions.flatten()))
}

/// Returns the minimum length of a search text, in characters, for which the index is used.
///
/// Searches for shorter texts scan the messages. Returns `None` if there is no usable index.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn search_index_minimum(connection: &mut Connection) -> Result<Option<usize>> {
    let index = inspect(connection)?;
    Ok((index.state == SearchIndexState::Ready).then_some(index.run))
}

/// Creates the index of all existing messages. Returns false if it already exists.
///
/// PostgreSQL builds it without blocking writers; on SQLite and MySQL writers wait, and readers do
/// not. The build may take up to 24 hours. Afterwards the connection has `query_timeout` again.
///
/// # Errors
/// `Configuration` on MariaDB, which has no substring index. Also if the extension `pg_trgm` is
/// missing and may not be created. Otherwise the error of the database. No index exists then.
pub fn create_search_index(connection: &mut Connection, query_timeout: Duration) -> Result<bool> {
    with_build_timeout(connection, query_timeout, create)
}

/// Drops the index. Returns false if there was none. Afterwards the connection has `query_timeout`
/// again.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn drop_search_index(connection: &mut Connection, query_timeout: Duration) -> Result<bool> {
    with_build_timeout(connection, query_timeout, |connection| {
        match search_index_state(connection)? {
            SearchIndexState::Absent | SearchIndexState::Unsupported => Ok(false),
            SearchIndexState::Ready | SearchIndexState::Unfinished => {
                drop_index(connection).map(|()| true)
            }
        }
    })
}

/// Runs `work` with a statement timeout of [`BUILD_TIMEOUT`], then restores `query_timeout`.
fn with_build_timeout(
    connection: &mut Connection,
    query_timeout: Duration,
    work: impl FnOnce(&mut Connection) -> Result<bool>,
) -> Result<bool> {
    connection.set_query_timeout(BUILD_TIMEOUT)?;
    let outcome = work(connection);
    // The connection returns to the pool, where other callers rely on its timeout.
    if !connection.is_broken() {
        connection.set_query_timeout(query_timeout)?;
    }
    outcome
}

fn create(connection: &mut Connection) -> Result<bool> {
    match search_index_state(connection)? {
        SearchIndexState::Ready => return Ok(false),
        SearchIndexState::Unsupported => {
            return Err(Error::configuration(
                "MariaDB does not support a substring index; searches scan messages, newest first",
            ));
        }
        SearchIndexState::Unfinished => drop_index(connection)?,
        SearchIndexState::Absent => {}
    }
    match connection.engine() {
        Engine::Sqlite => {
            connection.transaction(|connection| connection.batch(SQLITE_CREATE, Effect::None))?;
        }
        Engine::PostgreSql => {
            let schema = trigrams::schema(connection)?;
            connection.batch(&postgresql_create(&schema), Effect::Commits)?;
            // Statistics make the planner use the index from the first search on. Autovacuum would
            // collect them later.
            connection.batch("ANALYZE messages", Effect::None)?;
        }
        Engine::MySql | Engine::MariaDb => {
            // Otherwise entries with the stopwords "a" or "i" would be missing.
            let sql = mysql_create(connection)?;
            connection.batch("SET SESSION innodb_ft_enable_stopword = 0", Effect::None)?;
            let created = connection.batch(&sql, Effect::Commits);
            connection.batch("SET SESSION innodb_ft_enable_stopword = DEFAULT", Effect::None)?;
            created?;
        }
    }
    Ok(true)
}

fn drop_index(connection: &mut Connection) -> Result<()> {
    match connection.engine() {
        Engine::Sqlite => {
            connection.transaction(|connection| connection.batch(SQLITE_DROP, Effect::None))
        }
        Engine::PostgreSql => {
            connection.batch("DROP INDEX CONCURRENTLY IF EXISTS messages_search", Effect::Commits)
        }
        Engine::MySql | Engine::MariaDb => {
            connection.batch("DROP INDEX messages_search ON messages", Effect::Commits)
        }
    }
}

/// Creates an index with case-sensitive entries of three characters. It stores only the ids of the
/// messages of each entry (`detail = none`); the texts stay in `messages`.
const SQLITE_CREATE: &str = "
    CREATE VIRTUAL TABLE messages_search USING fts5(user_message, bot_response,
        content = 'messages', content_rowid = 'id', tokenize = 'trigram case_sensitive 1',
        detail = none, columnsize = 0);
    INSERT INTO messages_search (messages_search) VALUES ('rebuild');
    CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN
        INSERT INTO messages_search (rowid, user_message, bot_response)
        VALUES (new.id, new.user_message, new.bot_response);
    END;
    CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
        INSERT INTO messages_search (messages_search, rowid, user_message, bot_response)
        VALUES ('delete', old.id, old.user_message, old.bot_response);
    END;
    CREATE TRIGGER messages_search_update
    AFTER UPDATE OF id, user_message, bot_response ON messages BEGIN
        INSERT INTO messages_search (messages_search, rowid, user_message, bot_response)
        VALUES ('delete', old.id, old.user_message, old.bot_response);
        INSERT INTO messages_search (rowid, user_message, bot_response)
        VALUES (new.id, new.user_message, new.bot_response);
    END;";

const SQLITE_DROP: &str = "
    DROP TRIGGER IF EXISTS messages_search_insert;
    DROP TRIGGER IF EXISTS messages_search_delete;
    DROP TRIGGER IF EXISTS messages_search_update;
    DROP TABLE IF EXISTS messages_search;";

/// Returns the statement. It qualifies the operator class with the extension's schema, which need
/// not be in the search path.
fn postgresql_create(schema: &str) -> String {
    format!(
        "CREATE INDEX CONCURRENTLY messages_search ON messages \
         USING gin (user_message {schema}.gin_trgm_ops, bot_response {schema}.gin_trgm_ops)"
    )
}

/// Returns the statement. Its comment records the current `ngram_token_size`.
fn mysql_create(connection: &mut Connection) -> Result<String> {
    let Session::MySql(session) = &mut connection.session else {
        return Err(Error::internal("ngram_token_size is only available on MySQL"));
    };
    let found = sql_query("SELECT CAST(@@ngram_token_size AS SIGNED) AS run")
        .get_result::<Found>(session.as_mut());
    let size = found.map_err(|error| connection.read_error(error))?.run;
    Ok(format!(
        "CREATE FULLTEXT INDEX messages_search ON messages (user_message, bot_response) \
         WITH PARSER ngram COMMENT 'ngram_token_size={size}'"
    ))
}
