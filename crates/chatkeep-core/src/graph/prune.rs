//! Deletion of earlier checkpoints of a thread.

use std::collections::{BTreeSet, HashMap};

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Place};
use super::checkpoints::find_body;
use super::garbage;
use super::namespaces::{lock_for_deletion, of_thread};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{graph_checkpoints, graph_writes};

/// A checkpoint's row without its content.
type Row = (i64, String, Option<String>);

/// Deletes up to `limit` of the checkpoints that are not among the last `keep` of their namespace,
/// with their writes, and returns their number; `None` if there is none to delete. With `dry_run`
/// it returns the number of all that would be deleted, and deletes nothing.
///
/// A channel can have its value computed from writes since an earlier checkpoint (a delta channel).
/// The checkpoints and writes that kept ones need for that are kept, too.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn prune_step(
    connection: &mut Connection,
    thread_id: i64,
    keep: usize,
    limit: u32,
    dry_run: bool,
) -> Result<Option<u64>> {
    let mut deleted = 0;
    for namespace_id in of_thread(connection, thread_id)? {
        // Without the lock, which is a write.
        let found = superfluous(connection, namespace_id, keep)?.0.len() as u64;
        if dry_run {
            deleted += found;
        }
        if dry_run || found == 0 {
            continue;
        }
        let left = u64::from(limit).saturating_sub(deleted) as usize;
        deleted += connection.transaction(|connection| {
            if !lock_for_deletion(connection, namespace_id)? {
                return Ok(0);
            }
            let (rows, newest) = superfluous(connection, namespace_id, keep)?;
            // From the oldest, so that an interrupted deletion leaves whole histories.
            let doomed: Vec<_> = rows.iter().rev().take(left).collect();
            let ids: Vec<_> = doomed.iter().map(|(_, id, _)| id.as_str()).collect();
            delete_checkpoints(connection, namespace_id, &ids)?;
            if doomed.len() == rows.len() && !rows.is_empty() {
                if let Some(newest) = newest {
                    delete_orphaned_writes(connection, namespace_id, &newest)?;
                }
                garbage::delete(connection, namespace_id)?;
            }
            Ok(doomed.len() as u64)
        })?;
        if deleted >= u64::from(limit) {
            break;
        }
    }
    Ok((deleted > 0).then_some(deleted))
}

/// Returns the checkpoints that can be deleted, latest first, and the id of the latest one of all.
fn superfluous(
    connection: &mut Connection,
    namespace_id: i64,
    keep: usize,
) -> Result<(Vec<Row>, Option<String>)> {
    let rows = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq(namespace_id))
        .order(graph_checkpoints::checkpoint_id.desc())
        .select((
            graph_checkpoints::id,
            graph_checkpoints::checkpoint_id,
            graph_checkpoints::parent_id,
        ))
        .load::<Row>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let newest = rows.first().map(|(_, id, _)| id.clone());
    if rows.len() <= keep {
        return Ok((Vec::new(), newest));
    }
    let parents: HashMap<_, _> =
        rows.iter().map(|(_, id, parent)| (id.as_str(), parent.as_deref())).collect();
    let mut kept: BTreeSet<&str> = rows.iter().take(keep).map(|(_, id, _)| id.as_str()).collect();
    for (_, id, _) in &rows[..keep] {
        keep_history(connection, namespace_id, id, &parents, &mut kept)?;
    }
    let kept: BTreeSet<String> = kept.into_iter().map(str::to_owned).collect();
    Ok((rows.into_iter().filter(|(_, id, _)| !kept.contains(id)).collect(), newest))
}

/// Keeps the ancestors of a checkpoint that its delta channels need: up to the nearest one with a
/// value for each.
fn keep_history<'a>(
    connection: &mut Connection,
    namespace_id: i64,
    id: &'a str,
    parents: &HashMap<&'a str, Option<&'a str>>,
    kept: &mut BTreeSet<&'a str>,
) -> Result<()> {
    let Some(body) = find_body(connection, namespace_id, id)? else { return Ok(()) };
    let mut open: Vec<String> = body.delta_channels.clone();
    open.retain(|channel| !has_value(&body, channel));
    let mut next = parents.get(id).copied().flatten();
    // A checkpoint that was stored again after itself is its own parent.
    let mut visited = BTreeSet::from([id]);
    while let Some(ancestor) = next.filter(|next| !open.is_empty() && visited.insert(next)) {
        let Some(body) = find_body(connection, namespace_id, ancestor)? else { break };
        kept.insert(ancestor);
        open.retain(|channel| !has_value(&body, channel));
        next = parents.get(ancestor).copied().flatten();
    }
    Ok(())
}

fn has_value(body: &Body, channel: &str) -> bool {
    body.channel(channel).is_some_and(|channel| channel.value != Place::Empty)
}

/// Deletes these checkpoints of a locked namespace, with their writes.
pub(super) fn delete_checkpoints(
    connection: &mut Connection,
    namespace_id: i64,
    ids: &[&str],
) -> Result<()> {
    for ids in ids.chunks(500) {
        let writes = on_engine!(connection, c => diesel::delete(
            graph_writes::table
                .filter(graph_writes::namespace_id.eq(namespace_id))
                .filter(graph_writes::checkpoint_id.eq_any(ids)),
        )
        .execute(c));
        writes.map_err(|error| connection.write_error(error))?;
        let checkpoints = on_engine!(connection, c => diesel::delete(
            graph_checkpoints::table
                .filter(graph_checkpoints::namespace_id.eq(namespace_id))
                .filter(graph_checkpoints::checkpoint_id.eq_any(ids)),
        )
        .execute(c));
        checkpoints.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}

/// Deletes writes before the latest checkpoint whose checkpoint was never stored. Later ones may be
/// about to be stored.
fn delete_orphaned_writes(
    connection: &mut Connection,
    namespace_id: i64,
    newest: &str,
) -> Result<()> {
    let written = on_engine!(connection, c => graph_writes::table
        .filter(graph_writes::namespace_id.eq(namespace_id))
        .filter(graph_writes::checkpoint_id.lt(newest))
        .select(graph_writes::checkpoint_id)
        .distinct()
        .load::<String>(c));
    let written = written.map_err(|error| connection.read_error(error))?;
    let stored = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq(namespace_id))
        .select(graph_checkpoints::checkpoint_id)
        .load::<String>(c));
    let stored: BTreeSet<_> =
        stored.map_err(|error| connection.read_error(error))?.into_iter().collect();
    let orphans: Vec<_> =
        written.iter().filter(|id| !stored.contains(*id)).map(String::as_str).collect();
    delete_checkpoints(connection, namespace_id, &orphans)
}
