//! SQL types that differ by engine. Their values are [`crate::Timestamp`], [`crate::Metadata`] and text.

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{SqlType, Text};

/// A moment in UTC: text on SQLite, `timestamp` on PostgreSQL, `datetime(6)` on MySQL.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 1114, array_oid = 1115))]
#[diesel(mysql_type(name = "DateTime"))]
pub struct Moment;

/// A JSON document: text on SQLite and MariaDB, `jsonb` on PostgreSQL, `json` on MySQL.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(mysql_type(name = "String"))]
pub struct Json;

/// Text of a fixed length: `character(n)` on the servers. PostgreSQL would compare such a column with text by making text of
/// every row, past the index.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 1042, array_oid = 1014))]
#[diesel(mysql_type(name = "String"))]
pub struct Character;

impl diesel::sql_types::SqlOrd for Moment {}

/// A value for such a column.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Character)]
pub(crate) struct Characters<'a>(pub(crate) &'a str);

impl<DB: Backend> ToSql<Character, DB> for Characters<'_>
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<Text, DB>::to_sql(self.0, out)
    }
}

/// A value of such a column.
#[derive(FromSqlRow)]
pub struct OwnedCharacters(String);

impl<DB: Backend> FromSql<Character, DB> for OwnedCharacters
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Text, DB>::from_sql(bytes).map(Self)
    }
}

impl From<OwnedCharacters> for String {
    fn from(OwnedCharacters(text): OwnedCharacters) -> Self {
        text
    }
}
