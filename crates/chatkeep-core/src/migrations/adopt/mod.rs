//! Adoption: in-place conversion of tables created by SQLAlchemy, on SQLite and PostgreSQL.
//!
//! Rows that chatkeep's tables could not store are detected first, and the resulting schema is
//! compared with the one that the migrations create. Everything runs in one transaction.

mod postgresql;
mod sqlite;

use std::io::ErrorKind as IoErrorKind;
use std::path::Path;
use std::time::Duration;

use diesel::sql_types::{Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};
use serde::Serialize;

use super::catalog::{self, Catalog};
use super::check::{compare, expected};
use super::failpoint;
use super::history::{self, State};
use super::migration::Migration;
use super::runner::Runner;
use super::set::MigrationSet;
use crate::connection::{Connection, Session, on_engine};
use crate::db_error::Effect;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::leftover_companion;
use crate::transfer::{copy_sqlite_file, sync_folder};
use crate::value::Timestamp;

/// The changes of an adoption, or of a dry run.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Adoption {
    /// Descriptions of the changes to the existing tables.
    pub changes: Vec<String>,
    /// Each existing table and its number of rows.
    pub rows: Vec<(String, i64)>,
    /// Migrations that were run afterwards. Empty in a dry run.
    pub applied: Vec<String>,
}

/// A table that can be adopted.
struct AdoptableTable {
    table: &'static str,
    /// Migration that creates chatkeep's version of the table.
    migration: &'static str,
    columns: &'static [&'static str],
}

const TABLES: [AdoptableTable; 2] = [
    AdoptableTable {
        table: "messages",
        migration: "create_messages",
        columns: &[
            "id",
            "timestamp",
            "user_message",
            "bot_response",
            "provider",
            "model",
            "tokens_used",
            "metadata",
        ],
    },
    AdoptableTable {
        table: "api_tokens",
        migration: "create_api_tokens",
        columns: &[
            "id",
            "token_hash",
            "description",
            "created_at",
            "expires_at",
            "is_active",
            "last_used_at",
        ],
    },
];

/// Converts the tables `messages` and `api_tokens` of an SQLAlchemy program, with their rows and
/// ids, and then runs the missing migrations. With `dry_run`, the conversion is rolled back.
///
/// # Errors
/// `InvalidInput` if the tables do not exist, have other columns, or contain invalid rows, whose
/// ids are listed; nothing is changed then. `Configuration` on MySQL and MariaDB. `Conflict` if
/// another program is running migrations.
pub fn adopt(
    connection: &mut Connection,
    dry_run: bool,
    query_timeout: Duration,
) -> Result<Adoption> {
    let engine = connection.engine();
    if !matches!(engine, Engine::Sqlite | Engine::PostgreSql) {
        let message = "adopting tables in place is only supported on SQLite and PostgreSQL; \
                       import or copy them instead";
        return Err(Error::configuration(message));
    }
    if !history::rows(connection)?.is_empty() {
        return Err(refused(
            "the tables already belong to chatkeep: they have a migration history".to_owned(),
        ));
    }
    let set = MigrationSet::embedded(engine);
    let live = catalog::read(connection)?;
    let found: Vec<_> =
        TABLES.iter().filter(|adoptable| has_table(&live, adoptable.table)).collect();
    if found.is_empty() {
        return Err(refused(
            "there is neither a table messages nor a table api_tokens to adopt".to_owned(),
        ));
    }
    for adoptable in &found {
        refuse_unknown(&live, adoptable)?;
    }
    let migrations: Vec<_> = found
        .iter()
        .map(|adoptable| set.find(adoptable.migration))
        .collect::<Result<Vec<&Migration>>>()?;
    let expected = expected(connection, &migrations)?;
    let mut adoption = Adoption { changes: Vec::new(), rows: Vec::new(), applied: Vec::new() };
    let mut is_converted = false;
    let convert = |connection: &mut Connection| {
        history::create_table(connection)?;
        for (adoptable, migration) in found.iter().zip(&migrations) {
            let rows = count(connection, adoptable.table)?;
            let changes = match connection.session {
                Session::Sqlite(_) => sqlite::convert(connection, adoptable, migration)?,
                _ => postgresql::convert(connection, adoptable.table)?,
            };
            adoption
                .changes
                .extend(changes.into_iter().map(|change| format!("{}: {change}", adoptable.table)));
            adoption.rows.push((adoptable.table.to_owned(), rows));
            if count(connection, adoptable.table)? != rows {
                return Err(Error::internal(
                    "the number of rows changed during the conversion; nothing was changed",
                ));
            }
            let checksum = migration.checksum();
            history::put(connection, migration, Timestamp::now(), State::Done, &checksum, None)?;
        }
        failpoint::pass();
        refuse_differences(&expected, &catalog::read(connection)?)?;
        is_converted = true;
        if dry_run { Err(Error::internal("a dry run is rolled back")) } else { Ok(()) }
    };
    let outcome = if engine == Engine::Sqlite {
        // Foreign keys refer to tables by name, so they are valid again after the conversion.
        connection.batch("PRAGMA foreign_keys = OFF", Effect::None)?;
        let outcome = connection.transaction(convert);
        connection.batch("PRAGMA foreign_keys = ON", Effect::None)?;
        outcome
    } else {
        super::lock::try_postgresql(connection, convert)
    };
    if dry_run && is_converted {
        return Ok(adoption);
    }
    outcome?;
    failpoint::pass();
    adoption.applied = Runner::new(connection, &set, query_timeout).upgrade("head")?;
    Ok(adoption)
}

