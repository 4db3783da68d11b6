//! The sequences of generated ids. On PostgreSQL, rows with explicit ids do not advance the
//! sequence.

use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, on_engine};
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::Result;

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    number: Option<i64>,
}

fn number(connection: &mut Connection, sql: &str) -> Result<Option<i64>> {
    let rows = on_engine!(connection, c => sql_query(sql).load::<Number>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.first().and_then(|row| row.number))
}

/// Returns the smallest id that the next row of a table can get. It is above the ids of all stored
/// rows.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not respond.
pub fn next_id(connection: &mut Connection, table: &'static str) -> Result<i64> {
    let last = match connection.engine() {
        // SQLite creates `sqlite_sequence` with the first AUTOINCREMENT table, so it exists.
        Engine::Sqlite => number(
            connection,
            &format!("SELECT seq AS number FROM sqlite_sequence WHERE name = '{table}'"),
        )?,
        Engine::PostgreSql => number(
            connection,
            &format!(
                "SELECT pg_sequence_last_value(\
                 pg_get_serial_sequence('{table}', 'id')::regclass) AS number"
            ),
        )?,
        engine @ (Engine::MySql | Engine::MariaDb) => {
            if engine == Engine::MySql {
                // Otherwise MySQL returns cached table statistics, which can be a day old.
                connection
                    .batch("SET SESSION information_schema_stats_expiry = 0", Effect::None)?;
            }
            let sql = format!(
                "SELECT CAST(AUTO_INCREMENT - 1 AS SIGNED) AS number \
                 FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'"
            );
            number(connection, &sql)?
        }
    };
    let greatest = greatest_id(connection, table)?;
    Ok(last.unwrap_or(0).max(greatest).saturating_add(1))
}

fn greatest_id(connection: &mut Connection, table: &'static str) -> Result<i64> {
    number(connection, &format!("SELECT max(id) AS number FROM {table}")).map(|id| id.unwrap_or(0))
}

/// Ensures that the next row of a table gets an id of at least `next`. It never decreases the
/// sequence. On MySQL and MariaDB it uses DDL, which commits implicitly.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn set_next_id(connection: &mut Connection, table: &'static str, next: i64) -> Result<()> {
    let before = next_id(connection, table)?;
    // PostgreSQL's sequence may be below the greatest id in the table.
    if next <= before && connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    let last = next.max(before) - 1;
    if last < 1 {
        return Ok(());
    }
    match connection.engine() {
        Engine::Sqlite => connection.batch(
            &format!(
                "UPDATE sqlite_sequence SET seq = {last} WHERE name = '{table}'; \
                 INSERT INTO sqlite_sequence (name, seq) SELECT '{table}', {last} \
                 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '{table}')"
            ),
            Effect::None,
        ),
        Engine::PostgreSql => {
            number(
                connection,
                &format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last}) AS number"
                ),
            )?;
            Ok(())
        }
        Engine::MySql | Engine::MariaDb => connection
            .batch(&format!("ALTER TABLE {table} AUTO_INCREMENT = {}", last + 1), Effect::None),
    }
}

/// Advances the sequence of a table beyond all ids in use, in a transaction that
/// [blocks writers](super::block_writers). Only PostgreSQL needs this; the other engines do it
/// automatically.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database.
pub fn skip_ids_in_use(connection: &mut Connection, table: &'static str) -> Result<()> {
    if connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    let next = next_id(connection, table)?;
    set_next_id(connection, table, next)
}
