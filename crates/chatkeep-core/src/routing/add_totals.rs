//! Adding to totals that may exist.

use std::sync::LazyLock;

use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

use super::measures::MEASURES;
use super::totals::{Key, Total, Totals};
use crate::connection::{Connection, MysqlConnection, PgConnection, Session, SqliteSession};
use crate::error::Result;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// Maximum number of totals that one statement changes. MySQL allows 65,535 values.
const MAX_ROWS: usize = 500;

/// The start of an insert, up to the columns.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let sums = MEASURES.join(", ");
    format!(
        "INSERT INTO chat_routing_totals (minutes, start, provider, model, source, shard, {sums}, \
         last_request_at, last_failure_at) "
    )
});
/// The end of an insert on SQLite and PostgreSQL, which adds to an existing row.
static ON_CONFLICT: LazyLock<String> = LazyLock::new(|| {
    let changes = changes("chat_routing_totals.", |column| format!("excluded.{column}"));
    format!(" ON CONFLICT (minutes, start, provider, model, source, shard) DO UPDATE SET {changes}")
});
/// The end of an insert on MySQL and MariaDB.
static ON_DUPLICATE: LazyLock<String> = LazyLock::new(|| {
    let changes = changes("", |column| format!("VALUES({column})"));
    format!(" ON DUPLICATE KEY UPDATE {changes}")
});

fn changes(table: &str, given: impl Fn(&str) -> String) -> String {
    let mut changes: Vec<_> = MEASURES
        .iter()
        .map(|column| format!("{column} = {table}{column} + {}", given(column)))
        .collect();
    for column in ["last_request_at", "last_failure_at"] {
        let (current, given) = (format!("{table}{column}"), given(column));
        changes.push(format!(
            "{column} = CASE WHEN {current} IS NULL OR {given} > {current} \
             THEN {given} ELSE {current} END"
        ));
    }
    changes.join(", ")
}

/// A total to add.
type Row<'a> = (&'a Key, &'a Total);

/// Adds to the stored totals, in the caller's transaction.
pub(super) fn add_totals(connection: &mut Connection, totals: &Totals) -> Result<()> {
    let rows: Vec<Row<'_>> = totals.0.iter().collect();
    for rows in rows.chunks(MAX_ROWS) {
        let added = match &mut connection.session {
            Session::Sqlite(c) => rows.iter().try_for_each(|row| OneRow(*row).execute(c).map(drop)),
            Session::PostgreSql(c) => TotalArrays::new(rows).execute(c.as_mut()).map(drop),
            Session::MySql(c) => ManyRows(rows).execute(c.as_mut()).map(drop),
        };
        added.map_err(|error| connection.insert_error(error))?;
    }
    Ok(())
}

/// Adds the values of a row to a statement, in the order of the columns.
macro_rules! push_values {
    ($out:ident, $key:ident, $total:ident) => {{
        $out.push_bind_param::<Integer, _>(&$key.minutes)?;
        $out.push_sql(", ");
        $out.push_bind_param::<UtcTimestamp, _>(&$key.start)?;
        for text in [&$key.provider, &$key.model, &$key.source] {
            $out.push_sql(", ");
            $out.push_bind_param::<Text, _>(text)?;
        }
        $out.push_sql(", ");
        $out.push_bind_param::<Integer, _>(&$key.shard)?;
        for sum in $total.sums.as_refs() {
            $out.push_sql(", ");
            $out.push_bind_param::<BigInt, _>(sum)?;
        }
        $out.push_sql(", ");
        $out.push_bind_param::<UtcTimestamp, _>(&$total.last_request_at)?;
        $out.push_sql(", ");
        $out.push_bind_param::<Nullable<UtcTimestamp>, _>(&$total.last_failure_at)?;
    }};
}

/// The insert of a row on SQLite, which stays prepared.
struct OneRow<'a>(Row<'a>);

impl QueryId for OneRow<'_> {
    type QueryId = OneRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Sqlite> for OneRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let (key, total) = self.0;
        out.push_sql(&INSERT);
        out.push_sql("VALUES (");
        push_values!(out, key, total);
        out.push_sql(")");
        out.push_sql(&ON_CONFLICT);
        Ok(())
    }
}

impl RunQueryDsl<SqliteSession> for OneRow<'_> {}

/// The insert of several rows on MySQL and MariaDB. Its text depends only on their number.
struct ManyRows<'a>(&'a [Row<'a>]);

impl QueryId for ManyRows<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for ManyRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(&INSERT);
        for (index, (key, total)) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "VALUES (" } else { ", (" });
            push_values!(out, key, total);
            out.push_sql(")");
        }
        out.push_sql(&ON_DUPLICATE);
        Ok(())
    }
}

impl RunQueryDsl<MysqlConnection> for ManyRows<'_> {}

/// The insert of any number of rows on PostgreSQL, which stays prepared, because each column is sent
/// as one array.
pub(super) struct TotalArrays<'a> {
    minutes: Vec<i32>,
    start: Vec<Timestamp>,
    provider: Vec<&'a str>,
    model: Vec<&'a str>,
    source: Vec<&'a str>,
    shard: Vec<i32>,
    sums: Vec<Vec<i64>>,
    last_request_at: Vec<Timestamp>,
    last_failure_at: Vec<Option<Timestamp>>,
}

impl<'a> TotalArrays<'a> {
    pub(super) fn new(rows: &[Row<'a>]) -> Self {
        let sum = |column: usize| rows.iter().map(move |(_, total)| total.sums.values()[column]);
        Self {
            minutes: rows.iter().map(|(key, _)| key.minutes).collect(),
            start: rows.iter().map(|(key, _)| key.start).collect(),
            provider: rows.iter().map(|(key, _)| &*key.provider).collect(),
            model: rows.iter().map(|(key, _)| &*key.model).collect(),
            source: rows.iter().map(|(key, _)| &*key.source).collect(),
            shard: rows.iter().map(|(key, _)| key.shard).collect(),
            sums: (0..MEASURES.len()).map(|column| sum(column).collect()).collect(),
            last_request_at: rows.iter().map(|(_, total)| total.last_request_at).collect(),
            last_failure_at: rows.iter().map(|(_, total)| total.last_failure_at).collect(),
        }
    }
}

impl QueryId for TotalArrays<'_> {
    type QueryId = TotalArrays<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for TotalArrays<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(&INSERT);
        // The rows are locked in the order of the arrays.
        out.push_sql("SELECT * FROM unnest(");
        out.push_bind_param::<Array<Integer>, _>(&self.minutes)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.start)?;
        for texts in [&self.provider, &self.model, &self.source] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Integer>, _>(&self.shard)?;
        for sums in &self.sums {
            out.push_sql(", ");
            out.push_bind_param::<Array<BigInt>, _>(sums)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.last_request_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<UtcTimestamp>>, _>(&self.last_failure_at)?;
        out.push_sql(")");
        out.push_sql(&ON_CONFLICT);
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for TotalArrays<'_> {}
