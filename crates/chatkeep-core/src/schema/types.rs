//! SQL types that differ by engine. Their values are [`crate::Timestamp`], [`crate::Metadata`]
//! and text.

use std::fmt;

use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{SqlType, Text};

/// A UTC timestamp: text on SQLite, `timestamp` on PostgreSQL, `datetime(6)` on MySQL.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 1114, array_oid = 1115))]
#[diesel(mysql_type(name = "DateTime"))]
pub struct UtcTimestamp;

/// A JSON document: text on SQLite and MariaDB, `jsonb` on PostgreSQL, `json` on MySQL.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(mysql_type(name = "String"))]
pub struct Json;

/// Text of a fixed length: `character(n)` on the servers. When PostgreSQL compares such a column
/// with a `text` value, it converts every row to text and does not use the index.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Text"))]
#[diesel(postgres_type(oid = 1042, array_oid = 1014))]
#[diesel(mysql_type(name = "String"))]
pub struct Character;

impl diesel::sql_types::SqlOrd for UtcTimestamp {}

/// A value of a [`Character`] column.
#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = Character)]
pub struct Characters<S>(pub(crate) S);

impl<S, DB> ToSql<Character, DB> for Characters<S>
where
    S: fmt::Debug + AsRef<str>,
    DB: Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        ToSql::<Text, DB>::to_sql(self.0.as_ref(), out)
    }
}

impl<DB: Backend> FromSql<Character, DB> for Characters<String>
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        FromSql::<Text, DB>::from_sql(bytes).map(Self)
    }
}

impl From<String> for Characters<String> {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<Characters<Self>> for String {
    fn from(Characters(text): Characters<Self>) -> Self {
        text
    }
}
