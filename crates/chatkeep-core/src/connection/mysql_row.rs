//! Conversion of values between Diesel and mysql_async.
//!
//! Diesel uses libmysqlclient's representation (native byte order, its `MYSQL_TIME`), mysql_async
//! an enum. Only the types that chatkeep's tables and statements use are supported.

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

/// Converts a statement's values to the driver's representation.
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

/// Returns the size of the row's values in bytes.
pub(super) fn size(row: &mysql_async::Row) -> usize {
    (0..row.len())
        .map(|index| match row.as_ref(index) {
            Some(Value::Bytes(bytes)) => bytes.len(),
            _ => size_of::<Value>(),
        })
        .sum()
}

fn to_value(kind: MysqlType, bytes: Vec<u8>) -> QueryResult<Value> {
    let wrong = || {
        DieselError::SerializationError(
            format!("cannot encode a {kind:?} value of {} bytes", bytes.len()).into(),
        )
    };
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
            return Err(DieselError::SerializationError(
                format!("{kind:?} values are not supported").into(),
            ));
        }
    })
}

/// A row of a result, with values in Diesel's representation.
pub(crate) struct MysqlRow {
    row: mysql_async::Row,
    /// Numbers and times in Diesel's representation; text is borrowed from the row.
    converted: Vec<Converted>,
}

enum Converted {
    Null,
    /// Bytes stored in the row.
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
        Some(Value::Bytes(bytes)) => from_text(row.columns_ref()[at].column_type(), bytes)?,
        Some(Value::Int(number)) => Converted::Number(MysqlType::LongLong, number.to_ne_bytes()),
        Some(Value::UInt(number)) => {
            let number = i64::try_from(*number)
                .map_err(|error| DieselError::DeserializationError(Box::new(error)))?;
            Converted::Number(MysqlType::LongLong, number.to_ne_bytes())
        }
        Some(Value::Double(number)) => Converted::Number(MysqlType::Double, number.to_ne_bytes()),
        Some(Value::Float(number)) => {
            Converted::Number(MysqlType::Double, f64::from(*number).to_ne_bytes())
        }
        Some(Value::Date(year, month, day, hour, minute, second, micro)) => time([
            (*year).into(),
            (*month).into(),
            (*day).into(),
            (*hour).into(),
            (*minute).into(),
            (*second).into(),
            *micro,
        ]),
        Some(Value::Time(..)) => {
            return Err(DieselError::DeserializationError(
                "time-of-day columns are not supported".into(),
            ));
        }
    })
}

fn time([year, month, day, hour, minute, second, micro]: [u32; 7]) -> Converted {
    let kind = MysqlTimestampType::MYSQL_TIMESTAMP_DATETIME;
    let time = MysqlTime::new(year, month, day, hour, minute, second, micro.into(), false, kind, 0);
    Converted::Time(time.serialize())
}

/// Converts a value that the server sent as text. Only prepared statements return numbers and times
/// in binary form.
///
/// DECIMAL values are always sent as text and are passed to Diesel as text; sums have that type.
fn from_text(kind: ColumnType, bytes: &[u8]) -> QueryResult<Converted> {
    let wrong =
        || DieselError::DeserializationError(format!("cannot decode a {kind:?} value").into());
    let text = || std::str::from_utf8(bytes).map_err(|_| wrong());
    Ok(match kind {
        ColumnType::MYSQL_TYPE_TINY
        | ColumnType::MYSQL_TYPE_SHORT
        | ColumnType::MYSQL_TYPE_INT24
        | ColumnType::MYSQL_TYPE_LONG
        | ColumnType::MYSQL_TYPE_LONGLONG => {
            let number: i64 = text()?.parse().map_err(|_| wrong())?;
            Converted::Number(MysqlType::LongLong, number.to_ne_bytes())
        }
        ColumnType::MYSQL_TYPE_FLOAT | ColumnType::MYSQL_TYPE_DOUBLE => {
            let number: f64 = text()?.parse().map_err(|_| wrong())?;
            Converted::Number(MysqlType::Double, number.to_ne_bytes())
        }
        ColumnType::MYSQL_TYPE_DATETIME
        | ColumnType::MYSQL_TYPE_TIMESTAMP
        | ColumnType::MYSQL_TYPE_DATE => time(time_parts(text()?).ok_or_else(wrong)?),
        _ => Converted::Text,
    })
}

/// Parses `2024-12-31 23:59:59.123456` into its parts. The time and the fraction are optional.
fn time_parts(text: &str) -> Option<[u32; 7]> {
    let mut parts = [0; 7];
    for (part, digits) in parts.iter_mut().zip(text.split(['-', ' ', ':', '.'])) {
        *part = digits.parse().ok()?;
    }
    if let Some((_, fraction)) = text.split_once('.') {
        parts[6] *= 10_u32.checked_pow(6_u32.checked_sub(u32::try_from(fraction.len()).ok()?)?)?;
    }
    Some(parts)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_parts_are_parsed_from_text() {
        assert_eq!(
            time_parts("2024-12-31 23:59:59.123456"),
            Some([2024, 12, 31, 23, 59, 59, 123_456])
        );
        assert_eq!(time_parts("2024-12-31 23:59:59.5"), Some([2024, 12, 31, 23, 59, 59, 500_000]));
        assert_eq!(time_parts("1000-01-01"), Some([1000, 1, 1, 0, 0, 0, 0]));
        assert_eq!(time_parts("2024-12-31 23:59:59.1234567"), None);
        assert_eq!(time_parts("never"), None);
    }
}
