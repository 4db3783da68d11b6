//! Adoption on PostgreSQL, which changes columns in place.

use super::{cells, refuse_rows};
use crate::connection::Connection;
use crate::db_error::Effect;
use crate::error::Result;
use crate::migrations::failpoint;

/// A column's name, its required type, and whether it may be null.
type Column = (&'static str, &'static str, bool);

const MESSAGES: &[Column] = &[
    ("id", "bigint", false),
    ("timestamp", "timestamp(6) without time zone", false),
    ("user_message", "text", false),
    ("bot_response", "text", true),
    ("provider", "character varying(50)", true),
    ("model", "character varying(100)", true),
    ("tokens_used", "bigint", true),
    ("metadata", "jsonb", true),
];

const TOKENS: &[Column] = &[
    ("id", "bigint", false),
    ("token_hash", "character(64)", false),
    ("description", "character varying(255)", false),
    ("created_at", "timestamp(6) without time zone", false),
    ("expires_at", "timestamp(6) without time zone", true),
    ("is_active", "boolean", false),
    ("last_used_at", "timestamp(6) without time zone", true),
];

const MESSAGE_FAULTS: &[(&str, &str)] = &[
    ("timestamp is missing", "timestamp IS NULL"),
    ("user_message is missing", "user_message IS NULL"),
    ("provider is longer than 50 characters", "length(provider) > 50"),
    ("model is longer than 100 characters", "length(model) > 100"),
    (
        "metadata is not a JSON object",
        "metadata IS NOT NULL AND jsonb_typeof(metadata::jsonb) NOT IN ('object', 'null')",
    ),
];

const TOKEN_FAULTS: &[(&str, &str)] = &[
    (
        "token_hash is not a SHA-256 in hexadecimal digits",
        "token_hash IS NULL OR token_hash !~ '^[0-9A-Fa-f]{64}$'",
    ),
    ("description is longer than 255 characters", "length(description) > 255"),
    ("created_at is missing", "created_at IS NULL"),
    ("is_active is missing", "is_active IS NULL"),
];

