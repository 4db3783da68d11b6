//! SQLite cannot change a column: the rows are set aside, the table is made anew, and the rows come back.

use super::{Known, refuse_rows};
use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::Result;
use crate::fault::Effect;
use crate::migrations::failpoint;
use crate::migrations::migration::Migration;
use crate::migrations::script::{Script, Way};

/// A moment as SQLAlchemy or `CURRENT_TIMESTAMP` writes it.
const MOMENT: &str =
    "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]:[0-9][0-9]";

/// That a column holds no moment, where it may be null or not.
fn no_moment(column: &str) -> String {
    format!(
        "{column} IS NOT NULL AND (typeof({column}) <> 'text' OR julianday({column}) IS NULL OR NOT ({column} GLOB '{MOMENT}' \
         OR {column} GLOB '{MOMENT}.[0-9]*' AND substr({column}, 21) NOT GLOB '*[^0-9]*' AND length({column}) <= 26))"
    )
}

/// The moment as ours stores it, with six digits.
fn moment(column: &str) -> String {
    format!(
        "replace(substr({column}, 1, 19), 'T', ' ') || '.' || substr(substr({column}, 21) || '000000', 1, 6)"
    )
}

fn no_text(column: &str, most: Option<usize>) -> String {
    let longer = most.map(|most| format!(" OR length({column}) > {most}")).unwrap_or_default();
    format!(
        "{column} IS NOT NULL AND (typeof({column}) <> 'text' OR instr({column}, char(0)) > 0{longer})"
    )
}

pub(super) fn take(
    connection: &mut Connection,
    known: &Known,
    migration: &Migration,
) -> Result<Vec<String>> {
    let table = known.table;
    let (faults, columns) = if table == "messages" { messages() } else { tokens() };
    let faults: Vec<_> =
        faults.iter().map(|(what, condition)| (*what, condition.as_str())).collect();
    refuse_rows(connection, table, &faults)?;
    let aside = format!("chatkeep_adopted_{table}");
    connection.batch(
        &format!("CREATE TABLE {aside} AS SELECT * FROM {table}; DROP TABLE {table}"),
        Effect::None,
    )?;
    for statement in Script::read(Engine::Sqlite, migration, Way::Up)?.statements {
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
        "is made anew as chatkeep's, with all rows and their ids".to_owned(),
        "moments get six digits, a metadata of null becomes none".to_owned(),
    ])
}

type Plan = (Vec<(&'static str, String)>, Vec<(&'static str, String)>);

fn messages() -> Plan {
    let is_wrong_json = "metadata IS NOT NULL AND (typeof(metadata) <> 'text' OR NOT json_valid(metadata) OR \
                         json_type(CASE WHEN json_valid(metadata) THEN metadata ELSE '{}' END) NOT IN ('object', 'null'))";
    let faults = vec![
        ("timestamp is missing", "timestamp IS NULL".to_owned()),
        ("timestamp is no moment", no_moment("timestamp")),
        ("user_message is missing", "user_message IS NULL".to_owned()),
        ("user_message is no text", no_text("user_message", None)),
        ("bot_response is no text", no_text("bot_response", None)),
        ("provider is no text of at most 50 characters", no_text("provider", Some(50))),
        ("model is no text of at most 100 characters", no_text("model", Some(100))),
        (
            "tokens_used is no integer",
            "tokens_used IS NOT NULL AND typeof(tokens_used) <> 'integer'".to_owned(),
        ),
        ("metadata is no JSON object", is_wrong_json.to_owned()),
    ];
    let plain = ["user_message", "bot_response", "provider", "model", "tokens_used"]
        .map(|name| (name, name.to_owned()));
    let mut columns = vec![("id", "id".to_owned()), ("timestamp", moment("timestamp"))];
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
            "token_hash is no SHA-256 in hexadecimal digits",
            "token_hash IS NULL OR length(token_hash) <> 64 OR lower(token_hash) GLOB '*[^0-9a-f]*'"
                .to_owned(),
        ),
        ("description is no text of at most 255 characters", no_text("description", Some(255))),
        ("created_at is missing", "created_at IS NULL".to_owned()),
        ("created_at is no moment", no_moment("created_at")),
        ("expires_at is no moment", no_moment("expires_at")),
        ("last_used_at is no moment", no_moment("last_used_at")),
        ("is_active is neither true nor false", "is_active IS NULL OR is_active NOT IN (0, 1)".to_owned()),
    ];
    let columns = vec![
        ("id", "id".to_owned()),
        ("token_hash", "lower(token_hash)".to_owned()),
        ("description", "coalesce(description, '')".to_owned()),
        ("created_at", moment("created_at")),
        ("expires_at", moment("expires_at")),
        ("is_active", "is_active".to_owned()),
        ("last_used_at", moment("last_used_at")),
    ];
    (faults, columns)
}
