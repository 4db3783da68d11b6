//! Whether a database's schema is what its migrations make: they are run again in a place of their own, and both are
//! compared.

use std::fmt;

use diesel::sql_types::Text;
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use super::catalog::{self, Catalog, Place};
use super::history;
use super::migration::Migration;
use super::schemas;
use super::script::{Script, Way};
use super::set::MigrationSet;
use super::statements::Statement;
use super::status::{MigrationState, MigrationStatus, status_of};
use super::steps;
use crate::connection::{ConnectOptions, Connection, Role, Session};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Effect;
use crate::url::DatabaseUrl;

/// One way in which a schema is not what its migrations make.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct SchemaDifference {
    /// The table; empty for what belongs to none.
    pub table: String,
    /// What it is: `table`, `column`, `index`, `primary key`, `foreign key`, `check`, `constraint`, `trigger`, `view`, …
    pub kind: String,
    /// Its name; empty for a table.
    pub name: String,
    /// What the migrations make it; `None` where they make no such thing.
    pub expected: Option<String>,
    /// What it is in the database; `None` where it is missing.
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

/// What a check found.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct SchemaCheck {
    /// Where the database stands among the migrations.
    #[serde(skip)]
    pub status: MigrationStatus,
    /// How its schema differs from what the migrations that it has run make. Tables that no migration makes are not looked at.
    pub differences: Vec<SchemaDifference>,
}

/// Compares the schema with what the migrations make that the database has run. The connection must be one of the check's
/// own. Nothing of the database is changed.
///
/// The migrations run again in a place of their own: for SQLite in memory; on PostgreSQL in a schema inside a transaction
/// that is rolled back; on MySQL and MariaDB in a database beside it, `NAME_chatkeep_check`, which is dropped in the end.
///
/// # Errors
/// `Configuration` when the account may not make that place; `Schema` when a migration cannot be run there, or the
/// migrations that were run are not there any more.
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
    schemas::refuse_other(connection)?;
    let live = catalog::read(connection)?;
    let expected = expected(connection, &replayed)?;
    Ok(SchemaCheck { status, differences: compare(&expected, &live) })
}

/// What these migrations make, by running them in a place of their own.
pub(super) fn expected(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    match connection.session {
        Session::Sqlite(_) => in_memory(migrations),
        Session::PostgreSql(_) => in_a_schema(connection, migrations),
        Session::MySql(_) => in_a_database(connection, migrations),
    }
}

/// Runs the migrations, and says what they made. The history is a part of it.
fn replay(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let engine = connection.engine();
    history::create_table(connection)?;
    for migration in migrations {
        let script = Script::read(engine, migration, Way::Up)?;
        for (number, statement) in script.statements.iter().enumerate() {
            let Some(text) = in_a_transaction(engine, statement) else { continue };
            connection.batch(&text, Effect::None).map_err(|error| {
                steps::explain(error, migration, statement, number, script.statements.len())
            })?;
        }
    }
    catalog::read(connection)
}

/// A statement as it can be run inside a transaction: PostgreSQL makes the same index without `CONCURRENTLY`. None where
/// it changes no schema.
fn in_a_transaction(engine: Engine, statement: &Statement) -> Option<String> {
    if engine != Engine::PostgreSql || !statement.stands_alone(engine) {
        return Some(statement.text.clone());
    }
    if !matches!(statement.word(1), "INDEX" | "UNIQUE") {
        return None;
    }
    let lower = statement.text.to_ascii_lowercase();
    let place = lower.find("concurrently")?;
    Some(format!("{}{}", &statement.text[..place], &statement.text[place + "concurrently".len()..]))
}

fn in_memory(migrations: &[&Migration]) -> Result<Catalog> {
    let options = ConnectOptions::default();
    let mut connection = Connection::open(&DatabaseUrl::sqlite_memory(), Role::Writer, &options)?;
    replay(&mut connection, migrations)
}

/// Everything in one transaction that is never committed, so that nothing is left whatever happens.
fn in_a_schema(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let name = format!("chatkeep_check_{}", crate::token::hex(&crate::token::random_bytes::<8>()?));
    let mut outcome = None;
    // Operators and functions of extensions (pg_trgm) are found where they are. A migration that reaches for a table there,
    // which it should not, waits for nobody for long.
    let prepare = format!(
        "CREATE SCHEMA {name}; SET LOCAL lock_timeout = '2s';
         SELECT set_config('search_path', '{name}' || coalesce((SELECT string_agg(DISTINCT ', ' || quote_ident(nspname), '')
             FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE nspname <> 'pg_catalog'), ''), true)"
    );
    let rolled_back = connection.transaction(|connection| {
        connection.batch(&prepare, Effect::None).map_err(|error| {
            may_not(
                error,
                "a schema of its own (in a transaction that is rolled back)",
                "GRANT CREATE ON DATABASE",
            )
        })?;
        outcome = Some(replay(connection, migrations)?);
        Err::<(), _>(Error::internal("the check is rolled back"))
    });
    match (outcome, rolled_back) {
        (Some(catalog), _) => Ok(catalog),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::internal("the check came to no result")),
    }
}

