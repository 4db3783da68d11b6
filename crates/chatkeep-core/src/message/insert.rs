//! Inserts of a single message.

use diesel::{QueryResult, RunQueryDsl};

use super::new::NewMessage;
use super::row::Row;
use super::turns::touch_conversations;
use crate::connection::{Connection, Session, SqliteSession, all_stored, returned_id};
use crate::error::Result;
use crate::schema::messages;
use crate::value::Timestamp;

/// Stores one message in one statement, and returns its id after the commit. A turn of a
/// conversation needs a transaction.
///
/// # Errors
/// `InvalidInput` with the field's name, before anything is sent. `OutcomeUnknown` if the
/// connection breaks before the database confirms the commit.
pub fn insert(connection: &mut Connection, message: &NewMessage) -> Result<i64> {
    check(connection, message)?;
    let now = Timestamp::now();
    if message.is_turn {
        return connection.transaction(|connection| {
            touch_conversations(connection, std::slice::from_ref(message), now)?;
            insert_row(connection, message, now)
        });
    }
    insert_row(connection, message, now)
}

fn insert_row(connection: &mut Connection, message: &NewMessage, now: Timestamp) -> Result<i64> {
    let Row { log, details } = Row::new(message, now);
    let id = match details {
        None => insert_one!(connection, log),
        Some(details) => insert_one!(connection, (log, *details)),
    };
    id.map_err(|error| connection.insert_error(error))
}

/// Inserts the values of one row, and returns its id.
macro_rules! insert_one {
    ($connection:expr, $values:expr) => {{
        let insert = || diesel::insert_into(messages::table).values($values);
        match &mut $connection.session {
            Session::Sqlite(c) => {
                all_stored(insert().execute(c), 1).and_then(|()| last_inserted_id(c))
            }
            Session::PostgreSql(c) => {
                returned_id(insert().returning(messages::id).get_results(c.as_mut()))
            }
            Session::MySql(c) => {
                all_stored(insert().execute(c.as_mut()), 1).and_then(|()| c.first_insert_id())
            }
        }
    }};
}
use insert_one;

diesel::define_sql_function! {
    /// SQLite's built-in function.
    fn last_insert_rowid() -> BigInt;
}

/// Returns the id of the row that this connection inserted last.
pub(super) fn last_inserted_id(connection: &mut SqliteSession) -> QueryResult<i64> {
    diesel::select(last_insert_rowid()).get_result(connection)
}

/// Checks that this database can store the message.
pub(crate) fn check(connection: &Connection, message: &NewMessage) -> Result<()> {
    message.check()?;
    connection.max_row_bytes().map_or(Ok(()), |limit| message.check_size(limit))
}
