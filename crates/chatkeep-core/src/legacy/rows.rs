//! Rows, as they really are.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::file::{LegacyFile, named};
use super::shape::LegacyTable;
use super::text::{BrokenText, Encoding};
use super::unknown;
use crate::error::{Error, Result};
use crate::fault;

/// So many rows are read at a time.
const MAX_ROWS: usize = 200;

/// A value, and SQLite's word on its type.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text, in whatever encoding the file keeps it.
    Text(String),
    /// What was stored as text, and is none.
    BrokenText(BrokenText),
    /// What was stored as binary data.
    Blob(Vec<u8>),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RawRow {
    /// SQLite's own number of the row, which is its `id` where that is the primary key.
    pub rowid: i64,
    /// The values, in the order of [`Shape::columns`](super::Shape::columns).
    pub values: Vec<RawValue>,
    /// What the columns without a place here hold, in the order of [`LegacyTable::unknown`].
    pub unknown: Vec<RawValue>,
}

/// Up to eight columns: what a shape has fewer is NULL.
#[derive(QueryableByName)]
struct Columns {
    #[diesel(sql_type = BigInt)]
    number: i64,
    #[diesel(sql_type = Text)]
    types: String,
    #[diesel(sql_type = Nullable<Binary>)]
    v0: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v1: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v2: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v3: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v4: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v5: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v6: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    v7: Option<Vec<u8>>,
    #[diesel(sql_type = Text)]
    unknown: String,
}

const MOST_COLUMNS: usize = 8;

impl LegacyFile {
    /// The next rows of a table behind this row's number (`None` from the beginning), in the order of their numbers; none
    /// at the end.
    ///
    /// # Errors
    /// `Corrupt` when the file is damaged.
    pub fn rows(&mut self, table: &LegacyTable, behind: Option<i64>) -> Result<Vec<RawRow>> {
        let number = table.row_number();
        let which = behind.map_or_else(String::new, |row| format!("WHERE {number} > {row} "));
        self.select(table, &format!("{which}ORDER BY {number} LIMIT {MAX_ROWS}"))
    }

    /// The rows of a table with these numbers, in their order.
    ///
    /// # Errors
    /// As [`LegacyFile::rows`].
    pub fn rows_numbered(&mut self, table: &LegacyTable, rowids: &[i64]) -> Result<Vec<RawRow>> {
        let number = table.row_number();
        let mut rows = Vec::with_capacity(rowids.len());
        for numbers in rowids.chunks(MAX_ROWS) {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            let which = format!("WHERE {number} IN ({}) ORDER BY {number}", numbers.join(", "));
            rows.extend(self.select(table, &which)?);
        }
        Ok(rows)
    }

    fn select(&mut self, table: &LegacyTable, which: &str) -> Result<Vec<RawRow>> {
        let columns = table.shape.columns();
        let types: Vec<_> =
            columns.iter().map(|name| format!("substr(typeof({name}), 1, 1)")).collect();
        // Everything travels as bytes, as it stands in the file: what is text nobody has seen to.
        let values = (0..MOST_COLUMNS).map(|place| match columns.get(place) {
            Some(name) => format!("CAST({name} AS BLOB) AS v{place}"),
            None => format!("NULL AS v{place}"),
        });
        let sql = format!(
            "SELECT {} AS number, {} AS types, {}, {} AS unknown FROM {} {which}",
            table.row_number(),
            types.join(" || "),
            values.collect::<Vec<_>>().join(", "),
            unknown::as_sql(&table.unknown),
            table.shape.table()
        );
        let rows =
            sql_query(sql).load::<Columns>(&mut self.connection).map_err(fault::sqlite::error);
        let rows = rows.map_err(|error| named(error, &self.path().display().to_string()))?;
        rows.into_iter().map(|row| raw(row, columns.len(), self.encoding)).collect()
    }
}

fn raw(row: Columns, columns: usize, encoding: Encoding) -> Result<RawRow> {
    let rowid = row.number;
    let bytes = [row.v0, row.v1, row.v2, row.v3, row.v4, row.v5, row.v6, row.v7];
    let values = row.types.bytes().zip(bytes).take(columns);
    let values = values
        .map(|(letter, bytes)| value(letter, bytes.unwrap_or_default(), encoding))
        .collect::<Option<_>>();
    let unknown = unknown::values(&row.unknown, encoding);
    let Some((values, unknown)) = values.zip(unknown) else {
        return Err(Error::internal("SQLite gave a value that is none"));
    };
    Ok(RawRow { rowid, values, unknown })
}

/// By the first letter of the type's name. Numbers come in the file's encoding as well.
pub(super) fn value(letter: u8, bytes: Vec<u8>, encoding: Encoding) -> Option<RawValue> {
    Some(match letter {
        b'n' => RawValue::Null,
        b'i' => RawValue::Integer(encoding.read(bytes).ok()?.parse().ok()?),
        b'r' => RawValue::Real(encoding.read(bytes).ok()?.parse().ok()?),
        b't' => match encoding.read(bytes) {
            Ok(text) => RawValue::Text(text),
            Err(broken) => RawValue::BrokenText(broken),
        },
        _ => RawValue::Blob(bytes),
    })
}
