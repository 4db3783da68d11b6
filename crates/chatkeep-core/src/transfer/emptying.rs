//! A database that was half filled is emptied before it is filled again.

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
