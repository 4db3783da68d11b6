//! The tasks that a claim takes on MySQL and MariaDB. The index is named, because a locking read of
//! another one would lock tasks that the claim does not take.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::due::BY_PRIORITY;
use crate::connection::MysqlConnection;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// The ids of the first due tasks of a kind and priority, in the order of claims.
pub(super) struct DueIds<'a> {
    pub(super) kind: &'a str,
    pub(super) priority: i32,
    pub(super) now: Timestamp,
    pub(super) limit: i64,
    pub(super) offset: i64,
    /// Whether the tasks are locked. Those that another transaction has locked are skipped.
    pub(super) locked: bool,
}

impl QueryId for DueIds<'_> {
    type QueryId = ();
    // The SQL depends on the values, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for DueIds<'_> {
    type SqlType = BigInt;
}

impl QueryFragment<Mysql> for DueIds<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql("SELECT id FROM chat_tasks");
        out.push_sql(BY_PRIORITY);
        out.push_sql(" WHERE status = 'queued' AND kind = ");
        out.push_bind_param::<Text, str>(self.kind)?;
        out.push_sql(" AND priority = ");
        out.push_bind_param::<Integer, _>(&self.priority)?;
        out.push_sql(" AND run_at <= ");
        out.push_bind_param::<UtcTimestamp, _>(&self.now)?;
        out.push_sql(" ORDER BY run_at, id LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.offset)?;
        if self.locked {
            out.push_sql(" FOR UPDATE SKIP LOCKED");
        }
        Ok(())
    }
}

impl RunQueryDsl<MysqlConnection> for DueIds<'_> {}
