//! Deletion of threads, and of the checkpoints of runs.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::garbage;
use super::namespaces::{lock_for_deletion, of_thread};
use super::prune::delete_checkpoints;
use crate::connection::{Connection, Session, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::schema::{graph_checkpoints, graph_segments, graph_threads, graph_values, graph_writes};
use crate::value::Timestamp;

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadDeletion {
    /// Rows were deleted, and more are left.
    More,
    /// The thread is deleted.
    Deleted,
    /// The thread does not exist, or no longer meets the condition.
    Skipped,
}

/// The condition under which a thread is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadCondition {
    /// None.
    Always,
    /// It was not active since this time.
    InactiveSince(Timestamp),
    /// It expired before this time.
    ExpiredAt(Timestamp),
}

/// Deletes up to `limit` rows of each table of a thread, and the thread itself if nothing is left.
/// An interrupted deletion can be run again.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete_step(
    connection: &mut Connection,
    thread_id: i64,
    condition: ThreadCondition,
    limit: u32,
) -> Result<ThreadDeletion> {
    connection.transaction(|connection| {
        if !lock(connection, thread_id, condition)? {
            return Ok(ThreadDeletion::Skipped);
        }
        for namespace_id in of_thread(connection, thread_id)? {
            if !lock_for_deletion(connection, namespace_id)? {
                continue;
            }
            let writes = graph_writes::namespace_id.eq(namespace_id);
            let checkpoints = graph_checkpoints::namespace_id.eq(namespace_id);
            let values = graph_values::namespace_id.eq(namespace_id);
            let segments = graph_segments::namespace_id.eq(namespace_id);
            // Checkpoints first, so that none is left without its values.
            for deleted in [
                delete_rows!(connection, graph_checkpoints, checkpoints, limit)?,
                delete_rows!(connection, graph_writes, writes, limit)?,
                delete_rows!(connection, graph_values, values, limit)?,
                delete_rows!(connection, graph_segments, segments, limit)?,
            ] {
                if deleted.unwrap_or_default() >= u64::from(limit) {
                    return Ok(ThreadDeletion::More);
                }
            }
        }
        // With its namespaces.
        let deleted = on_engine!(connection, c => {
            diesel::delete(graph_threads::table.filter(graph_threads::id.eq(thread_id))).execute(c)
        });
        deleted.map_err(|error| connection.write_error(error))?;
        Ok(ThreadDeletion::Deleted)
    })
}

/// Locks a thread. Returns false if it does not exist or does not meet the condition.
fn lock(connection: &mut Connection, id: i64, condition: ThreadCondition) -> Result<bool> {
    let query = || {
        graph_threads::table
            .filter(graph_threads::id.eq(id))
            .select((graph_threads::updated_at, graph_threads::expires_at))
    };
    type Times = (Timestamp, Option<Timestamp>);
    let found = match &mut connection.session {
        Session::Sqlite(c) => query().get_result::<Times>(c).optional(),
        Session::PostgreSql(c) => query().for_update().get_result::<Times>(c.as_mut()).optional(),
        Session::MySql(c) => query().for_update().get_result::<Times>(c.as_mut()).optional(),
    };
    let found = found.map_err(|error| connection.write_error(error))?;
    Ok(found.is_some_and(|(updated_at, expires_at)| match condition {
        ThreadCondition::Always => true,
        ThreadCondition::InactiveSince(cutoff) => updated_at < cutoff,
        ThreadCondition::ExpiredAt(now) => expires_at.is_some_and(|expires_at| expires_at <= now),
    }))
}

/// Returns the internal ids of up to `limit` threads after `after` that meet a condition.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn matching_threads(
    connection: &mut Connection,
    condition: ThreadCondition,
    after: i64,
    limit: i64,
) -> Result<Vec<i64>> {
    let ids = on_engine!(connection, c => {
        let mut query = graph_threads::table
            .filter(graph_threads::id.gt(after))
            .order(graph_threads::id.asc())
            .select(graph_threads::id)
            .limit(limit)
            .into_boxed();
        match condition {
            ThreadCondition::Always => {}
            ThreadCondition::InactiveSince(cutoff) => {
                query = query.filter(graph_threads::updated_at.lt(cutoff));
            }
            ThreadCondition::ExpiredAt(now) => {
                query = query.filter(graph_threads::expires_at.le(now));
            }
        }
        query.load::<i64>(c)
    });
    ids.map_err(|error| connection.read_error(error))
}

/// Deletes up to `limit` checkpoints of these runs, with their writes, and returns their number;
/// `None` if there is none.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete_runs_step(
    connection: &mut Connection,
    run_ids: &[&str],
    limit: u32,
) -> Result<Option<u64>> {
    connection.transaction(|connection| {
        let rows = on_engine!(connection, c => graph_checkpoints::table
            .filter(graph_checkpoints::run_id.eq_any(run_ids))
            .order(graph_checkpoints::namespace_id.asc())
            .select((graph_checkpoints::namespace_id, graph_checkpoints::checkpoint_id))
            .limit(i64::from(limit))
            .load::<(i64, String)>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let mut ids: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for (namespace_id, id) in &rows {
            ids.entry(*namespace_id).or_default().push(id);
        }
        for (namespace_id, ids) in &ids {
            if lock_for_deletion(connection, *namespace_id)? {
                delete_checkpoints(connection, *namespace_id, ids)?;
                garbage::delete(connection, *namespace_id)?;
            }
        }
        Ok((!rows.is_empty()).then_some(rows.len() as u64))
    })
}
