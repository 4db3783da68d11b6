//! The due tasks that a claim finds: for each kind, the highest priority with a due task.
//!
//! A query over all priorities would read the tasks at high priorities whose time has not come. So
//! one query finds the highest priority of each kind and its earliest task, both at the end of a
//! range of the index. Only if that task is not due, another query looks at the next priority.

use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Integer, Nullable, Text};
use diesel::{QueryResult, RunQueryDsl};

use super::claim::TaskClaim;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::UtcTimestamp;
use crate::value::Timestamp;

/// The index with the order of claims, for MySQL and MariaDB.
pub(super) const BY_PRIORITY: &str = " FORCE INDEX (chat_tasks_status_kind_priority_run_at_id)";
const BY_LEASE: &str = " FORCE INDEX (chat_tasks_lease_until)";

/// The due tasks that a claim found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueTasks {
    /// Whether the leases of some tasks have ended.
    pub(super) has_ended_leases: bool,
    /// Kinds that have a due task, with its priority.
    levels: Vec<(String, i32)>,
}

impl DueTasks {
    /// Returns the highest priority of a due task of this kind.
    pub(super) fn level(&self, kind: &str) -> Option<i32> {
        self.levels.iter().find(|(name, _)| name == kind).map(|(_, priority)| *priority)
    }
}

/// Finds the due tasks of a claim's kinds, without locking them. `None` means that there is nothing
/// to claim.
///
/// # Errors
/// `InvalidInput` with the field's name; `Unavailable` or another error of the database.
pub fn find_due(
    connection: &mut Connection,
    claim: &TaskClaim<'_>,
    now: Timestamp,
) -> Result<Option<DueTasks>> {
    claim.check()?;
    let kinds = claim.kinds().into_iter().map(|kind| Head { kind, below: None }).collect();
    let found = search(connection, kinds, now, true)?;
    Ok((found.has_ended_leases || !found.levels.is_empty()).then_some(found))
}

/// Returns the highest priority below another one of a due task of this kind.
pub(super) fn next_level(
    connection: &mut Connection,
    kind: &str,
    below: i32,
    now: Timestamp,
) -> Result<Option<i32>> {
    let found = search(connection, vec![Head { kind, below: Some(below) }], now, false)?;
    Ok(found.level(kind))
}

type Row = (String, i32, Option<Timestamp>, String);

fn search(
    connection: &mut Connection,
    mut kinds: Vec<Head<'_>>,
    now: Timestamp,
    mut with_leases: bool,
) -> Result<DueTasks> {
    let mut due = DueTasks { has_ended_leases: false, levels: Vec::new() };
    while !kinds.is_empty() {
        let has_hints = connection.engine().is_mysql();
        let heads = Heads { kinds: &kinds, leases_at: with_leases.then_some(now), has_hints };
        let rows = on_engine!(connection, c => heads.load::<Row>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        with_leases = false;
        let mut not_due = Vec::new();
        for (kind, priority, time, status) in rows {
            if status == "running" {
                due.has_ended_leases = true;
            } else if time.is_some_and(|time| time <= now) {
                due.levels.push((kind, priority));
            } else {
                not_due.push((kind, priority));
            }
        }
        kinds.retain_mut(|head| {
            let found = not_due.iter().find(|(kind, _)| kind == head.kind);
            head.below = found.map(|(_, priority)| *priority);
            found.is_some()
        });
    }
    Ok(due)
}

/// A kind, and the priority below which its tasks are looked for.
struct Head<'a> {
    kind: &'a str,
    below: Option<i32>,
}

/// The query that returns, for each kind with queued tasks, the highest priority and its earliest
/// time. With `leases_at`, also a running task whose lease has ended.
struct Heads<'a> {
    kinds: &'a [Head<'a>],
    leases_at: Option<Timestamp>,
    /// Whether the indexes are named, as MySQL and MariaDB need it.
    has_hints: bool,
}

impl QueryId for Heads<'_> {
    type QueryId = ();
    // The SQL depends on the kinds, so the statement cache is keyed by the SQL text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Heads<'_> {
    type SqlType = (Text, Integer, Nullable<UtcTimestamp>, Text);
}

impl<DB> QueryFragment<DB> for Heads<'_>
where
    DB: Backend + HasSqlType<UtcTimestamp>,
    str: ToSql<Text, DB>,
    i32: ToSql<Integer, DB>,
    Timestamp: ToSql<UtcTimestamp, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let hint = |hint| if self.has_hints { hint } else { "" };
        let mut union = "";
        if let Some(now) = &self.leases_at {
            out.push_sql(
                "SELECT kind, priority, lease_until, status FROM \
                 (SELECT kind, priority, lease_until, status FROM chat_tasks",
            );
            out.push_sql(hint(BY_LEASE));
            out.push_sql(" WHERE lease_until <= ");
            out.push_bind_param::<UtcTimestamp, _>(now)?;
            out.push_sql(" ORDER BY lease_until LIMIT 1) AS ended");
            union = " UNION ALL ";
        }
        for Head { kind, below } in self.kinds {
            out.push_sql(std::mem::replace(&mut union, " UNION ALL "));
            out.push_sql("SELECT kind, priority, (SELECT task.run_at FROM chat_tasks AS task");
            out.push_sql(hint(BY_PRIORITY));
            out.push_sql(" WHERE task.status = 'queued' AND task.kind = ");
            out.push_bind_param::<Text, str>(kind)?;
            out.push_sql(
                " AND task.priority = head.priority ORDER BY task.run_at LIMIT 1), status \
                 FROM (SELECT kind, priority, status FROM chat_tasks",
            );
            out.push_sql(hint(BY_PRIORITY));
            out.push_sql(" WHERE status = 'queued' AND kind = ");
            out.push_bind_param::<Text, str>(kind)?;
            if let Some(below) = below {
                out.push_sql(" AND priority < ");
                out.push_bind_param::<Integer, _>(below)?;
            }
            out.push_sql(" ORDER BY priority DESC LIMIT 1) AS head");
        }
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for Heads<'_> {}
