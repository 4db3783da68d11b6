//! Adoption on SQLite, which cannot change columns: the rows are copied to a temporary table, the
//! table is recreated, and the rows are inserted again.

use super::{AdoptableTable, refuse_rows};
use crate::connection::Connection;
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::Result;
use crate::migrations::failpoint;
use crate::migrations::migration::Migration;
use crate::migrations::script::{Direction, Script};

/// GLOB pattern of a timestamp written by SQLAlchemy or `CURRENT_TIMESTAMP`.
const TIMESTAMP: &str =
    "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]";

/// Returns the condition that a column is neither null nor a timestamp.
fn not_timestamp(column: &str) -> String {
    format!(
        "{column} IS NOT NULL AND (typeof({column}) <> 'text' OR julianday({column}) IS NULL \
         OR NOT ({column} GLOB '{TIMESTAMP}' OR {column} GLOB '{TIMESTAMP}.[0-9]*' \
         AND substr({column}, 21) NOT GLOB '*[^0-9]*' AND length({column}) <= 26))"
    )
}

/// Returns the expression of a timestamp in chatkeep's format, with six digits after the second.
fn timestamp(column: &str) -> String {
    format!(
        "replace(substr({column}, 1, 19), 'T', ' ') || '.' || \
         substr(substr({column}, 21) || '000000', 1, 6)"
    )
}

/// Returns the condition that a column is neither null nor a text of at most `limit` characters.
fn not_text(column: &str, limit: Option<usize>) -> String {
    let longer = limit.map(|limit| format!(" OR length({column}) > {limit}")).unwrap_or_default();
    format!(
        "{column} IS NOT NULL AND \
         (typeof({column}) <> 'text' OR instr({column}, char(0)) > 0{longer})"
    )
}

pub(super) fn convert(
    connection: &mut Connection,
    adoptable: &AdoptableTable,
    migration: &Migration,
) -> Result<Vec<String>> {
    let table = adoptable.table;
    let (faults, columns) = if table == "messages" { messages() } else { tokens() };
    let faults: Vec<_> =
        faults.iter().map(|(fault, condition)| (*fault, condition.as_str())).collect();
    refuse_rows(connection, table, &faults)?;
    let aside = format!("chatkeep_adopted_{table}");
    connection.batch(
        &format!("CREATE TABLE {aside} AS SELECT * FROM {table}; DROP TABLE {table}"),
        Effect::None,
    )?;
    for statement in Script::read(Engine::Sqlite, migration, Direction::Up)?.statements {
        connection.batch(&statement.text, Effect::None)?;
    }
    failpoint::pass();
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let values: Vec<_> = columns.iter().map(|(_, value)| value.as_str()).collect();
    connection.batch(
        &format!(
            "INSERT INTO {table} ({}) SELECT {} FROM {aside} ORDER BY id; DROP TABLE {aside}",
            names.join(", "),
            values.join(", ")
        ),
        Effect::None,
    )?;
    Ok(vec![
        "is recreated with chatkeep's definition, all rows and their ids".to_owned(),
        "timestamps get six digits; metadata of JSON null becomes NULL".to_owned(),
    ])
}

type Plan = (Vec<(&'static str, String)>, Vec<(&'static str, String)>);

fn messages() -> Plan {
    let not_object = "metadata IS NOT NULL AND (typeof(metadata) <> 'text' \
                      OR NOT json_valid(metadata) \
                      OR json_type(CASE WHEN json_valid(metadata) THEN metadata ELSE '{}' END) \
                      NOT IN ('object', 'null'))";
    let faults = vec![
        ("timestamp is missing", "timestamp IS NULL".to_owned()),
        ("timestamp is invalid", not_timestamp("timestamp")),
        ("user_message is missing", "user_message IS NULL".to_owned()),
        ("user_message is not a text", not_text("user_message", None)),
        ("bot_response is not a text", not_text("bot_response", None)),
        ("provider is not a text of at most 50 characters", not_text("provider", Some(50))),
        ("model is not a text of at most 100 characters", not_text("model", Some(100))),
        (
            "tokens_used is not an integer",
            "tokens_used IS NOT NULL AND typeof(tokens_used) <> 'integer'".to_owned(),
        ),
        ("metadata is not a JSON object", not_object.to_owned()),
    ];
    let plain = ["user_message", "bot_response", "provider", "model", "tokens_used"]
        .map(|name| (name, name.to_owned()));
    let mut columns = vec![("id", "id".to_owned()), ("timestamp", timestamp("timestamp"))];
    columns.extend(plain);
    columns.push((
        "metadata",
        "CASE WHEN json_type(metadata) = 'null' THEN NULL ELSE metadata END".to_owned(),
    ));
    (faults, columns)
}

fn tokens() -> Plan {
    let faults = vec![
        (
            "token_hash is not a SHA-256 in hexadecimal digits",
            "token_hash IS NULL OR length(token_hash) <> 64 OR lower(token_hash) GLOB '*[^0-9a-f]*'"
                .to_owned(),
        ),
        ("description is not a text of at most 255 characters", not_text("description", Some(255))),
        ("created_at is missing", "created_at IS NULL".to_owned()),
        ("created_at is invalid", not_timestamp("created_at")),
        ("expires_at is invalid", not_timestamp("expires_at")),
        ("last_used_at is invalid", not_timestamp("last_used_at")),
        (
            "is_active is neither true nor false",
            "is_active IS NULL OR is_active NOT IN (0, 1)".to_owned(),
        ),
    ];
    let columns = vec![
        ("id", "id".to_owned()),
        ("token_hash", "lower(token_hash)".to_owned()),
        ("description", "coalesce(description, '')".to_owned()),
        ("created_at", timestamp("created_at")),
        ("expires_at", timestamp("expires_at")),
        ("is_active", "is_active".to_owned()),
        ("last_used_at", timestamp("last_used_at")),
    ];
    (faults, columns)
}
