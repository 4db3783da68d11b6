//! The numbers that a table gives to new rows. Rows that bring their own leave them behind on PostgreSQL.

use diesel::sql_types::{BigInt, Nullable};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use crate::connection::{Connection, on_engine};
use crate::engine::Engine;
use crate::error::Result;
use crate::fault::Effect;

/// Whose ids are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdsOf {
    /// The message log's.
    Messages,
    /// The tokens'.
    Tokens,
}

impl IdsOf {
    /// The table's name.
    pub fn table(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Tokens => "api_tokens",
        }
    }
}

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

/// The smallest id that the next row can get, rows that are there included.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn next_id(connection: &mut Connection, ids: IdsOf) -> Result<i64> {
    let table = ids.table();
    let last = match connection.engine() {
        // The table of numbers is there as soon as one table has AUTOINCREMENT, as ours have.
        Engine::Sqlite => number(
            connection,
            &format!("SELECT seq AS number FROM sqlite_sequence WHERE name = '{table}'"),
        )?,
        Engine::PostgreSql => number(
            connection,
            &format!(
                "SELECT pg_sequence_last_value(pg_get_serial_sequence('{table}', 'id')::regclass) AS number"
            ),
        )?,
        engine @ (Engine::MySql | Engine::MariaDb) => {
            if engine == Engine::MySql {
                // What it tells of a table may otherwise be a day old.
                connection
                    .batch("SET SESSION information_schema_stats_expiry = 0", Effect::None)?;
            }
            let sql = format!(
                "SELECT CAST(AUTO_INCREMENT - 1 AS SIGNED) AS number FROM information_schema.TABLES \
                 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '{table}'"
            );
            number(connection, &sql)?
        }
    };
    let greatest = greatest_id(connection, ids)?;
    Ok(last.unwrap_or(0).max(greatest).saturating_add(1))
}

fn greatest_id(connection: &mut Connection, ids: IdsOf) -> Result<i64> {
    number(connection, &format!("SELECT max(id) AS number FROM {}", ids.table()))
        .map(|id| id.unwrap_or(0))
}

/// Sees to it that the next row gets this id or a greater one. It never takes numbers back. On MySQL and MariaDB it is
/// data definition, which commits by itself.
///
/// # Errors
/// What the database says.
pub fn set_next_id(connection: &mut Connection, ids: IdsOf, next: i64) -> Result<()> {
    let before = next_id(connection, ids)?;
    // PostgreSQL's numbers may lie behind the rows that are there.
    if next <= before && connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    let table = ids.table();
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

/// Sees to it that no id that is in use is given again, in a transaction that [holds writers off](super::hold_off_writers).
/// Only PostgreSQL does not see to that by itself.
///
/// # Errors
/// What the database says.
pub fn pass_ids_in_use(connection: &mut Connection, ids: IdsOf) -> Result<()> {
    if connection.engine() != Engine::PostgreSql {
        return Ok(());
    }
    let next = next_id(connection, ids)?;
    set_next_id(connection, ids, next)
}
