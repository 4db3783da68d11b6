//! Conversion of values between Diesel and tokio-postgres. Both use PostgreSQL's binary format, so
//! the bytes are passed through.

use std::error::Error;
use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::pg::{Pg, PgValue, TypeOidLookup};
use diesel::row::{Field, PartialRow, Row, RowIndex, RowSealed};
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// A value that Diesel has already encoded in the binary format.
#[derive(Debug)]
pub(super) struct Bind(pub(super) Option<Vec<u8>>);

impl ToSql for Bind {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match &self.0 {
            Some(bytes) => {
                out.extend_from_slice(bytes);
                Ok(IsNull::No)
            }
            None => Ok(IsNull::Yes),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Diesel checked the types at compile time, and the statement was prepared with them.
        true
    }

    to_sql_checked!();
}

/// A row of a result.
pub(crate) struct PgRow {
    row: tokio_postgres::Row,
    /// The columns' types in Diesel's representation, shared by all rows of a result.
    types: Arc<[Oid]>,
}

struct Oid(NonZeroU32);

impl TypeOidLookup for Oid {
    fn lookup(&self) -> NonZeroU32 {
        self.0
    }
}

/// All rows of a result.
pub(crate) struct PgRows {
    rows: std::vec::IntoIter<tokio_postgres::Row>,
    types: Arc<[Oid]>,
}

impl PgRows {
    pub(super) fn new(rows: Vec<tokio_postgres::Row>) -> Self {
        let columns = rows.first().map(tokio_postgres::Row::columns).unwrap_or_default();
        let oid = |column: &tokio_postgres::Column| {
            NonZeroU32::new(column.type_().oid()).unwrap_or(NonZeroU32::MIN)
        };
        Self {
            types: columns.iter().map(|column| Oid(oid(column))).collect(),
            rows: rows.into_iter(),
        }
    }
}

impl Iterator for PgRows {
    type Item = diesel::QueryResult<PgRow>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|row| Ok(PgRow { row, types: Arc::clone(&self.types) }))
    }
}

impl RowSealed for PgRow {}

impl<'a> Row<'a, Pg> for PgRow {
    type Field<'f>
        = PgField<'f>
    where
        'a: 'f,
        Self: 'f;
    type InnerPartialRow = Self;

    fn field_count(&self) -> usize {
        self.row.len()
    }

    fn get<'b, I>(&'b self, index: I) -> Option<Self::Field<'b>>
    where
        'a: 'b,
        Self: RowIndex<I>,
    {
        Some(PgField { at: self.idx(index)?, row: self })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for PgRow {
    fn idx(&self, at: usize) -> Option<usize> {
        (at < self.row.len()).then_some(at)
    }
}

impl<'a> RowIndex<&'a str> for PgRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.row.columns().iter().position(|column| column.name() == name)
    }
}

/// One value of a row.
pub(crate) struct PgField<'a> {
    row: &'a PgRow,
    at: usize,
}

impl<'a> Field<'a, Pg> for PgField<'a> {
    fn field_name(&self) -> Option<&str> {
        Some(self.row.row.columns()[self.at].name())
    }

    fn value(&self) -> Option<<Pg as Backend>::RawValue<'_>> {
        let Raw(bytes) = self.row.row.get(self.at);
        bytes.map(|bytes| PgValue::new(bytes, &self.row.types[self.at]))
    }
}

/// A value's bytes as the server sent them.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
