//! Values between Diesel and mysql_async. Diesel keeps them as libmysqlclient does (native byte order, its `MYSQL_TIME`),
//! mysql_async as an enum; only the types that our tables and statements use are known here.

use std::ops::Range;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::deserialize::FromSql;
use diesel::mysql::data_types::{MysqlTime, MysqlTimestampType};
use diesel::mysql::{Mysql, MysqlType, MysqlValue};
use diesel::result::Error as DieselError;
use diesel::row::{Field, PartialRow, Row, RowIndex, RowSealed};
use mysql_async::consts::ColumnType;
use mysql_async::{Params, Value};

/// The statement's values in the driver's form.
pub(super) fn to_params(types: &[MysqlType], binds: Vec<Option<Vec<u8>>>) -> QueryResult<Params> {
    if binds.is_empty() {
        return Ok(Params::Empty);
    }
    let values = types
        .iter()
        .zip(binds)
        .map(|(kind, bind)| bind.map_or(Ok(Value::NULL), |bytes| to_value(*kind, bytes)));
    Ok(Params::Positional(values.collect::<QueryResult<_>>()?))
}

/// The bytes that the row's values take.
pub(super) fn size(row: &mysql_async::Row) -> usize {
    (0..row.len())
        .map(|place| match row.as_ref(place) {
            Some(Value::Bytes(bytes)) => bytes.len(),
            _ => size_of::<Value>(),
        })
        .sum()
}

fn to_value(kind: MysqlType, bytes: Vec<u8>) -> QueryResult<Value> {
    let wrong =
        || DieselError::SerializationError(format!("a {kind:?} value of {} bytes", bytes.len()).into());
    Ok(match kind {
        MysqlType::Tiny => Value::Int(i64::from(*bytes.first().ok_or_else(wrong)? as i8)),
        MysqlType::Long => {
            Value::Int(i32::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?).into())
        }
        MysqlType::LongLong => {
            Value::Int(i64::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?))
        }
        MysqlType::Double => {
            Value::Double(f64::from_ne_bytes(bytes.as_slice().try_into().map_err(|_| wrong())?))
        }
        MysqlType::DateTime => {
            let value = MysqlValue::new(&bytes, kind);
            let time = <MysqlTime as FromSql<diesel::sql_types::Timestamp, Mysql>>::from_sql(value)
                .map_err(DieselError::SerializationError)?;
            let part = |number: u32| u8::try_from(number).map_err(|_| wrong());
            Value::Date(
                u16::try_from(time.year).map_err(|_| wrong())?,
                part(time.month)?,
                part(time.day)?,
                part(time.hour)?,
                part(time.minute)?,
                part(time.second)?,
                u32::try_from(time.second_part).map_err(|_| wrong())?,
            )
        }
        MysqlType::String | MysqlType::Blob => Value::Bytes(bytes),
        _ => {
            return Err(DieselError::SerializationError(format!("{kind:?} values are not used here").into()));
        }
    })
}

/// A row of an answer, its values in Diesel's form.
pub(crate) struct MysqlRow {
    row: mysql_async::Row,
    /// Numbers and times, written as Diesel wants them; text is borrowed from the row.
    converted: Vec<Converted>,
}

enum Converted {
    Null,
    /// Bytes in the row itself.
    Text,
    Number(MysqlType, [u8; 8]),
    Time([u8; size_of::<MysqlTime>()]),
}

impl MysqlRow {
    pub(super) fn new(row: mysql_async::Row) -> QueryResult<Self> {
        let converted = (0..row.len()).map(|at| convert(&row, at)).collect::<QueryResult<_>>()?;
        Ok(Self { row, converted })
    }
}

fn convert(row: &mysql_async::Row, at: usize) -> QueryResult<Converted> {
    Ok(match row.as_ref(at) {
        None | Some(Value::NULL) => Converted::Null,
        Some(Value::Bytes(bytes)) => {
            let kind = row.columns_ref()[at].column_type();
            // DECIMAL comes as text; sums are of that type. Diesel is told that it is text and nothing else.
            debug_assert!(kind != ColumnType::MYSQL_TYPE_BIT, "bit columns are not used: {bytes:?}");
            Converted::Text
        }
        Some(Value::Int(number)) => Converted::Number(MysqlType::LongLong, number.to_ne_bytes()),
        Some(Value::UInt(number)) => {
            let number =
                i64::try_from(*number).map_err(|error| DieselError::DeserializationError(Box::new(error)))?;
            Converted::Number(MysqlType::LongLong, number.to_ne_bytes())
        }
        Some(Value::Double(number)) => Converted::Number(MysqlType::Double, number.to_ne_bytes()),
        Some(Value::Float(number)) => Converted::Number(MysqlType::Double, f64::from(*number).to_ne_bytes()),
        Some(Value::Date(year, month, day, hour, minute, second, micro)) => {
            let time = MysqlTime::new(
                (*year).into(),
                (*month).into(),
                (*day).into(),
                (*hour).into(),
                (*minute).into(),
                (*second).into(),
                (*micro).into(),
                false,
                MysqlTimestampType::MYSQL_TIMESTAMP_DATETIME,
                0,
            );
            Converted::Time(time.serialize())
        }
        Some(Value::Time(..)) => {
            return Err(DieselError::DeserializationError("time-of-day columns are not used here".into()));
        }
    })
}

impl RowSealed for MysqlRow {}

impl<'a> Row<'a, Mysql> for MysqlRow {
    type Field<'f>
        = MysqlField<'f>
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
        Some(MysqlField { at: self.idx(index)?, row: self })
    }

    fn partial_row(&self, range: Range<usize>) -> PartialRow<'_, Self::InnerPartialRow> {
        PartialRow::new(self, range)
    }
}

impl RowIndex<usize> for MysqlRow {
    fn idx(&self, at: usize) -> Option<usize> {
        (at < self.row.len()).then_some(at)
    }
}

impl<'a> RowIndex<&'a str> for MysqlRow {
    fn idx(&self, name: &'a str) -> Option<usize> {
        self.row.columns_ref().iter().position(|column| column.name_ref() == name.as_bytes())
    }
}

/// One value of a row.
pub(crate) struct MysqlField<'a> {
    row: &'a MysqlRow,
    at: usize,
}

impl<'a> Field<'a, Mysql> for MysqlField<'a> {
    fn field_name(&self) -> Option<&str> {
        std::str::from_utf8(self.row.row.columns_ref()[self.at].name_ref()).ok()
    }

    fn value(&self) -> Option<<Mysql as Backend>::RawValue<'_>> {
        match &self.row.converted[self.at] {
            Converted::Null => None,
            Converted::Number(kind, bytes) => Some(MysqlValue::new(bytes, *kind)),
            Converted::Time(bytes) => Some(MysqlValue::new(bytes, MysqlType::DateTime)),
            Converted::Text => match self.row.row.as_ref(self.at) {
                Some(Value::Bytes(bytes)) => Some(MysqlValue::new(bytes, MysqlType::String)),
                _ => None,
            },
        }
    }
}
