//! Inserts of a single message.

use diesel::RunQueryDsl;

use super::new::NewMessage;
use super::row::Row;
use super::turns::touch_conversations;
use crate::connection::{Connection, insert_one};
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
        None => insert_one!(connection, messages, log),
        Some(details) => insert_one!(connection, messages, (log, *details)),
    };
    id.map_err(|error| connection.insert_error(error))
}

/// Checks that this database can store the message.
pub(crate) fn check(connection: &Connection, message: &NewMessage) -> Result<()> {
    message.check()?;
    connection.max_row_bytes().map_or(Ok(()), |limit| message.check_size(limit))
}