/// Writes a consistent copy of a SQLite database to a new file, which only its owner can read. The
/// file gets its final name after it is complete.
///
/// # Errors
/// `InvalidInput` if the file already exists; `StorageFull` if the disk is full; `Configuration` if
/// writing fails otherwise; or the error of SQLite. No such file exists after an error.
pub fn copy_sqlite(connection: &mut Connection, into: &Path) -> Result<()> {
    if into.exists() {
        return Err(refused(format!(
            "the copy {} already exists; move it away first",
            into.display()
        )));
    }
    let failed = |error: std::io::Error| {
        let kind = match error.kind() {
            IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => ErrorKind::StorageFull,
            _ => ErrorKind::Configuration,
        };
        Error::new(
            kind,
            format!("failed to write the copy {}: {error}; nothing was changed", into.display()),
        )
    };
    if let Some(leftover) = leftover_companion(into).map_err(failed)? {
        return Err(refused(format!(
            "the copy {} would be damaged by {}, which SQLite would treat as a part of it; \
             move that file away first",
            into.display(),
            leftover.display()
        )));
    }
    // In the same folder, so that it can be renamed.
    let folder =
        into.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part =
        tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder).map_err(failed)?;
    copy_sqlite_file(connection, part.path()).map_err(|error| {
        let message = format!(
            "failed to write the copy {}: {}; nothing was changed",
            into.display(),
            error.message()
        );
        Error::new(error.kind(), message).with_retryable(error.is_retryable())
    })?;
    part.as_file().sync_all().map_err(failed)?;
    part.persist_noclobber(into).map_err(|error| failed(error.error))?;
    sync_folder(into).map_err(failed)
}

fn refused(message: String) -> Error {
    Error::invalid_input("tables", message)
}

fn has_table(catalog: &Catalog, table: &str) -> bool {
    catalog.keys().any(|key| key.table == table && key.kind == "table")
}

/// Rejects a table with unexpected columns, triggers or constraints.
fn refuse_unknown(live: &Catalog, adoptable: &AdoptableTable) -> Result<()> {
    let table = adoptable.table;
    let of_kind = |kind: &'static str| {
        live.keys()
            .filter(move |key| key.table == table && key.kind == kind)
            .map(|key| key.name.as_str())
    };
    let unknown: Vec<_> =
        of_kind("column").filter(|name| !adoptable.columns.contains(name)).collect();
    let missing: Vec<_> = adoptable
        .columns
        .iter()
        .filter(|name| !of_kind("column").any(|column| column == **name))
        .copied()
        .collect();
    let more: Vec<_> = ["trigger", "foreign key", "check"]
        .into_iter()
        .flat_map(|kind| of_kind(kind).map(move |name| format!("{kind} {name}")))
        .collect();
    for (fault, names) in [
        ("has unknown columns", unknown.join(", ")),
        ("lacks columns", missing.join(", ")),
        ("has unsupported objects", more.join(", ")),
    ] {
        if !names.is_empty() {
            return Err(refused(format!("{table} {fault}: {names}; nothing was changed")));
        }
    }
    Ok(())
}

fn refuse_differences(expected: &Catalog, found: &Catalog) -> Result<()> {
    let differences: Vec<_> = compare(expected, found).iter().map(ToString::to_string).collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(refused(format!(
        "the converted tables differ from chatkeep's ({}); nothing was changed",
        differences.join("; ")
    )))
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<Text>)]
    cell: Option<String>,
}

/// Returns the column `cell` of all rows.
fn cells(connection: &mut Connection, query: &str) -> Result<Vec<String>> {
    let rows = on_engine!(connection, c => sql_query(query).load::<Cell>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().filter_map(|row| row.cell).collect())
}

fn count(connection: &mut Connection, table: &str) -> Result<i64> {
    let found = cells(connection, &format!("SELECT CAST(COUNT(*) AS TEXT) AS cell FROM {table}"))?;
    found
        .first()
        .and_then(|count| count.parse().ok())
        .ok_or_else(|| Error::internal("a count is not a number"))
}

/// Rejects rows that match one of these conditions, and lists the first ids.
fn refuse_rows(connection: &mut Connection, table: &str, faults: &[(&str, &str)]) -> Result<()> {
    for (fault, condition) in faults {
        let query = format!(
            "SELECT CAST(id AS TEXT) AS cell FROM {table} WHERE {condition} ORDER BY id LIMIT 6"
        );
        let mut ids = cells(connection, &query)?;
        if !ids.is_empty() {
            let more = if ids.len() > 5 { ", ..." } else { "" };
            ids.truncate(5);
            return Err(refused(format!(
                "{table} has rows whose {fault} (id {}{more}); nothing was changed",
                ids.join(", ")
            )));
        }
    }
    Ok(())
}
