//! The last activity of many conversations, in one statement on a server.

use diesel::mysql::Mysql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt};
use diesel::{ExpressionMethods, QueryDsl, QueryResult, RunQueryDsl};

use super::activity::touch;
use crate::connection::{Connection, MysqlConnection, PgConnection, Session, on_engine};
use crate::error::Result;
use crate::schema::{UtcTimestamp, chat_conversations};
use crate::value::Timestamp;

/// Activity in a conversation: its internal id, and the time.
pub(crate) type Activity = (i64, Timestamp);

/// Records activity in conversations, as [`touch`] does. Returns the ids of those that do not
/// exist.
///
/// `activity` has ascending ids. All callers lock conversations in this order, so that none waits
/// for another one that waits for it.
pub(crate) fn touch_many(connection: &mut Connection, activity: &[Activity]) -> Result<Vec<i64>> {
    let touched = match &mut connection.session {
        Session::Sqlite(_) => {
            let mut missing = Vec::new();
            for &(id, at) in activity {
                if !touch(connection, id, at)? {
                    missing.push(id);
                }
            }
            return Ok(missing);
        }
        _ if activity.is_empty() => return Ok(Vec::new()),
        Session::PostgreSql(c) => ActivityArrays::new(activity).execute(c.as_mut()),
        Session::MySql(c) => Cases::new(activity).execute(c.as_mut()),
    };
    let touched = touched.map_err(|error| connection.write_error(error))?;
    if touched == activity.len() { Ok(Vec::new()) } else { missing(connection, activity) }
}

fn missing(connection: &mut Connection, activity: &[Activity]) -> Result<Vec<i64>> {
    let ids: Vec<_> = activity.iter().map(|(id, _)| *id).collect();
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::id.eq_any(&ids))
        .select(chat_conversations::id)
        .load::<i64>(c));
    let found = found.map_err(|error| connection.read_error(error))?;
    Ok(ids.into_iter().filter(|id| !found.contains(id)).collect())
}

/// PostgreSQL's statement. It stays prepared, because each column is sent as one array.
pub(crate) struct ActivityArrays {
    ids: Vec<i64>,
    times: Vec<Timestamp>,
}

impl ActivityArrays {
    pub(crate) fn new(activity: &[Activity]) -> Self {
        let (ids, times) = activity.iter().copied().unzip();
        Self { ids, times }
    }

    /// Adds the table expression that locks the conversations. An update alone does not lock rows
    /// in a known order.
    pub(crate) fn push_lock<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "locked AS MATERIALIZED (SELECT known.id, active.at FROM chat_conversations AS known \
             JOIN unnest(",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.ids)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<UtcTimestamp>, _>(&self.times)?;
        out.push_sql(
            ") AS active (id, at) ON known.id = active.id ORDER BY known.id \
             FOR NO KEY UPDATE OF known)",
        );
        Ok(())
    }
}

/// Updates the conversations that [`ActivityArrays::push_lock`] locked.
pub(crate) const UPDATE_LOCKED: &str = "UPDATE chat_conversations AS known \
    SET last_message_at = greatest(known.last_message_at, locked.at) \
    FROM locked WHERE known.id = locked.id";

impl QueryId for ActivityArrays {
    type QueryId = Self;
    // The SQL text is constant.
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for ActivityArrays {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        self.push_lock(&mut out)?;
        out.push_sql(" ");
        out.push_sql(UPDATE_LOCKED);
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for ActivityArrays {}

/// The statement of MySQL and MariaDB. It locks rows in the order of the primary key.
///
/// Each number of conversations needs a prepared statement of its own. Few distinct numbers are
/// used: the last conversation is repeated up to a power of two.
struct Cases(Vec<Activity>);

impl Cases {
    fn new(activity: &[Activity]) -> Self {
        let mut padded = activity.to_vec();
        if let Some(last) = activity.last() {
            padded.resize(activity.len().next_power_of_two(), *last);
        }
        Self(padded)
    }
}

impl QueryId for Cases {
    type QueryId = ();
    // The SQL depends on the number of rows, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Mysql> for Cases {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE chat_conversations SET last_message_at = GREATEST(last_message_at, CASE id",
        );
        for (id, at) in &self.0 {
            out.push_sql(" WHEN ");
            out.push_bind_param::<BigInt, _>(id)?;
            out.push_sql(" THEN CAST(");
            out.push_bind_param::<UtcTimestamp, _>(at)?;
            out.push_sql(" AS DATETIME(6))");
        }
        out.push_sql(" END) WHERE id IN (");
        for (index, (id, _)) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "" } else { ", " });
            out.push_bind_param::<BigInt, _>(id)?;
        }
        out.push_sql(")");
        Ok(())
    }
}

impl RunQueryDsl<MysqlConnection> for Cases {}
