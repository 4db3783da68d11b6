//! Taking over tables that an SQLAlchemy program made, in place, on SQLite and PostgreSQL.
//!
//! Nothing is believed: rows that our tables could not hold are looked for first, and what comes out in the end is compared
//! with what our migrations make. All of it is one transaction.

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
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::fault::Effect;
use crate::identity::leftover_companion;
use crate::transfer::{copy_sqlite_file, sync_folder};
use crate::value::Timestamp;

/// What an adoption changes, or would change.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Adoption {
    /// The changes to the tables that were found, in words.
    pub changes: Vec<String>,
    /// The rows that they hold: table and number.
    pub rows: Vec<(String, i64)>,
    /// The migrations that were run afterwards, for what was missing. Empty in a dry run.
    pub applied: Vec<String>,
}

/// A table that can be taken over.
struct Known {
    table: &'static str,
    /// The migration that makes ours.
    migration: &'static str,
    columns: &'static [&'static str],
}

const KNOWN: [Known; 2] = [
    Known {
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
    Known {
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

/// Takes over the tables `messages` and `api_tokens` of a program that kept them with SQLAlchemy, with their rows and ids, and
/// runs what is missing then. With `dry_run` everything is tried and rolled back.
///
/// # Errors
/// `InvalidInput` when there are no such tables, they are not known, or hold rows that cannot be taken: they are named by
/// their ids. Then nothing is changed. `Configuration` on MySQL and MariaDB.
pub fn adopt(
    connection: &mut Connection,
    dry_run: bool,
    query_timeout: Duration,
) -> Result<Adoption> {
    let engine = connection.engine();
    if !matches!(engine, Engine::Sqlite | Engine::PostgreSql) {
        let message = "tables are taken over in place on SQLite and PostgreSQL only; import or copy them instead";
        return Err(Error::configuration(message));
    }
    if !history::rows(connection)?.is_empty() {
        return Err(refused("these tables are chatkeep's already: there is a history".to_owned()));
    }
    let set = MigrationSet::embedded(engine);
    let live = catalog::read(connection)?;
    let found: Vec<_> = KNOWN.iter().filter(|known| has_table(&live, known.table)).collect();
    if found.is_empty() {
        return Err(refused(
            "there is neither a table messages nor a table api_tokens to take over".to_owned(),
        ));
    }
    for known in &found {
        refuse_unknown(&live, known)?;
    }
    let migrations: Vec<_> =
        found.iter().map(|known| set.find(known.migration)).collect::<Result<Vec<&Migration>>>()?;
    let right = expected(connection, &migrations)?;
    let mut adoption = Adoption { changes: Vec::new(), rows: Vec::new(), applied: Vec::new() };
    let mut is_right = false;
    let take = |connection: &mut Connection| {
        history::create_table(connection)?;
        for (known, migration) in found.iter().zip(&migrations) {
            let rows = count(connection, known.table)?;
            let changes = match connection.session {
                Session::Sqlite(_) => sqlite::take(connection, known, migration)?,
                _ => postgresql::take(connection, known.table)?,
            };
            adoption
                .changes
                .extend(changes.into_iter().map(|change| format!("{}: {change}", known.table)));
            adoption.rows.push((known.table.to_owned(), rows));
            if count(connection, known.table)? != rows {
                return Err(Error::internal("rows were lost on the way; nothing was changed"));
            }
            let checksum = migration.checksum();
            history::put(connection, migration, Timestamp::now(), State::Done, &checksum, None)?;
        }
        failpoint::pass();
        refuse_differences(&right, &catalog::read(connection)?)?;
        is_right = true;
        if dry_run { Err(Error::internal("a dry run is rolled back")) } else { Ok(()) }
    };
    let outcome = if engine == Engine::Sqlite {
        // Tables that point to ours do so by name, and find the new ones.
        connection.batch("PRAGMA foreign_keys = OFF", Effect::None)?;
        let outcome = connection.transaction(take);
        connection.batch("PRAGMA foreign_keys = ON", Effect::None)?;
        outcome
    } else {
        super::lock::postgresql_once(connection, take)
    };
    if dry_run && is_right {
        return Ok(adoption);
    }
    outcome?;
    failpoint::pass();
    adoption.applied = Runner::new(connection, &set, query_timeout).upgrade("head")?;
    Ok(adoption)
}

/// Writes a consistent copy of a SQLite database into a file that is not there yet. It appears under its name only when it
/// is whole; only its owner can read it.
///
/// # Errors
/// `InvalidInput` when the file is there; `StorageFull` when the disk is; what SQLite says. Then there is no such file.
pub fn copy_sqlite(connection: &mut Connection, into: &Path) -> Result<()> {
    if into.exists() {
        return Err(refused(format!(
            "the copy {} is there already; move it away first",
            into.display()
        )));
    }
    let cannot = |error: std::io::Error| {
        let kind = match error.kind() {
            IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => ErrorKind::StorageFull,
            _ => ErrorKind::Configuration,
        };
        Error::new(
            kind,
            format!("the copy {} cannot be made: {error}; nothing was changed", into.display()),
        )
    };
    if let Some(leftover) = leftover_companion(into).map_err(cannot)? {
        return Err(refused(format!(
            "the copy {} would be damaged by {}, which SQLite would take for a part of it; move that away first",
            into.display(),
            leftover.display()
        )));
    }
    // Beside it, so that it can be renamed.
    let folder =
        into.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let part =
        tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(folder).map_err(cannot)?;
    copy_sqlite_file(connection, part.path()).map_err(|error| {
        let message = format!(
            "the copy {} cannot be made: {}; nothing was changed",
            into.display(),
            error.message()
        );
        Error::new(error.kind(), message).with_retryable(error.is_retryable())
    })?;
    part.as_file().sync_all().map_err(cannot)?;
    part.persist_noclobber(into).map_err(|error| cannot(error.error))?;
    sync_folder(into).map_err(cannot)
}

fn refused(message: String) -> Error {
    Error::invalid_input("tables", message)
}

fn has_table(catalog: &Catalog, table: &str) -> bool {
    catalog.keys().any(|place| place.table == table && place.kind == "table")
}

/// Only tables whose every part is known are touched.
fn refuse_unknown(live: &Catalog, known: &Known) -> Result<()> {
    let table = known.table;
    let of_kind = |kind: &'static str| {
        live.keys()
            .filter(move |place| place.table == table && place.kind == kind)
            .map(|place| place.name.as_str())
    };
    let unknown: Vec<_> = of_kind("column").filter(|name| !known.columns.contains(name)).collect();
    let missing: Vec<_> = known
        .columns
        .iter()
        .filter(|name| !of_kind("column").any(|column| column == **name))
        .copied()
        .collect();
    let more: Vec<_> = ["trigger", "foreign key", "check"]
        .into_iter()
        .flat_map(|kind| of_kind(kind).map(move |name| format!("{kind} {name}")))
        .collect();
    for (what, names) in [
        ("has columns that are not known", unknown.join(", ")),
        ("lacks columns", missing.join(", ")),
        ("has more than columns and indexes", more.join(", ")),
    ] {
        if !names.is_empty() {
            return Err(refused(format!("{table} {what}: {names}; nothing was changed")));
        }
    }
    Ok(())
}

fn refuse_differences(right: &Catalog, now: &Catalog) -> Result<()> {
    let differences: Vec<_> = compare(right, now).iter().map(ToString::to_string).collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(refused(format!(
        "what came out is not as it should be ({}); nothing was changed",
        differences.join("; ")
    )))
}

#[derive(QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<Text>)]
    cell: Option<String>,
}

/// The first column, which the query calls `cell`, of all rows.
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
        .ok_or_else(|| Error::internal("a count is no number"))
}

/// Refuses rows of which one of these is true, and names the first of them.
fn refuse_rows(connection: &mut Connection, table: &str, faults: &[(&str, &str)]) -> Result<()> {
    for (what, condition) in faults {
        let query = format!(
            "SELECT CAST(id AS TEXT) AS cell FROM {table} WHERE {condition} ORDER BY id LIMIT 6"
        );
        let mut ids = cells(connection, &query)?;
        if !ids.is_empty() {
            let more = if ids.len() > 5 { ", ..." } else { "" };
            ids.truncate(5);
            return Err(refused(format!(
                "{table} holds rows whose {what} (id {}{more}); nothing was changed",
                ids.join(", ")
            )));
        }
    }
    Ok(())
}
