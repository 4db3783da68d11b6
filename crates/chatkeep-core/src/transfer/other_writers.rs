//! Insertion of rows with explicit ids while other programs store rows with generated ids.
//!
//! No id may be assigned twice, and no insert of another program may fail. SQLite has a single
//! writer. On PostgreSQL, other writers are blocked until the transaction ends. On MySQL and
//! MariaDB, locking a table would end the transaction. There, the ids are reserved before the
//! transaction begins, and other programs keep writing.

use crate::connection::Connection;
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::{ErrorKind, Result};

use super::sequence::next_id;

/// Maximum time for which MySQL waits for transactions that use the table. During the wait, all
/// later transactions wait as well.
const WAIT_SECONDS: u32 = 10;

/// Prevents other programs from writing messages and tokens until the caller's transaction ends.
/// Has no effect on MySQL and MariaDB: see [`reserve_ids`].
///
/// # Errors
/// `Conflict` or `Unavailable` when another transaction takes too long.
pub fn block_writers(connection: &mut Connection) -> Result<()> {
    if connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    connection.batch("LOCK TABLE messages, api_tokens IN SHARE ROW EXCLUSIVE MODE", Effect::None)
}

/// Returns whether [`block_writers`] has an effect. Otherwise, the database must assign the ids of
/// rows that have no explicit id.
pub fn are_writers_blocked(connection: &Connection) -> bool {
    !matches!(connection.engine(), Engine::MySql | Engine::MariaDb)
}

/// Reserves all ids of a table up to `greatest` on MySQL and MariaDB. Has no effect on the other
/// engines.
///
/// It waits until transactions that store rows with such ids have ended; later rows get greater
/// ids. It uses DDL, which commits implicitly, so call it before the transaction.
///
/// # Errors
/// `Conflict` when another transaction uses the table for more than 10 s.
pub fn reserve_ids(connection: &mut Connection, table: &'static str, greatest: i64) -> Result<()> {
    if are_writers_blocked(connection) {
        return Ok(());
    }
    let next = next_id(connection, table)?.max(greatest.saturating_add(1));
    connection.batch(
        &format!(
            "SET @chatkeep_lock_wait = @@SESSION.lock_wait_timeout; \
             SET SESSION lock_wait_timeout = {WAIT_SECONDS}"
        ),
        Effect::None,
    )?;
    let reserved =
        connection.batch(&format!("ALTER TABLE {table} AUTO_INCREMENT = {next}"), Effect::None);
    if !connection.is_broken() {
        connection.batch("SET SESSION lock_wait_timeout = @chatkeep_lock_wait", Effect::None)?;
    }
    match reserved {
        // The account may not alter tables. If an id is then assigned twice, one of the two inserts
        // fails, and no data is corrupted.
        Err(error) if error.kind() == ErrorKind::Configuration => Ok(()),
        reserved => reserved,
    }
}