/// In a database with the live one's character set.
fn in_a_database(connection: &mut Connection, migrations: &[&Migration]) -> Result<Catalog> {
    let live = current_database(connection)?;
    let scratch = scratch_name(&live.name);
    let scratch_sql = quoted(&scratch);
    // Named locks are the whole server's: two checks at once would drop each other's tables.
    super::lock::mysql(connection, |connection, _| {
        // What is left of a check that was cut off.
        connection
            .batch(&format!("DROP DATABASE IF EXISTS {scratch_sql}"), Effect::None)
            .map_err(|error| may_not_database(error, &scratch))?;
        let make = format!(
            "CREATE DATABASE {scratch_sql} CHARACTER SET {} COLLATE {}",
            live.character_set, live.collation
        );
        connection.batch(&make, Effect::None).map_err(|error| may_not_database(error, &scratch))?;
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

/// The database that a connection works in, as the server describes it.
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
        return Err(Error::internal("only MySQL is asked for its own database"));
    };
    let answer = sql_query(
        "SELECT CAST(DATABASE() AS CHAR) AS name, default_character_set_name AS character_set, \
         default_collation_name AS collation FROM information_schema.schemata WHERE schema_name = DATABASE()",
    )
    .load::<Database>(session.as_mut());
    let rows = answer.map_err(|error| connection.read_error(error))?;
    rows.into_iter().next().ok_or_else(|| Error::configuration("the URL names no database"))
}

/// A name as MySQL and MariaDB read it in SQL.
fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// 64 characters at the most.
fn scratch_name(live: &str) -> String {
    let begin: String = live.chars().take(48).collect();
    format!("{begin}_chatkeep_check")
}

fn may_not_database(error: Error, scratch: &str) -> Error {
    let grant = format!("GRANT ALL ON {}.* TO the account; check", quoted(scratch));
    may_not(error, &format!("the database {scratch}, which it drops in the end"), &grant)
}

/// The account is not allowed to make the place.
fn may_not(error: Error, what: &str, grant: &str) -> Error {
    if error.kind() != ErrorKind::Configuration {
        return error;
    }
    let message = format!(
        "the check runs the migrations again in {what}, and this account may not make it ({}); use another account, or {grant} \
         again",
        error.message()
    );
    Error::new(ErrorKind::Configuration, message)
}

/// How the live schema differs, in the order of tables.
pub(super) fn compare(expected: &Catalog, live: &Catalog) -> Vec<SchemaDifference> {
    let table = |name: &str| Place {
        table: name.to_owned(),
        kind: "table".to_owned(),
        name: String::new(),
    };
    let mut found = Vec::new();
    let mut add = |place: &Place, expected: Option<&String>, found_here: Option<&String>| {
        found.push(SchemaDifference {
            table: place.table.clone(),
            kind: place.kind.clone(),
            name: place.name.clone(),
            expected: expected.cloned(),
            found: found_here.cloned(),
        });
    };
    for (place, definition) in expected {
        let is_part = !place.table.is_empty() && place.kind != "table";
        // A table that is missing is missed as a whole.
        if is_part
            && !live.contains_key(&table(&place.table))
            && expected.contains_key(&table(&place.table))
        {
            continue;
        }
        match live.get(place) {
            Some(same) if same == definition => {}
            other => add(place, Some(definition), other),
        }
    }
    for (place, definition) in live {
        // Other tables may be anybody's.
        if place.kind != "table"
            && expected.contains_key(&table(&place.table))
            && !expected.contains_key(place)
        {
            add(place, None, Some(definition));
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
                (Place { table, kind, name }, (*definition).to_owned())
            })
            .collect()
    }

    #[test]
    fn differences_are_said_in_words() {
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
    fn the_name_of_the_scratch_database_fits() {
        assert_eq!(scratch_name("chat"), "chat_chatkeep_check");
        assert!(scratch_name(&"x".repeat(64)).len() <= 64);
    }
}
