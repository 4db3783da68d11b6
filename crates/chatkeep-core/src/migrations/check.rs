//! Comparison of a schema with its migrations, which are replayed in a scratch database or schema.

use std::fmt;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use super::catalog::{self, Catalog, ObjectKey};
use super::history;
use super::migration::Migration;
use super::schemas;
use super::script::{Direction, Script};
use super::set::MigrationSet;
use super::statements::Statement;
use super::status::{MigrationState, MigrationStatus, status_of};
use super::steps;
use crate::connection::{ConnectOptions, Connection, Role, Session};
use crate::db_error::Effect;
use crate::described::Record;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::url::DatabaseUrl;

/// A difference between a schema and the result of its migrations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Record)]
#[non_exhaustive]
pub struct SchemaDifference {
    /// Table of the object; empty if it belongs to none.
    pub table: String,
    /// Kind of the object, such as `table`, `column`, `index`, `primary key`, `foreign key`,
    /// `check`, `constraint`, `trigger` or `view`.
    pub kind: String,
    /// Name of the object; empty for a table.
    pub name: String,
    /// Definition in the migrations; `None` if they do not create it.
    pub expected: Option<String>,
    /// Definition in the database; `None` if it is missing.
    pub found: Option<String>,
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.table.as_str(), self.kind.as_str()) {
            (table, "table") => write!(f, "table {table}")?,
            ("", kind) => write!(f, "{kind} {}", self.name)?,
            (table, kind) => write!(f, "{table}: {kind} {}", self.name)?,
        }
        match (&self.expected, &self.found) {
            (Some(_), None) => write!(f, " is missing"),
            (None, Some(found)) if found.is_empty() => write!(f, " is extra"),
            (None, Some(found)) => write!(f, " is extra: {found}"),
            (Some(expected), Some(found)) => {
                write!(f, " is {}, and should be {}", shown(found), shown(expected))
            }
            (None, None) => Ok(()),
        }
    }
}

fn shown(definition: &str) -> &str {
    if definition.is_empty() { "plain" } else { definition }
}

/// The result of a schema check.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SchemaCheck {
    /// Migration status of the database.
    #[serde(skip)]
    pub status: MigrationStatus,
    /// Differences from the result of the migrations that were run. Tables that no migration
    /// creates are ignored.
    pub differences: Vec<SchemaDifference>,
}

/// Compares the schema with the result of the migrations that the database has run.
///
/// The migrations are replayed elsewhere, and the database is not changed. On SQLite they run in
/// memory, and on PostgreSQL in a schema inside a transaction that is rolled back. On MySQL and
/// MariaDB they run in a second database, `NAME_chatkeep_check`, which is dropped afterwards. The
/// connection must not be used for anything else.
///
/// # Errors
/// `Configuration` if the account may not create that schema or database; `Schema` if replaying a
/// migration fails or a migration that was run is missing.
pub fn check(connection: &mut Connection, set: &MigrationSet) -> Result<SchemaCheck> {
    let status = status_of(connection, set)?;
    if status
        .entries
        .iter()
        .any(|entry| matches!(entry.state, MigrationState::Newer | MigrationState::Missing))
    {
        return Err(status.error());
    }
    let was_run = |migration: &&Migration| {
        let key = migration.key();
        status.entries.iter().any(|entry| {
            entry.version == key
                && matches!(entry.state, MigrationState::Applied | MigrationState::Changed)
        })
    };
    let replayed: Vec<_> = set.list().iter().filter(was_run).collect();
    if replayed.is_empty() {
        return Ok(SchemaCheck { status, differences: Vec::new() });
    }
    schemas::refuse_other_schema(connection)?;
    let live = catalog::read(connection)?;
    let expected = expected(connection, &replayed)?;
    Ok(SchemaCheck { status, differences: compare(&expected, &live) })
}

/// Returns the schema that these migrations create, by replaying them elsewhere.
pub(super) fn expected(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    match connection.session {
        Session::Sqlite(_) => in_memory(migrations),
        Session::PostgreSql(_) => in_a_schema(connection, migrations),
        Session::MySql(_) => in_a_database(connection, migrations),
    }
}

