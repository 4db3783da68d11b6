//! rusqlite with its cache of prepared statements. As is usual, callers share one connection in a
//! mutex, because SQLite allows only one writer at a time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::rusqlite::{Connection, Row as SqliteRow, params};
use chatkeep_bench_protocol::{
    Competitor, Conversation, Outcome, Path, Ready, Result, Row, Setup, run_threads,
};

use super::{current_time, ensure, linked, stored_hash};

const INSERT: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const PAGE: &str = "SELECT id, timestamp, user_message, bot_response, provider, model, \
    tokens_used, metadata \
     FROM messages ORDER BY timestamp DESC, id DESC LIMIT ?1";
const VERIFY: &str = "SELECT is_active, expires_at FROM api_tokens WHERE token_hash = ?1";
const INSERT_TURN: &str = "INSERT INTO messages (timestamp, user_message, bot_response, provider, \
    model, tokens_used, metadata, conversation_id, user_id) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const MOVE: &str = "UPDATE chat_conversations SET last_message_at = ?1 WHERE id = ?2";
const SESSION: &str = "SELECT u.active, s.expires_at FROM user_sessions s \
     JOIN chat_users u ON u.id = s.user_id \
     WHERE s.token_hash = ?1 AND s.revoked_at IS NULL AND s.user_stamp = u.stamp";

pub(super) struct Rusqlite {
    connection: Mutex<Connection>,
    setup: Setup,
    /// One caller commits as many rows at a time as there would be callers, which is the limit of
    /// shared commits.
    groups: bool,
}

impl Rusqlite {
    pub(super) fn open(setup: &Setup, groups: bool) -> Result<Self> {
        let connection = Connection::open(&setup.file)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(Self { connection: Mutex::new(connection), setup: setup.clone(), groups })
    }
}

impl Competitor for Rusqlite {
    fn ready(&mut self) -> Result<Ready> {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let journal: String =
            connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        let synchronous: i64 =
            connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
        Ok(Ready {
            versions: BTreeMap::from([
                ("rusqlite".to_owned(), linked("rusqlite")),
                ("sqlite".to_owned(), ::rusqlite::version().to_owned()),
            ]),
            durability: BTreeMap::from([
                ("journal_mode".to_owned(), journal),
                ("synchronous".to_owned(), synchronous.to_string()),
            ]),
        })
    }

    fn round(&mut self, length: Duration) -> Result<Outcome> {
        let setup = &self.setup;
        let callers = if self.groups { 1 } else { setup.callers };
        let mut handles: Vec<usize> = (0..callers).collect();
        run_threads(&mut handles, length, |next, tally| {
            let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
            match setup.path {
                Path::Log if self.groups => {
                    tally.stored(insert_many(&mut connection, &setup.row, setup.callers)?);
                }
                Path::Log => tally.stored([insert(&connection, &setup.row)?]),
                Path::Bulk => tally.stored(insert_many(&mut connection, &setup.row, setup.batch)?),
                Path::Page => tally.completed(page(&connection, setup.page)?),
                Path::Verify => {
                    *next = (*next + 1) % setup.tokens.len();
                    let valid = verify(&connection, &stored_hash(&setup.tokens[*next]))?;
                    ensure(valid, "a valid token was rejected")?;
                    tally.completed(1);
                }
                Path::Turn => {
                    let conversation = &setup.conversations[*next];
                    tally.stored([turn(&mut connection, &setup.row, conversation)?]);
                }
                Path::Session => {
                    *next = (*next + 1) % setup.sessions.len();
                    let hash = stored_hash(&setup.sessions[*next]);
                    let valid = is_valid(&connection, SESSION, &hash)?;
                    ensure(valid, "a valid session was rejected")?;
                    tally.completed(1);
                }
            }
            Ok(())
        })
    }
}

/// Inserts a row as in the documentation of rusqlite. A `RETURNING` clause read with `query_row`
/// would be reset before it is done. Then SQLite would never checkpoint automatically: the log
/// would grow without limit, and commits would slow down.
pub(crate) fn insert(connection: &Connection, row: &Row) -> Result<i64> {
    let mut statement = connection.prepare_cached(INSERT)?;
    let values = params![
        current_time(),
        row.user_message,
        row.bot_response,
        row.provider,
        row.model,
        row.tokens_used,
        row.metadata
    ];
    statement.execute(values)?;
    Ok(connection.last_insert_rowid())
}

fn insert_many(connection: &mut Connection, row: &Row, count: usize) -> Result<Vec<i64>> {
    let transaction = connection.transaction()?;
    let ids = (0..count).map(|_| insert(&transaction, row)).collect::<Result<_>>()?;
    transaction.commit()?;
    Ok(ids)
}

fn turn(connection: &mut Connection, row: &Row, conversation: &Conversation) -> Result<i64> {
    let transaction = connection.transaction()?;
    let now = current_time();
    let values = params![
        now,
        row.user_message,
        row.bot_response,
        row.provider,
        row.model,
        row.tokens_used,
        row.metadata,
        conversation.id,
        conversation.user_id
    ];
    transaction.prepare_cached(INSERT_TURN)?.execute(values)?;
    let id = transaction.last_insert_rowid();
    transaction.prepare_cached(MOVE)?.execute(params![now, conversation.id])?;
    transaction.commit()?;
    Ok(id)
}

pub(crate) fn verify(connection: &Connection, hash: &str) -> Result<bool> {
    is_valid(connection, VERIFY, hash)
}

/// Runs a query that returns whether a token or a user is active, and the expiry.
fn is_valid(connection: &Connection, sql: &str, hash: &str) -> Result<bool> {
    let mut statement = connection.prepare_cached(sql)?;
    let (active, expires): (bool, Option<String>) =
        statement.query_row([hash], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(active && expires.is_none_or(|end| current_time() < end))
}

type Message = (
    i64,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
);

fn page(connection: &Connection, size: usize) -> Result<usize> {
    let mut statement = connection.prepare_cached(PAGE)?;
    let read = |row: &SqliteRow<'_>| -> ::rusqlite::Result<Message> {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get(2)?,
            row.get(3)?,
            row.get(4)?,
            row.get(5)?,
            row.get(6)?,
            row.get(7)?,
        ))
    };
    let mut page: Vec<(Message, serde_json::Value)> = Vec::with_capacity(size);
    for message in statement.query_map([i64::try_from(size)?], read)? {
        let message = message?;
        let metadata = serde_json::from_str(message.7.as_deref().unwrap_or("null"))?;
        page.push((message, metadata));
    }
    ensure(page[0].1.is_object(), "the page has no metadata")?;
    Ok(std::hint::black_box(page).len())
}
