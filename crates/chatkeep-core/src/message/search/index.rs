//! The search index: made and dropped by whoever runs the database, because it costs room and time at every message.

use std::time::Duration;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::fault::Effect;

/// A large log takes its time.
const BUILD_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether there is a search index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchIndexState {
    /// There is none: a search looks at every message, newest first, until its page is full.
    Absent,
    /// There is one, and searches use it.
    Ready,
    /// One is being built, or was given up in the middle of it. Searches do without.
    Unfinished,
    /// This engine has none: MariaDB.
    Unsupported,
}

impl SearchIndexState {
    /// `absent`, `ready`, `unfinished` or `unsupported`.
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
    #[diesel(sql_type = BigInt)]
    finished: i64,
}

/// Whether there is a search index.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn search_index_state(connection: &mut Connection) -> Result<SearchIndexState> {
    let sql = match connection.engine() {
        Engine::Sqlite => "SELECT 1 AS finished FROM sqlite_master WHERE name = 'messages_search'",
        Engine::PostgreSql => {
            "SELECT indisvalid::int::bigint AS finished FROM pg_index WHERE indexrelid = to_regclass('messages_search')"
        }
        Engine::MySql => {
            "SELECT 1 AS finished FROM information_schema.statistics WHERE table_schema = DATABASE() \
             AND table_name = 'messages' AND index_name = 'messages_search' LIMIT 1"
        }
        Engine::MariaDb => return Ok(SearchIndexState::Unsupported),
    };
    let found = on_engine!(connection, c => sql_query(sql).load::<Found>(c));
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(match found.first() {
        None => SearchIndexState::Absent,
        Some(Found { finished: 0 }) => SearchIndexState::Unfinished,
        Some(_) => SearchIndexState::Ready,
    })
}

/// Makes the index, from all messages that are there. False when it is there already.
///
/// PostgreSQL builds it while others write; SQLite and MySQL let others read, and have writers wait. It runs for as long as
/// it takes; afterwards the connection has this query timeout again.
///
/// # Errors
/// `Configuration` on MariaDB, which has no index for parts of words, and where the extension `pg_trgm` is missing or may
/// not be added; otherwise what the database says. Then there is no index.
pub fn create_search_index(connection: &mut Connection, query_timeout: Duration) -> Result<bool> {
    patiently(connection, query_timeout, create)
}

/// Drops the index. False when there was none. Afterwards the connection has this query timeout again.
///
/// # Errors
/// What the database says.
pub fn drop_search_index(connection: &mut Connection, query_timeout: Duration) -> Result<bool> {
    patiently(connection, query_timeout, |connection| match search_index_state(connection)? {
        SearchIndexState::Absent | SearchIndexState::Unsupported => Ok(false),
        SearchIndexState::Ready | SearchIndexState::Unfinished => drop_index(connection).map(|()| true),
    })
}

fn patiently(
    connection: &mut Connection,
    query_timeout: Duration,
    work: impl FnOnce(&mut Connection) -> Result<bool>,
) -> Result<bool> {
    connection.set_query_timeout(BUILD_TIMEOUT)?;
    let outcome = work(connection);
    // The connection goes back to others, who want their deadline.
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
                "MariaDB has no index for parts of words: searches look at every message, newest first",
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
            connection.batch("CREATE EXTENSION IF NOT EXISTS pg_trgm", Effect::None).map_err(|error| {
                Error::configuration(
                    "the index needs the extension pg_trgm; have it added with CREATE EXTENSION pg_trgm",
                )
                .with_source(error)
            })?;
            connection.batch(POSTGRESQL_CREATE, Effect::Commits)?;
            // So that the index is used from the first search on, and not from when the server comes round to it.
            connection.batch("ANALYZE messages", Effect::None)?;
        }
        Engine::MySql | Engine::MariaDb => {
            // Otherwise whatever holds an "a" or an "i" would be missing: they are stopwords.
            connection.batch("SET SESSION innodb_ft_enable_stopword = 0", Effect::None)?;
            let created = connection.batch(MYSQL_CREATE, Effect::Commits);
            connection.batch("SET SESSION innodb_ft_enable_stopword = DEFAULT", Effect::None)?;
            created?;
        }
    }
    Ok(true)
}

fn drop_index(connection: &mut Connection) -> Result<()> {
    match connection.engine() {
        Engine::Sqlite => connection.transaction(|connection| connection.batch(SQLITE_DROP, Effect::None)),
        Engine::PostgreSql => {
            connection.batch("DROP INDEX CONCURRENTLY IF EXISTS messages_search", Effect::Commits)
        }
        Engine::MySql | Engine::MariaDb => {
            connection.batch("DROP INDEX messages_search ON messages", Effect::Commits)
        }
    }
}

/// Three characters an entry, as they are written; nothing is known of them but which messages they are in. The texts
/// themselves stay in the log.
const SQLITE_CREATE: &str = "
    CREATE VIRTUAL TABLE messages_search USING fts5(user_message, bot_response,
        content = 'messages', content_rowid = 'id', tokenize = 'trigram case_sensitive 1', detail = none, columnsize = 0);
    INSERT INTO messages_search (messages_search) VALUES ('rebuild');
    CREATE TRIGGER messages_search_insert AFTER INSERT ON messages BEGIN
        INSERT INTO messages_search (rowid, user_message, bot_response)
        VALUES (new.id, new.user_message, new.bot_response);
    END;
    CREATE TRIGGER messages_search_delete AFTER DELETE ON messages BEGIN
        INSERT INTO messages_search (messages_search, rowid, user_message, bot_response)
        VALUES ('delete', old.id, old.user_message, old.bot_response);
    END;
    CREATE TRIGGER messages_search_update AFTER UPDATE OF id, user_message, bot_response ON messages BEGIN
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

const POSTGRESQL_CREATE: &str = "CREATE INDEX CONCURRENTLY messages_search ON messages \
     USING gin (user_message gin_trgm_ops, bot_response gin_trgm_ops)";

const MYSQL_CREATE: &str =
    "CREATE FULLTEXT INDEX messages_search ON messages (user_message, bot_response) WITH PARSER ngram";
