//! Storage of [`Timestamp`]: text on SQLite, `timestamp` on PostgreSQL, `datetime(6)` on MySQL.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::mysql::data_types::{MysqlTime, MysqlTimestampType};
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types;
use diesel::sqlite::Sqlite;

use super::Timestamp;
use crate::schema::UtcTimestamp;

/// PostgreSQL counts microseconds from 2000-01-01 (its manual, "Date/Time Types").
const POSTGRESQL_EPOCH: i64 = 946_684_800_000_000;

impl ToSql<UtcTimestamp, Sqlite> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(String::from_utf8_lossy(&self.sortable(b' ')).into_owned());
        Ok(IsNull::No)
    }
}

impl FromSql<UtcTimestamp, Sqlite> for Timestamp {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = value.read_text();
        match Self::from_sortable(text.as_bytes()) {
            Some(timestamp) => Ok(timestamp),
            // Another program wrote it in another format.
            None => Ok(Self::parse(text)?),
        }
    }
}

impl Timestamp {
    /// Returns the number that PostgreSQL stores.
    pub(crate) fn as_postgresql(self) -> i64 {
        self.as_microsecond() - POSTGRESQL_EPOCH
    }
}

impl ToSql<UtcTimestamp, Pg> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let since = self.as_postgresql();
        <i64 as ToSql<sql_types::BigInt, Pg>>::to_sql(&since, &mut out.reborrow())
    }
}

impl FromSql<UtcTimestamp, Pg> for Timestamp {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let since = <i64 as FromSql<sql_types::BigInt, Pg>>::from_sql(value)?;
        Ok(Self::from_stored(since.saturating_add(POSTGRESQL_EPOCH)))
    }
}

impl ToSql<UtcTimestamp, Mysql> for Timestamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        let civil = self.civil();
        let time = MysqlTime::new(
            civil.year().unsigned_abs().into(),
            civil.month().unsigned_abs().into(),
            civil.day().unsigned_abs().into(),
            civil.hour().unsigned_abs().into(),
            civil.minute().unsigned_abs().into(),
            civil.second().unsigned_abs().into(),
            (civil.subsec_nanosecond().unsigned_abs() / 1000).into(),
            false,
            MysqlTimestampType::MYSQL_TIMESTAMP_DATETIME,
            0,
        );
        <MysqlTime as ToSql<sql_types::Timestamp, Mysql>>::to_sql(&time, &mut out.reborrow())
    }
}

impl FromSql<UtcTimestamp, Mysql> for Timestamp {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
        let time = <MysqlTime as FromSql<sql_types::Timestamp, Mysql>>::from_sql(value)?;
        let civil = jiff::civil::DateTime::new(
            i16::try_from(time.year)?,
            i8::try_from(time.month)?,
            i8::try_from(time.day)?,
            i8::try_from(time.hour)?,
            i8::try_from(time.minute)?,
            i8::try_from(time.second)?,
            i32::try_from(time.second_part)? * 1000,
        )?;
        Ok(Self::from_civil(civil)?)
    }
}
