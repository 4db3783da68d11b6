//! Running what is pending, once, however many programs start at the same moment.

use std::time::Duration;

use super::embedded::{Migration, all};
use super::history::{SchemaVersion, behind, create_table, newer, record, status};
use super::lock;
use crate::connection::{Connection, Session};
use crate::error::Result;
use crate::fault::Effect;
use crate::value::Timestamp;

/// Changing a large table takes as long as it takes.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes sure that the schema fits this program: looks without a lock, and runs what is pending if `auto_migrate` says so.
///
/// # Errors
/// `Schema` when the schema is newer than this program, or behind it with `auto_migrate` off.
pub fn ensure(connection: &mut Connection, auto_migrate: bool, query_timeout: Duration) -> Result<()> {
    let found = status(connection)?;
    match found.version() {
        SchemaVersion::Head => Ok(()),
        SchemaVersion::Newer => Err(newer(&found)),
        SchemaVersion::Behind(_) if auto_migrate => upgrade(connection, query_timeout).map(drop),
        SchemaVersion::Behind(_) => Err(behind(&found)),
    }
}

/// Runs all pending migrations, oldest first, and says which. Programs that come at the same time wait for each other;
/// all but the first find nothing to do.
///
/// # Errors
/// `Schema` when the schema is newer than this program, `Conflict` when another program holds the lock for too long, or
/// what the database says to a migration: then nothing of that migration stays.
pub fn upgrade(connection: &mut Connection, query_timeout: Duration) -> Result<Vec<String>> {
    let found = status(connection)?;
    match found.version() {
        SchemaVersion::Head => return Ok(Vec::new()),
        SchemaVersion::Newer => return Err(newer(&found)),
        SchemaVersion::Behind(_) => {}
    }
    let outcome = run(connection).inspect(|_| {
        // Messages of an older schema are not in the totals. Statistics are right all the same, only slower: no reason to fail.
        let _ = crate::message::catch_up(connection);
    });
    // The connection goes back to others, who want their deadline.
    if !connection.is_broken() {
        connection.set_query_timeout(query_timeout)?;
    }
    outcome
}

fn run(connection: &mut Connection) -> Result<Vec<String>> {
    match connection.session {
        // The transaction is the lock, and takes everything back when a migration fails.
        Session::Sqlite(_) => connection.transaction(run_pending),
        Session::PostgreSql(_) => lock::postgresql(connection, |connection| {
            connection.set_query_timeout(MIGRATION_TIMEOUT)?;
            run_pending(connection)
        }),
        Session::MySql(_) => lock::mysql(connection, |connection| {
            connection.set_query_timeout(MIGRATION_TIMEOUT)?;
            run_pending(connection)
        }),
    }
}

/// Under the lock the history is read again: another program may have run everything meanwhile.
fn run_pending(connection: &mut Connection) -> Result<Vec<String>> {
    create_table(connection)?;
    let found = status(connection)?;
    if found.version() == SchemaVersion::Newer {
        return Err(newer(&found));
    }
    let is_pending =
        |migration: &&Migration| found.pending.iter().any(|(version, _)| version == migration.version);
    let pending: Vec<_> = all(connection.engine()).iter().filter(is_pending).collect();
    for migration in &pending {
        let started = Timestamp::now();
        connection.batch(migration.up, Effect::None)?;
        record(connection, migration, started)?;
    }
    Ok(pending.into_iter().map(|migration| format!("{}_{}", migration.version, migration.name)).collect())
}
