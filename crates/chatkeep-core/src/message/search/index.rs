//! The search index: made and dropped by whoever runs the database, because it costs room and time at every message.

use std::time::Duration;

use diesel::sql_types::BigInt;
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::trigrams;
use crate::connection::{Connection, Session, on_engine};
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
    /// One is being built, or was given up in the middle of it, or was made under another `ngram_token_size` than MySQL has
    /// now. Searches do without.
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
    /// How many characters an entry has; 0 when the index is of no use.
    #[diesel(sql_type = BigInt)]
    run: i64,
}

/// The index as it is.
pub(super) struct Index {
    pub(super) state: SearchIndexState,
    /// How many characters an entry has.
    pub(super) run: usize,
}

/// Whether there is a search index.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn search_index_state(connection: &mut Connection) -> Result<SearchIndexState> {
    Ok(look(connection)?.state)
}

/// The index, and what can be asked of it.
pub(super) fn look(connection: &mut Connection) -> Result<Index> {
    let sql = match connection.engine() {
        Engine::Sqlite => "SELECT 3 AS run FROM sqlite_master WHERE name = 'messages_search'",
        // That of the table which the search path finds: another schema's may have one too.
        Engine::PostgreSql => {
            "SELECT indisvalid::int::bigint * 3 AS run FROM pg_index JOIN pg_class i ON i.oid = indexrelid \
             WHERE indrelid = to_regclass('messages') AND relname = 'messages_search'"
        }
        // The comment says under which size the index was made: entries of another size would not be found.
        Engine::MySql => {
            "SELECT CAST(IF(LEFT(index_comment, 17) = 'ngram_token_size=' \
             AND index_comment <> CONCAT('ngram_token_size=', @@ngram_token_size), 0, @@ngram_token_size) AS SIGNED) AS run \
             FROM information_schema.statistics WHERE table_schema = DATABASE() \
             AND table_name = 'messages' AND index_name = 'messages_search' LIMIT 1"
        }
        Engine::MariaDb => return Ok(Index { state: SearchIndexState::Unsupported, run: 0 }),
    };
    let found = on_engine!(connection, c => sql_query(sql).load::<Found>(c));
    let found = found.map_err(|error| connection.read_error(error))?;
    let run = found.first().map(|found| usize::try_from(found.run).unwrap_or(0));
    Ok(match run {
        None => Index { state: SearchIndexState::Absent, run: 0 },
        Some(0) => Index { state: SearchIndexState::Unfinished, run: 0 },
        Some(run) => Index { state: SearchIndexState::Ready, run },
    })
}

/// How many characters a text must have for the index to be asked; shorter ones are looked for in every message. `None` where
/// there is no index that is used.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn search_index_minimum(connection: &mut Connection) -> Result<Option<usize>> {
    let index = look(connection)?;
    Ok((index.state == SearchIndexState::Ready).then_some(index.run))
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
        SearchIndexState::Ready | SearchIndexState::Unfinished => {
            drop_index(connection).map(|()| true)
        }
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
            let schema = trigrams::schema(connection)?;
            connection.batch(&postgresql_create(&schema), Effect::Commits)?;
            // So that the index is used from the first search on, and not from when the server comes round to it.
            connection.batch("ANALYZE messages", Effect::None)?;
        }
        Engine::MySql | Engine::MariaDb => {
            // Otherwise whatever holds an "a" or an "i" would be missing: they are stopwords.
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

/// With the operators of the extension in this schema, which need not be in the search path.
fn postgresql_create(schema: &str) -> String {
    format!(
        "CREATE INDEX CONCURRENTLY messages_search ON messages \
         USING gin (user_message {schema}.gin_trgm_ops, bot_response {schema}.gin_trgm_ops)"
    )
}

/// With a comment that says under which size it was made.
fn mysql_create(connection: &mut Connection) -> Result<String> {
    let Session::MySql(session) = &mut connection.session else {
        return Err(Error::internal("only MySQL is asked for its ngram_token_size"));
    };
    let found = sql_query("SELECT CAST(@@ngram_token_size AS SIGNED) AS run")
        .get_result::<Found>(session.as_mut());
    let size = found.map_err(|error| connection.read_error(error))?.run;
    Ok(format!(
        "CREATE FULLTEXT INDEX messages_search ON messages (user_message, bot_response) WITH PARSER ngram \
         COMMENT 'ngram_token_size={size}'"
    ))
}
