//! Inserts of a single message.

use diesel::RunQueryDsl;

use super::insert_many::insert_checked;
use super::new::NewMessage;
use super::row::Row;
use crate::connection::{Connection, insert_one};
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
    if !message.is_turn {
        return insert_row(connection, message, Timestamp::now());
    }
    let ids = insert_checked(connection, std::slice::from_ref(message))?;
    ids.first().copied().ok_or_else(|| Error::internal("no id was returned"))
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
