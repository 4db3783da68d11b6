//! Making room: a database that was half filled is emptied before it is filled anew.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::Result;
use crate::fault::Effect;
use crate::message::forget_totals;

use super::sequence::{IdsOf, next_id, set_next_id};

/// Deletes all messages, tokens and totals. The numbers for new rows go on where they were. On MySQL and MariaDB it is data
/// definition, which commits by itself; elsewhere it is part of the caller's transaction.
///
/// # Errors
/// What the database says.
pub fn empty(connection: &mut Connection) -> Result<()> {
    let next = [IdsOf::Messages, IdsOf::Tokens].map(|ids| (ids, next_id(connection, ids)));
    connection.batch(
        match connection.engine() {
            Engine::Sqlite => "DELETE FROM messages; DELETE FROM api_tokens",
            Engine::PostgreSql => "TRUNCATE messages, api_tokens",
            Engine::MySql | Engine::MariaDb => "TRUNCATE TABLE messages; TRUNCATE TABLE api_tokens",
        },
        Effect::None,
    )?;
    for (ids, next) in next {
        set_next_id(connection, ids, next?)?;
    }
    forget_totals(connection)
}

/// Keeps others from writing messages and tokens until the transaction ends, where ids could be given twice otherwise. On
/// SQLite every writing transaction does; MySQL and MariaDB give ids that no row has, whatever is going on.
///
/// # Errors
/// `Conflict` or `Unavailable` when another transaction goes on for too long.
pub fn hold_off_writers(connection: &mut Connection) -> Result<()> {
    if connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    connection.batch("LOCK TABLE messages, api_tokens IN SHARE ROW EXCLUSIVE MODE", Effect::None)
}