pub(super) fn convert(connection: &mut Connection, table: &str) -> Result<Vec<String>> {
    let is_messages = table == "messages";
    let (columns, faults) =
        if is_messages { (MESSAGES, MESSAGE_FAULTS) } else { (TOKENS, TOKEN_FAULTS) };
    // No rows can be written between the check and the conversion.
    connection.batch(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"), Effect::None)?;
    refuse_rows(connection, table, faults)?;
    let mut changes = Vec::new();
    let mut run = |connection: &mut Connection, sql: String, description: String| {
        failpoint::pass();
        connection.batch(&sql, Effect::None)?;
        changes.push(description);
        Ok::<_, crate::Error>(())
    };
    drop_indexes(connection, table, &mut run)?;
    let sequences = format!(
        "SELECT d.objid::regclass::text AS cell
         FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S'
         WHERE d.refobjid = '{table}'::regclass AND d.deptype = 'a'"
    );
    let sequences = cells(connection, &sequences)?;
    for (name, required, may_be_null) in columns {
        change_column(connection, table, (name, required, *may_be_null), &mut run)?;
    }
    for sequence in sequences {
        run(
            connection,
            format!("DROP SEQUENCE {sequence}"),
            format!("drops the sequence {sequence}"),
        )?;
    }
    make_identity(connection, table, &mut run)?;
    let additions = if is_messages {
        format!(
            "UPDATE {table} SET metadata = NULL WHERE metadata = 'null'::jsonb;
             CREATE INDEX messages_timestamp_id ON messages (timestamp, id);
             CREATE INDEX messages_provider_timestamp_id ON messages (provider, timestamp, id)"
        )
    } else {
        "UPDATE api_tokens SET token_hash = lower(token_hash);
         ALTER TABLE api_tokens ADD COLUMN token_start VARCHAR(16) NULL;
         ALTER TABLE api_tokens ALTER COLUMN is_active SET DEFAULT TRUE;
         ALTER TABLE api_tokens ADD UNIQUE (token_hash)"
            .to_owned()
    };
    let description = if is_messages {
        "gets chatkeep's indexes"
    } else {
        "gets the column token_start and one index on token_hash"
    };
    run(connection, additions, description.to_owned())?;
    Ok(changes)
}

type Run<'a> = &'a mut dyn FnMut(&mut Connection, String, String) -> Result<()>;

/// Drops all unique constraints and indexes but the primary key. The final comparison checks the
/// primary key's name.
fn drop_indexes(connection: &mut Connection, table: &str, run: Run<'_>) -> Result<()> {
    let constraints = cells(
        connection,
        &format!(
            "SELECT quote_ident(conname) AS cell FROM pg_constraint
             WHERE conrelid = '{table}'::regclass AND contype = 'u'"
        ),
    )?;
    for name in constraints {
        run(
            connection,
            format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
            format!("drops the constraint {name}"),
        )?;
    }
    let indexes = cells(
        connection,
        &format!(
            "SELECT indexrelid::regclass::text AS cell FROM pg_index
             WHERE indrelid = '{table}'::regclass AND NOT indisprimary"
        ),
    )?;
    for name in indexes {
        run(connection, format!("DROP INDEX {name}"), format!("drops the index {name}"))?;
    }
    Ok(())
}

fn change_column(
    connection: &mut Connection,
    table: &str,
    (name, required, may_be_null): Column,
    run: Run<'_>,
) -> Result<()> {
    let found = cells(
        connection,
        &format!(
            "SELECT format_type(atttypid, atttypmod)
             || CASE WHEN attnotnull THEN '!' ELSE '' END AS cell FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname = '{name}' AND NOT attisdropped"
        ),
    )?;
    let found = found.first().map(String::as_str).unwrap_or_default();
    let (is, is_not_null) = (found.trim_end_matches('!'), found.ends_with('!'));
    connection
        .batch(&format!("ALTER TABLE {table} ALTER COLUMN {name} DROP DEFAULT"), Effect::None)?;
    if is != required {
        // The new column has no time zone; its timestamps are in UTC.
        let value = if is.contains("with time zone") {
            format!("{name} AT TIME ZONE 'UTC'")
        } else {
            format!("{name}::{required}")
        };
        run(
            connection,
            format!("ALTER TABLE {table} ALTER COLUMN {name} TYPE {required} USING {value}"),
            format!("{name} becomes {required} (from {is})"),
        )?;
    }
    if name == "description" {
        connection.batch(
            &format!("UPDATE {table} SET description = '' WHERE description IS NULL"),
            Effect::None,
        )?;
    }
    if is_not_null == may_be_null {
        let (verb, description) =
            if may_be_null { ("DROP", "becomes nullable") } else { ("SET", "becomes NOT NULL") };
        run(
            connection,
            format!("ALTER TABLE {table} ALTER COLUMN {name} {verb} NOT NULL"),
            format!("{name} {description}"),
        )?;
    }
    Ok(())
}

fn make_identity(connection: &mut Connection, table: &str, run: Run<'_>) -> Result<()> {
    let kind = cells(
        connection,
        &format!(
            "SELECT attidentity::text AS cell FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname = 'id'"
        ),
    )?;
    match kind.first().map(String::as_str) {
        Some("d") => {}
        Some("a") => run(
            connection,
            format!("ALTER TABLE {table} ALTER COLUMN id SET GENERATED BY DEFAULT"),
            "id becomes GENERATED BY DEFAULT".to_owned(),
        )?,
        _ => run(
            connection,
            format!("ALTER TABLE {table} ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY"),
            "id becomes an identity column".to_owned(),
        )?,
    }
    connection.batch(
        &format!(
            "SELECT setval(pg_get_serial_sequence('{table}', 'id'),
             (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"
        ),
        Effect::None,
    )
}
