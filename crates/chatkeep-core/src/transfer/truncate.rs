//! Deletion of all rows, before a partly filled database is filled again.

use crate::connection::Connection;
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::Result;
use crate::message::reset_totals;

use super::sequence::{IdsOf, next_id, set_next_id};

/// Deletes all messages, tokens and totals. The id sequences continue. On MySQL and MariaDB it uses
/// DDL statements, which commit implicitly. On the other engines it is part of the caller's
/// transaction.
///
/// # Errors
/// The database's error.
pub fn truncate(connection: &mut Connection) -> Result<()> {
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
    reset_totals(connection)
}
