//! Multi-row inserts on PostgreSQL.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::row::Row;
use crate::connection::{PgConnection, skipped};
use crate::schema::{Json, UtcTimestamp};
use crate::value::{Metadata, Timestamp};

/// Text that PostgreSQL quotes in its error if a trigger skipped a row.
macro_rules! skipped_mark {
    () => {
        "a trigger skipped messages; stored: "
    };
}

/// An insert of any number of rows that stays prepared, because each column is sent as one array.
///
/// A trigger may skip a row (`RETURN NULL`), and the other ids do not show which one. The statement
/// then casts a text that is not an array of ids, so that it fails and stores nothing.
struct Arrays<'a> {
    rows: i64,
    timestamp: Vec<Timestamp>,
    user_message: Vec<&'a str>,
    bot_response: Vec<Option<&'a str>>,
    provider: Vec<Option<&'a str>>,
    model: Vec<Option<&'a str>>,
    tokens_used: Vec<Option<i64>>,
    metadata: Vec<Option<&'a Metadata>>,
}

impl<'a> Arrays<'a> {
    fn new(rows: &[Row<'a>]) -> Self {
        Self {
            rows: rows.len() as i64,
            timestamp: rows.iter().map(|row| row.timestamp).collect(),
            user_message: rows.iter().map(|row| row.user_message).collect(),
            bot_response: rows.iter().map(|row| row.bot_response).collect(),
            provider: rows.iter().map(|row| row.provider).collect(),
            model: rows.iter().map(|row| row.model).collect(),
            tokens_used: rows.iter().map(|row| row.tokens_used).collect(),
            metadata: rows.iter().map(|row| row.metadata).collect(),
        }
    }
}

impl QueryId for Arrays<'_> {
    type QueryId = Arrays<'static>;
    // The SQL text is constant. Diesel never keeps `sql_query` prepared, which would cost a round
    // trip and planning.
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Arrays<'_> {
    type SqlType = Array<BigInt>;
}

impl QueryFragment<Pg> for Arrays<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH stored AS (INSERT INTO messages \
             (timestamp, user_message, bot_response, provider, model, tokens_used, metadata) \
             SELECT timestamp, user_message, bot_response, provider, model, tokens_used, metadata \
             FROM unnest(",
        );
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.timestamp)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.user_message)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.bot_response)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.provider)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Text>>, _>(&self.model)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.tokens_used)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Json>>, _>(&self.metadata)?;
        out.push_sql(
            ") WITH ORDINALITY \
             AS given (timestamp, user_message, bot_response, provider, model, tokens_used, \
             metadata, place) \
             ORDER BY place RETURNING id) \
             SELECT CASE WHEN count(*) = ",
        );
        out.push_bind_param::<BigInt, _>(&self.rows)?;
        // One row with all ids is faster to send and to read than one row for each id.
        out.push_sql(concat!(
            " THEN array_agg(id) ELSE ('",
            skipped_mark!(),
            "' || count(*))::bigint[] END FROM stored"
        ));
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for Arrays<'_> {}

pub(super) fn insert_arrays(c: &mut PgConnection, rows: &[Row<'_>]) -> QueryResult<Vec<i64>> {
    let mut ids = match Arrays::new(rows).get_result::<Vec<i64>>(c) {
        Err(_) if c.refused_with(skipped_mark!()) => return Err(skipped()),
        ids => ids?,
    };
    // Ids are assigned in the order of the arrays, but may be returned in another order.
    ids.sort_unstable();
    Ok(ids)
}