/// Runs the migrations, and returns the resulting schema, which includes the history table.
fn replay(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let engine = connection.engine();
    history::create_table(connection)?;
    for migration in migrations {
        let script = Script::read(engine, migration, Direction::Up)?;
        for (number, statement) in script.statements.iter().enumerate() {
            let Some(text) = in_a_transaction(engine, statement) else { continue };
            connection.batch(&text, Effect::None).map_err(|error| {
                steps::explain(error, migration, statement, number, script.statements.len())
            })?;
        }
    }
    catalog::read(connection)
}

/// Returns a form of the statement that can run inside a transaction. PostgreSQL creates the same
/// index without `CONCURRENTLY`. `None` if the statement does not change the schema.
fn in_a_transaction(engine: Engine, statement: &Statement) -> Option<String> {
    if engine != Engine::PostgreSql || !statement.is_non_transactional(engine) {
        return Some(statement.text.clone());
    }
    if !matches!(statement.word(1), "INDEX" | "UNIQUE") {
        return None;
    }
    let lower = statement.text.to_ascii_lowercase();
    let start = lower.find("concurrently")?;
    Some(format!("{}{}", &statement.text[..start], &statement.text[start + "concurrently".len()..]))
}

fn in_memory(migrations: &[&Migration]) -> Result<Catalog> {
    let options = ConnectOptions::default();
    let mut connection = Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &options)?;
    replay(&mut connection, migrations)
}

/// Replays the migrations in a schema inside a transaction that is never committed, so that nothing
/// is left even after a failure.
fn in_a_schema(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let name = format!("chatkeep_check_{}", crate::token::hex(&crate::token::random_bytes::<8>()?));
    let mut outcome = None;
    // The search path includes the schemas of extensions (pg_trgm). The lock timeout limits the
    // wait of a migration that locks a table there, which it should not.
    let prepare = format!(
        "CREATE SCHEMA {name}; SET LOCAL lock_timeout = '2s';
         SELECT set_config('search_path', '{name}' || coalesce((
             SELECT string_agg(DISTINCT ', ' || quote_ident(nspname), '')
             FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace
             WHERE nspname <> 'pg_catalog'), ''), true)"
    );
    let rolled_back = connection.transaction(|connection| {
        connection.batch(&prepare, Effect::None).map_err(|error| {
            explain_denied(
                error,
                "a temporary schema (in a transaction that is rolled back)",
                "run GRANT CREATE ON DATABASE",
            )
        })?;
        outcome = Some(replay(connection, migrations)?);
        Err::<(), _>(Error::internal("the check is rolled back"))
    });
    match (outcome, rolled_back) {
        (Some(catalog), _) => Ok(catalog),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("the check returned no result")),
    }
}

/// Replays the migrations in a second database with the character set of the live one.
fn in_a_database(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let live = current_database(connection)?;
    let scratch = scratch_name(&live.name);
    let scratch_sql = quoted(&scratch);
    // Two concurrent checks would drop each other's tables.
    super::lock::mysql(connection, |connection, _| {
        // An interrupted check may have left the database.
        connection
            .batch(&format!("DROP DATABASE IF EXISTS {scratch_sql}"), Effect::None)
            .map_err(|error| explain_database_denied(error, &scratch))?;
        let create = format!(
            "CREATE DATABASE {scratch_sql} CHARACTER SET {} COLLATE {}",
            live.character_set, live.collation
        );
        connection
            .batch(&create, Effect::None)
            .map_err(|error| explain_database_denied(error, &scratch))?;
        let outcome = connection
            .batch(&format!("USE {scratch_sql}"), Effect::None)
            .and_then(|()| replay(connection, migrations));
        let back = format!("USE {}; DROP DATABASE IF EXISTS {scratch_sql}", quoted(&live.name));
        let dropped =
            if connection.is_broken() { Ok(()) } else { connection.batch(&back, Effect::None) };
        let catalog = outcome?;
        dropped?;
        Ok(catalog)
    })
}

/// The current database of a connection.
#[derive(QueryableByName)]
struct Database {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    character_set: String,
    #[diesel(sql_type = Text)]
    collation: String,
}

