//! Comparison of two databases.

use std::thread;
use std::time::Duration;

use chatkeep_core::identity::{is_same_address, is_same_database};
use chatkeep_core::transfer::open_source;
use chatkeep_core::{Connection, DatabaseUrl, Error, ErrorKind, Result};
use serde::Serialize;

use crate::content::Content;
use crate::copy::same_database;
use crate::progress::{Phase, Step};
use crate::reading::{self, Read};
use crate::table::{NextIds, TABLES, Tables, count};

/// Result of a comparison. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// Whether both have the same rows, and the target's next ids are not lower than the source's.
    pub equal: bool,
    /// Content of the source.
    pub source: Content,
    /// Content of the target.
    pub target: Content,
    /// Readable descriptions of the differences; empty if there are none.
    pub differences: Vec<String>,
}

impl Comparison {
    pub(crate) fn new(tables: Tables, source: Content, next_ids: &NextIds, target: Read) -> Self {
        let mut differences = Vec::new();
        for table in tables.iter().map(|table| table.name()) {
            let (one, other) = (source.rows_of(table), target.content.rows_of(table));
            if one != other {
                differences
                    .push(format!("{table}: {one} rows in the source, {other} in the target"));
            } else if source.table(table) != target.content.table(table) {
                differences
                    .push(format!("{table}: the same number of rows, but not the same values"));
            }
        }
        for table in tables.iter().map(|table| table.name()) {
            if let (Some(one), Some(other)) = (next_ids.of(table), target.next_ids.of(table))
                && other < one
            {
                differences.push(format!(
                    "{table}: the next id is {one} in the source, only {other} in the target"
                ));
            }
        }
        Self { equal: differences.is_empty(), source, target: target.content, differences }
    }

    /// Returns a `Corrupt` error unless the databases are equal.
    pub(crate) fn into_result(self) -> Result<Self> {
        if self.equal {
            return Ok(self);
        }
        Err(Error::new(
            ErrorKind::Corrupt,
            format!("the stored rows differ from the rows read: {}", self.differences.join("; ")),
        ))
    }
}

/// Compares two databases: row counts, digests over all values, and the next ids.
///
/// No rows of these tables are changed. If the target is a server, a row is written to it and
/// removed again, to detect that both URLs name one database.
///
/// # Errors
/// `Configuration` if both are the same database. `Schema` if the schema version of one is not this
/// program's, or an unfinished transfer left it incomplete. Database errors keep their kinds.
pub fn compare(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    connect_timeout: Duration,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    // Comparing a database with itself would prove nothing about a copy.
    if is_same_address(from, to) {
        return Err(same_database());
    }
    let mut source = open_source(from, connect_timeout).map_err(|error| of("source", error))?;
    let mut target = open_source(to, connect_timeout).map_err(|error| of("target", error))?;
    // Detection needs write permission. Failing to detect is safe, as nothing is changed here.
    if target.engine().is_server() && is_same_database(&mut target, &mut source).unwrap_or(false) {
        return Err(same_database());
    }
    compare_open(&mut source, &mut target, TABLES, progress)
}

pub(crate) fn compare_open(
    source: &mut Connection,
    target: &mut Connection,
    tables: Tables,
    progress: &mut dyn FnMut(Step),
) -> Result<Comparison> {
    let total = count(source, tables)?.total();
    let (one, other) = thread::scope(|scope| {
        let other = scope.spawn(|| reading::read(target, tables, |_, _| Ok(())));
        let one = reading::read(source, tables, |_, digests| {
            progress(Step { phase: Phase::Comparing, done: digests.rows(), total });
            Ok(())
        });
        (one, other.join().unwrap_or_else(|_| Err(Error::internal("the reader thread panicked"))))
    });
    let one = one.map_err(|error| of("source", error))?;
    let other = other.map_err(|error| of("target", error))?;
    Ok(Comparison::new(tables, one.content, &one.next_ids, other))
}

/// Prefixes an error with the database that it concerns: `source` or `target`.
pub(crate) fn of(side: &str, error: Error) -> Error {
    let mut named = Error::new(error.kind(), format!("{side}: {}", error.message()));
    if let Some(field) = error.field() {
        named = named.with_field(field.to_owned());
    }
    named.with_retryable(error.is_retryable())
}
