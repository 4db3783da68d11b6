//! Pages on MySQL and MariaDB.
//!
//! MySQL cannot sort rows whose JSON exceeds the sort buffer (error 1038), so the server sorts only
//! ids, or the index that has the order is named.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::rows::graph_memories;
use super::search::Page;
use crate::connection::MysqlConnection;
use crate::schema::UtcTimestamp;

/// The latest items, in any order.
pub(super) struct LatestRows<'a>(pub(super) &'a Page<'a>);

/// A page of items in the order of their keys.
pub(super) struct RowsByKey<'a>(pub(super) &'a Page<'a>);

impl QueryId for LatestRows<'_> {
    type QueryId = ();
    // The SQL depends on the values, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryId for RowsByKey<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for LatestRows<'_> {
    type SqlType = graph_memories::SqlType;
}

impl Query for RowsByKey<'_> {
    type SqlType = graph_memories::SqlType;
}

/// Adds the condition that an item exists in the range of a page.
fn push_existing<'b>(page: &'b Page<'_>, out: &mut AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
    out.push_sql(" WHERE namespace >= ");
    out.push_bind_param::<Text, String>(&page.range.start)?;
    if let Some(end) = &page.range.end {
        out.push_sql(" AND namespace < ");
        out.push_bind_param::<Text, String>(end)?;
    }
    out.push_sql(" AND (expires_at IS NULL OR expires_at > ");
    out.push_bind_param::<UtcTimestamp, _>(&page.now)?;
    out.push_sql(")");
    Ok(())
}

impl QueryFragment<Mysql> for LatestRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(
            "SELECT found.id, found.namespace, found.item_key, found.value, found.created_at, \
             found.updated_at, found.expires_at, found.ttl_seconds \
             FROM (SELECT id FROM graph_memories",
        );
        push_existing(self.0, &mut out)?;
        out.push_sql(" ORDER BY updated_at DESC, id DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.0.limit)?;
        out.push_sql(" OFFSET ");
        out.push_bind_param::<BigInt, _>(&self.0.offset)?;
        out.push_sql(") AS page JOIN graph_memories AS found ON found.id = page.id");
        Ok(())
    }
}

impl QueryFragment<Mysql> for RowsByKey<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(
            "SELECT id, namespace, item_key, value, created_at, updated_at, expires_at, ttl_seconds \
             FROM graph_memories FORCE INDEX (graph_memories_namespace_item_key)",
        );
        push_existing(self.0, &mut out)?;
        if let Some((namespace, key)) = &self.0.after {
            out.push_sql(" AND namespace >= ");
            out.push_bind_param::<Text, _>(*namespace)?;
            out.push_sql(" AND (namespace > ");
            out.push_bind_param::<Text, _>(*namespace)?;
            out.push_sql(" OR item_key > ");
            out.push_bind_param::<Text, _>(*key)?;
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY namespace, item_key LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.0.limit)?;
        Ok(())
    }
}

impl RunQueryDsl<MysqlConnection> for LatestRows<'_> {}
impl RunQueryDsl<MysqlConnection> for RowsByKey<'_> {}