fn current_database(connection: &mut Connection) -> Result<Database> {
    let Session::MySql(session) = &mut connection.session else {
        return Err(Error::internal("the current database is only available on MySQL"));
    };
    let answer = sql_query(
        "SELECT CAST(DATABASE() AS CHAR) AS name, default_character_set_name AS character_set, \
         default_collation_name AS collation FROM information_schema.schemata \
         WHERE schema_name = DATABASE()",
    )
    .load::<Database>(session.as_mut());
    let rows = answer.map_err(|error| connection.read_error(error))?;
    rows.into_iter().next().ok_or_else(|| Error::configuration("the URL names no database"))
}

/// Quotes an identifier for MySQL and MariaDB.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Returns the name of the second database, of at most 64 characters.
fn scratch_name(live: &str) -> String {
    let begin: String = live.chars().take(48).collect();
    format!("{begin}_chatkeep_check")
}

fn explain_database_denied(error: Error, scratch: &str) -> Error {
    let grant = format!("run GRANT ALL ON {}.* for this account", quoted(scratch));
    explain_denied(error, &format!("the temporary database {scratch}"), &grant)
}

/// Explains an error if the account may not create the temporary schema or database.
fn explain_denied(error: Error, scratch: &str, grant: &str) -> Error {
    if error.kind() != ErrorKind::Configuration {
        return error;
    }
    let message = format!(
        "the check replays the migrations in {scratch}, which this account may not create ({}); \
         use another account, or {grant}",
        error.message()
    );
    Error::new(ErrorKind::Configuration, message)
}

/// Returns the differences between the expected and the live schema, ordered by table.
pub(super) fn compare(expected: &Catalog, live: &Catalog) -> Vec<SchemaDifference> {
    let table = |name: &str| ObjectKey {
        table: name.to_owned(),
        kind: "table".to_owned(),
        name: String::new(),
    };
    let mut found = Vec::new();
    let mut add = |key: &ObjectKey, expected: Option<&String>, found_here: Option<&String>| {
        found.push(SchemaDifference {
            table: key.table.clone(),
            kind: key.kind.clone(),
            name: key.name.clone(),
            expected: expected.cloned(),
            found: found_here.cloned(),
        });
    };
    for (key, definition) in expected {
        let is_part = !key.table.is_empty() && key.kind != "table";
        // A missing table is reported once, without its parts.
        if is_part
            && !live.contains_key(&table(&key.table))
            && expected.contains_key(&table(&key.table))
        {
            continue;
        }
        match live.get(key) {
            Some(same) if same == definition => {}
            other => add(key, Some(definition), other),
        }
    }
    for (key, definition) in live {
        // Other tables may belong to other programs.
        if key.kind != "table"
            && expected.contains_key(&table(&key.table))
            && !expected.contains_key(key)
        {
            add(key, None, Some(definition));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(parts: &[(&str, &str, &str, &str)]) -> Catalog {
        parts
            .iter()
            .map(|(table, kind, name, definition)| {
                let [table, kind, name] = [*table, *kind, *name].map(str::to_owned);
                (ObjectKey { table, kind, name }, (*definition).to_owned())
            })
            .collect()
    }

    #[test]
    fn differences_are_described() {
        let expected = catalog(&[
            ("a", "table", "", ""),
            ("a", "column", "id", "bigint not null"),
            ("a", "column", "name", "text"),
            ("a", "index", "a_name", "(name)"),
            ("gone", "table", "", ""),
            ("gone", "column", "id", "bigint"),
            ("", "view", "v", "SELECT 1"),
        ]);
        let live = catalog(&[
            ("a", "table", "", ""),
            ("a", "column", "id", "integer not null"),
            ("a", "column", "extra", "text"),
            ("a", "index", "a_name", "(name)"),
            ("theirs", "table", "", ""),
            ("theirs", "column", "id", "bigint"),
        ]);
        let words: Vec<_> = compare(&expected, &live).iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "view v is missing",
                "a: column extra is extra: text",
                "a: column id is integer not null, and should be bigint not null",
                "a: column name is missing",
                "table gone is missing",
            ]
        );
        assert_eq!(compare(&expected, &expected), <[SchemaDifference; 0]>::default());
    }

    #[test]
    fn name_of_the_scratch_database_has_at_most_64_characters() {
        assert_eq!(scratch_name("chat"), "chat_chatkeep_check");
        assert!(scratch_name(&"x".repeat(64)).len() <= 64);
    }
}
