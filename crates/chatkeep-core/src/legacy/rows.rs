//! Raw rows of legacy files.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};
use diesel::{QueryableByName, RunQueryDsl, sql_query};

use super::file::{LegacyFile, named};
use super::shape::LegacyTable;
use super::text::{BrokenText, Encoding};
use super::unknown;
use crate::db_error;
use crate::error::{Error, Result};

/// Maximum number of rows per query.
const MAX_ROWS: usize = 200;

/// A value with its SQLite storage class.
#[derive(Debug, Clone, PartialEq)]
pub enum RawValue {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text, decoded from the file's encoding.
    Text(String),
    /// A value stored as text that is not valid text.
    BrokenText(BrokenText),
    /// Binary data.
    Blob(Vec<u8>),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RawRow {
    /// SQLite's rowid, which equals `id` if that is the primary key.
    pub rowid: i64,
    /// Values in the order of [`Shape::columns`](super::Shape::columns).
    pub values: Vec<RawValue>,
    /// Values of unknown columns, in the order of [`LegacyTable::unknown`].
    pub unknown: Vec<RawValue>,
}

/// Up to eight columns. Columns that a shape does not have are NULL.
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

const MAX_COLUMNS: usize = 8;

impl LegacyFile {
    /// Returns the next rows of a table after this rowid (`None` for the first), by ascending
    /// rowid; an empty list at the end.
    ///
    /// # Errors
    /// `Corrupt` if the file is damaged.
    pub fn rows(&mut self, table: &LegacyTable, after: Option<i64>) -> Result<Vec<RawRow>> {
        let number = table.row_number();
        let condition = after.map_or_else(String::new, |row| format!("WHERE {number} > {row} "));
        self.select(table, &format!("{condition}ORDER BY {number} LIMIT {MAX_ROWS}"))
    }

    /// Returns the rows of a table with these rowids, in ascending order within each chunk of 200.
    ///
    /// # Errors
    /// `Corrupt` if the file is damaged.
    pub fn rows_numbered(&mut self, table: &LegacyTable, rowids: &[i64]) -> Result<Vec<RawRow>> {
        let number = table.row_number();
        let mut rows = Vec::with_capacity(rowids.len());
        for numbers in rowids.chunks(MAX_ROWS) {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            let condition = format!("WHERE {number} IN ({}) ORDER BY {number}", numbers.join(", "));
            rows.extend(self.select(table, &condition)?);
        }
        Ok(rows)
    }

    fn select(&mut self, table: &LegacyTable, condition: &str) -> Result<Vec<RawRow>> {
        let columns = table.shape.columns();
        let types: Vec<_> =
            columns.iter().map(|name| format!("substr(typeof({name}), 1, 1)")).collect();
        // All values are read as bytes, because text in the file may be invalid.
        let values = (0..MAX_COLUMNS).map(|index| match columns.get(index) {
            Some(name) => format!("CAST({name} AS BLOB) AS v{index}"),
            None => format!("NULL AS v{index}"),
        });
        let sql = format!(
            "SELECT {} AS number, {} AS types, {}, {} AS unknown FROM {} {condition}",
            table.row_number(),
            types.join(" || "),
            values.collect::<Vec<_>>().join(", "),
            unknown::as_sql(&table.unknown),
            table.shape.table()
        );
        let rows =
            sql_query(sql).load::<Columns>(&mut self.connection).map_err(db_error::sqlite::error);
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
        return Err(Error::internal("SQLite returned an invalid value"));
    };
    Ok(RawRow { rowid, values, unknown })
}

/// Decodes a value by the first letter of its type. Numbers are text in the file's encoding.
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
