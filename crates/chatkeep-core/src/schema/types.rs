//! SQL types that differ by engine. Their values are [`crate::Timestamp`] and [`crate::Metadata`].

use diesel::query_builder::QueryId;
use diesel::sql_types::SqlType;

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

impl diesel::sql_types::SqlOrd for Moment {}
