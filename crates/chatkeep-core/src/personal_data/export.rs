//! The export of a user's data, as lines of JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::export_cursor::ExportCursor;
use super::person::{Person, find_person};
use super::sections::SECTIONS;
use crate::connection::Connection;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::check_limit;

/// Size of the lines at which a page ends, in bytes.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// A page of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct UserExport {
    /// Lines of JSON. Each has the name of the table and the row, without secrets and their hashes.
    pub lines: Vec<String>,
    /// Position after the last line, for the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

/// Rows of a section as lines, and the position after them. Without one, the section is complete.
pub(super) struct Part {
    pub(super) lines: Vec<String>,
    pub(super) next: Option<ExportCursor>,
}

/// The rows of one table, or some of them.
pub(super) struct Section {
    pub(super) table: &'static str,
    /// Reads up to a number of rows after a position.
    pub(super) read: fn(&mut Connection, &Person, ExportCursor, i64) -> Result<Part>,
}

/// Columns that are not exported: secrets, encrypted ones and hashes, and the forms by which names are
/// unique.
const HIDDEN: &[&str] = &[
    "ciphertext",
    "digest",
    "email_key",
    "hash",
    "lease_token",
    "pepper_id",
    "stamp",
    "username_key",
];

#[derive(Serialize)]
struct Line<'a> {
    table: &'static str,
    row: BTreeMap<&'a str, &'a RawValue>,
}

/// Returns a row as a line of JSON, without the hidden columns.
pub(super) fn line<T: Serialize>(table: &'static str, row: &T) -> Result<String> {
    let write = || {
        let text = serde_json::to_string(row)?;
        let mut row: BTreeMap<&str, &RawValue> = serde_json::from_str(&text)?;
        row.retain(|column, _| !HIDDEN.contains(column));
        serde_json::to_string(&Line { table, row })
    };
    write().map_err(|error: serde_json::Error| {
        Error::internal(format!("a row of {table} is not JSON: {error}"))
    })
}

/// Returns the names of the exported tables.
pub fn tables() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().map(|section| section.table)
}

/// Returns a page of everything that is stored about a user. `None` means that the user does not
/// exist.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `cursor`; or an error of the database.
pub fn export(
    connection: &mut Connection,
    user_id: &str,
    limit: i64,
    cursor: Option<&str>,
) -> Result<Option<UserExport>> {
    check_limit(limit)?;
    let mut position = cursor.map_or(Ok(ExportCursor::default()), str::parse)?;
    let Some(person) = find_person(connection, user_id)? else { return Ok(None) };
    let (mut lines, mut bytes) = (Vec::new(), 0);
    loop {
        let Some(section) = SECTIONS.get(usize::from(position.section)) else {
            return Ok(Some(UserExport { lines, next_cursor: None }));
        };
        let left = limit - lines.len() as i64;
        if left <= 0 || bytes >= MAX_BYTES {
            return Ok(Some(UserExport { lines, next_cursor: Some(position.to_string()) }));
        }
        let part = (section.read)(connection, &person, position, left)?;
        bytes += part.lines.iter().map(String::len).sum::<usize>();
        lines.extend(part.lines);
        position = part
            .next
            .unwrap_or(ExportCursor { section: position.section + 1, ..ExportCursor::default() });
    }
}
