//! Inserts of a single message.

use diesel::RunQueryDsl;

use super::insert_many::insert_chunk;
use super::new::NewMessage;
use super::row::Row;
use super::turns::{activity_of, touch_conversations};
use crate::connection::{Connection, insert_one};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::schema::messages;
use crate::value::Timestamp;

/// Stores one message, and returns its id after the commit.
///
/// # Errors
/// `InvalidInput` with the field's name, before anything is sent. `OutcomeUnknown` if the
/// connection breaks before the database confirms the commit.
pub fn insert(connection: &mut Connection, message: &NewMessage) -> Result<i64> {
    check(connection, message)?;
    let now = Timestamp::now();
    if !message.is_turn {
        return insert_row(connection, message, now);
    }
    let messages = std::slice::from_ref(message);
    if connection.engine() == Engine::PostgreSql {
        // One statement is a transaction of its own. This saves three round trips.
        let activity = activity_of(messages, now);
        let ids = insert_chunk(connection, &[Row::new(message, now)], &activity)?;
        return ids.first().copied().ok_or_else(|| Error::internal("no id was returned"));
    }
    connection.transaction(|connection| {
        touch_conversations(connection, messages, now)?;
        insert_row(connection, message, now)
    })
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
