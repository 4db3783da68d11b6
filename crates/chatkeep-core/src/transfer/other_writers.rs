//! Rows that bring their ids, while other programs store rows that get theirs from the database.
//!
//! No id may be given twice, and no message of another program may fail for it. SQLite has one writer. On PostgreSQL
//! others are held off until the transaction ends. On MySQL and MariaDB a lock on a table ends a transaction; there the ids
//! of the rows that are to come are taken out of the database's count before it begins, and others go on writing.

use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{ErrorKind, Result};
use crate::fault::Effect;

use super::sequence::{IdsOf, next_id};

/// How long MySQL waits for transactions that use the table. All that come later wait behind it.
const WAIT_SECONDS: u32 = 10;

/// Keeps other programs from writing messages and tokens until the transaction ends, which the caller has opened. On MySQL
/// and MariaDB it does nothing: see [`reserve_ids`].
///
/// # Errors
/// `Conflict` or `Unavailable` when another transaction goes on for too long.
pub fn hold_off_writers(connection: &mut Connection) -> Result<()> {
    if connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    connection.batch("LOCK TABLE messages, api_tokens IN SHARE ROW EXCLUSIVE MODE", Effect::None)
}

/// Whether [`hold_off_writers`] holds them off. Where it does not, new rows that keep no id of their own must leave it to the
/// database to give them one.
pub fn are_writers_held_off(connection: &Connection) -> bool {
    !matches!(connection.engine(), Engine::MySql | Engine::MariaDb)
}

/// Sees to it, on MySQL and MariaDB, that other programs get no id up to this one any more, and waits until rows that they
/// have begun to store with such an id are there or given up. It is data definition, which commits by itself: call it
/// before the transaction. Elsewhere it does nothing.
///
/// # Errors
/// `Conflict` when another transaction uses the table for more than 10 s.
pub fn reserve_ids(connection: &mut Connection, ids: IdsOf, greatest: i64) -> Result<()> {
    if are_writers_held_off(connection) {
        return Ok(());
    }
    let next = next_id(connection, ids)?.max(greatest.saturating_add(1));
    connection.batch(
        &format!(
            "SET @chatkeep_lock_wait = @@SESSION.lock_wait_timeout; SET SESSION lock_wait_timeout = {WAIT_SECONDS}"
        ),
        Effect::None,
    )?;
    let table = ids.table();
    let reserved =
        connection.batch(&format!("ALTER TABLE {table} AUTO_INCREMENT = {next}"), Effect::None);
    if !connection.is_broken() {
        connection.batch("SET SESSION lock_wait_timeout = @chatkeep_lock_wait", Effect::None)?;
    }
    match reserved {
        // An account that may not change tables: an id that is given twice is then an error of one of both, and nothing
        // worse.
        Err(error) if error.kind() == ErrorKind::Configuration => Ok(()),
        reserved => reserved,
    }
}
