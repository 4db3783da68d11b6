//! Rows, as they really are.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::file::{LegacyFile, named};
use super::shape::Shape;
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
    /// What was stored as text; it need not be UTF-8.
    Text(Vec<u8>),
    /// What was stored as binary data.
    Blob(Vec<u8>),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RawRow {
    /// SQLite's own number of the row, which is its `id` where that is the primary key.
    pub rowid: i64,
    /// The values, in the order of [`Shape::columns`].
    pub values: Vec<RawValue>,
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
}

const MOST_COLUMNS: usize = 8;

impl LegacyFile {
    /// The next rows of a table behind this row's number (`None` from the beginning), in the order of their numbers; none
    /// at the end.
    ///
    /// # Errors
    /// `Corrupt` when the file is damaged.
    pub fn rows(&mut self, shape: Shape, behind: Option<i64>) -> Result<Vec<RawRow>> {
        let which = behind.map_or_else(String::new, |row| format!("WHERE rowid > {row} "));
        self.select(shape, &format!("{which}ORDER BY rowid LIMIT {MAX_ROWS}"))
    }

    /// The rows of a table with these numbers, in their order.
    ///
    /// # Errors
    /// As [`LegacyFile::rows`].
    pub fn rows_numbered(&mut self, shape: Shape, rowids: &[i64]) -> Result<Vec<RawRow>> {
        let mut rows = Vec::with_capacity(rowids.len());
        for numbers in rowids.chunks(MAX_ROWS) {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            rows.extend(
                self.select(shape, &format!("WHERE rowid IN ({}) ORDER BY rowid", numbers.join(", ")))?,
            );
        }
        Ok(rows)
    }

    fn select(&mut self, shape: Shape, which: &str) -> Result<Vec<RawRow>> {
        let columns = shape.columns();
        let types: Vec<_> = columns.iter().map(|name| format!("substr(typeof({name}), 1, 1)")).collect();
        // Everything travels as bytes: as text it would have to be UTF-8, which nobody has seen to.
        let values = (0..MOST_COLUMNS).map(|place| match columns.get(place) {
            Some(name) => format!("CAST({name} AS BLOB) AS v{place}"),
            None => format!("NULL AS v{place}"),
        });
        let sql = format!(
            "SELECT rowid AS number, {} AS types, {} FROM {} {which}",
            types.join(" || "),
            values.collect::<Vec<_>>().join(", "),
            shape.table()
        );
        let rows = sql_query(sql).load::<Columns>(&mut self.connection).map_err(fault::sqlite::error);
        let rows = rows.map_err(|error| named(error, &self.path().display().to_string()))?;
        rows.into_iter().map(|row| raw(row, columns.len())).collect()
    }
}

fn raw(row: Columns, columns: usize) -> Result<RawRow> {
    let rowid = row.number;
    let bytes = [row.v0, row.v1, row.v2, row.v3, row.v4, row.v5, row.v6, row.v7];
    let values = row.types.bytes().zip(bytes).take(columns);
    let values =
        values.map(|(letter, bytes)| value(letter, bytes.unwrap_or_default())).collect::<Option<_>>();
    let values = values.ok_or_else(|| Error::internal("SQLite gave a number that is none"))?;
    Ok(RawRow { rowid, values })
}

/// By the first letter of the type's name.
fn value(letter: u8, bytes: Vec<u8>) -> Option<RawValue> {
    let number = || std::str::from_utf8(&bytes).ok();
    Some(match letter {
        b'n' => RawValue::Null,
        b'i' => RawValue::Integer(number()?.parse().ok()?),
        b'r' => RawValue::Real(number()?.parse().ok()?),
        b't' => RawValue::Text(bytes),
        _ => RawValue::Blob(bytes),
    })
}
