//! Storage of [`Metadata`] and [`JsonValue`]: `JSONB` on PostgreSQL, `JSON` on MySQL, text on
//! SQLite and MariaDB. All engines transfer it as text.

use std::io::Write;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql};
use diesel::mysql::{Mysql, MysqlValue};
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sqlite::Sqlite;

use super::{JsonValue, Metadata, TextSet};
use crate::schema::Json;

/// The first byte of a `jsonb` value on the wire: the version of the format (PostgreSQL's
/// `jsonb_recv`).
const JSONB_VERSION: u8 = 1;

/// Implements the storage of types with `as_json` and `from_stored`.
macro_rules! stored_as_json {
    ($($value:ty),+) => {$(
        impl ToSql<Json, Sqlite> for $value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
                out.set_value(self.as_json());
                Ok(IsNull::No)
            }
        }

        impl FromSql<Json, Sqlite> for $value {
            fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self::from_stored(value.read_text())?)
            }
        }

        impl ToSql<Json, Pg> for $value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
                out.write_all(&[JSONB_VERSION])?;
                out.write_all(self.as_json().as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl FromSql<Json, Pg> for $value {
            fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
                match value.as_bytes() {
                    [JSONB_VERSION, text @ ..] => {
                        Ok(Self::from_stored(std::str::from_utf8(text)?)?)
                    }
                    _ => Err("the server sent jsonb in an unknown format".into()),
                }
            }
        }

        impl ToSql<Json, Mysql> for $value {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
                out.write_all(self.as_json().as_bytes())?;
                Ok(IsNull::No)
            }
        }

        impl FromSql<Json, Mysql> for $value {
            fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Self> {
                Ok(Self::from_stored(std::str::from_utf8(value.as_bytes())?)?)
            }
        }
    )+};
}

stored_as_json!(Metadata, JsonValue, TextSet);
