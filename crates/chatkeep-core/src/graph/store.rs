//! Storing checkpoints and writes of several threads in one transaction.

use std::collections::{BTreeSet, HashMap};

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Place};
use super::checkpoints::{CheckpointRow, insert_or_update};
use super::lists::{self, SegmentRow};
use super::namespaces::{LockedNamespaces, NamespaceKey, changed, lock_or_create, touch};
use super::new::{NewCheckpoint, NewGraphWrite};
use super::place::{Earlier, Placed, place};
use super::values;
use super::writes::{self, Task};
use crate::connection::{Connection, insert_many, on_engine};
use crate::error::Result;
use crate::schema::{graph_checkpoints, graph_segments};
use crate::value::Timestamp;

/// Something to store for a thread.
#[derive(Debug, Clone, Copy)]
pub enum GraphEntry<'a> {
    /// A checkpoint.
    Checkpoint {
        /// Key of the thread.
        thread: &'a str,
        /// The checkpoint.
        new: &'a NewCheckpoint,
    },
    /// Writes of a task.
    Writes {
        /// The task.
        task: Task<'a>,
        /// The writes.
        writes: &'a [NewGraphWrite],
    },
}

impl<'a> GraphEntry<'a> {
    /// Validates the entry without a database.
    ///
    /// # Errors
    /// `InvalidInput` with the field, such as `channels[3].version`.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Checkpoint { thread, new } => {
                super::check_thread("thread", thread)?;
                new.check()
            }
            Self::Writes { task, writes } => writes::check(task, writes),
        }
    }

    /// Returns the key of the thread and the namespace.
    pub fn namespace(&self) -> (&'a str, &'a str) {
        match self {
            Self::Checkpoint { thread, new } => (thread, new.namespace()),
            Self::Writes { task, .. } => (task.thread, task.namespace),
        }
    }
}

/// Stores entries in one transaction, all or none. At most one checkpoint of a namespace may be among
/// them. The threads and namespaces are created if they do not exist.
///
/// A checkpoint replaces one with the same id. A write whose index is 0 or more and is stored already
/// stays as it is; one with a negative index is replaced. So storing entries again is safe.
///
/// # Errors
/// `InvalidInput` with the field, such as `channels[3].data`, if a value is too large for the server;
/// `Conflict` when another call changed a thread at the same time; or an error of the database.
pub fn store(connection: &mut Connection, entries: &[GraphEntry<'_>]) -> Result<()> {
    let keys: Vec<_> = entries
        .iter()
        .map(GraphEntry::namespace)
        .map(|(thread, name)| NamespaceKey::new(thread, name))
        .collect();
    let (mut checkpoints, mut tasks) = (Vec::new(), Vec::new());
    for (entry, key) in entries.iter().zip(&keys) {
        match *entry {
            GraphEntry::Checkpoint { new, .. } => checkpoints.push((key, new)),
            GraphEntry::Writes { task, writes } => tasks.push((key, task, writes)),
        }
    }
    let packed = writes::pack(connection, &tasks)?;
    connection.transaction_that_reads_first(|connection| {
        let locked = lock_or_create(connection, &keys)?;
        touch(connection, &locked, checkpoints.iter().map(|(key, _)| *key))?;
        store_checkpoints(connection, &locked, &checkpoints)?;
        writes::store(connection, &locked, &tasks, &packed)
    })
}

fn store_checkpoints(
    connection: &mut Connection,
    locked: &LockedNamespaces,
    checkpoints: &[(&NamespaceKey<'_>, &NewCheckpoint)],
) -> Result<()> {
    let mut new = Vec::with_capacity(checkpoints.len());
    for (key, checkpoint) in checkpoints {
        new.push((locked.id(key)?, *checkpoint));
    }
    let stored = stored(connection, &new)?;
    // Only lists that may grow.
    let lists = new.iter().flat_map(|(namespace_id, checkpoint)| {
        let parent = parent(&stored, *namespace_id, checkpoint);
        checkpoint.channels.iter().filter(|channel| channel.changed).filter_map(move |channel| {
            match &parent?.channel(&channel.channel)?.value {
                Place::List(list) => Some((*namespace_id, list)),
                _ => None,
            }
        })
    });
    let tails = lists::tails(connection, lists)?;
    let mut placed = Vec::with_capacity(new.len());
    for (namespace_id, checkpoint) in &new {
        let parent = parent(&stored, *namespace_id, checkpoint);
        let earlier = Earlier { namespace_id: *namespace_id, parent, tails: &tails };
        placed.push(place(connection, &earlier, checkpoint)?);
    }
    insert_segments(connection, &new, &placed)?;
    let values = new.iter().zip(&mut placed).flat_map(|((namespace_id, _), placed)| {
        let values = std::mem::take(&mut placed.values);
        values.into_iter().map(|(digest, data)| ((*namespace_id, digest), data))
    });
    values::insert_missing(connection, values.collect())?;
    let now = Timestamp::now();
    let rows: Vec<_> = new
        .iter()
        .zip(&placed)
        .map(|((namespace_id, checkpoint), placed)| CheckpointRow {
            namespace_id: *namespace_id,
            checkpoint_id: &checkpoint.id,
            parent_id: checkpoint.parent_id.as_deref(),
            run_id: checkpoint.run_id.as_deref(),
            created_at: now,
            data: &placed.body,
        })
        .collect();
    let stored: BTreeSet<_> = stored.into_keys().collect();
    insert_or_update(connection, &rows, &stored)
}

/// The contents of stored checkpoints, by namespace and id.
type Stored = HashMap<(i64, String), Body>;

fn parent<'s>(
    stored: &'s Stored,
    namespace_id: i64,
    checkpoint: &NewCheckpoint,
) -> Option<&'s Body> {
    stored.get(&(namespace_id, checkpoint.parent_id.clone()?))
}

/// Reads the parents of new checkpoints, and the stored ones that they replace.
fn stored(connection: &mut Connection, new: &[(i64, &NewCheckpoint)]) -> Result<Stored> {
    if new.is_empty() {
        return Ok(Stored::new());
    }
    let namespaces: BTreeSet<_> = new.iter().map(|(namespace_id, _)| *namespace_id).collect();
    let ids: BTreeSet<_> =
        new.iter().flat_map(|(_, new)| [Some(&new.id), new.parent_id.as_ref()]).flatten().collect();
    let rows = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq_any(&namespaces))
        .filter(graph_checkpoints::checkpoint_id.eq_any(&ids))
        .select((
            graph_checkpoints::namespace_id,
            graph_checkpoints::checkpoint_id,
            graph_checkpoints::data,
        ))
        .load::<(i64, String, Vec<u8>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    rows.into_iter()
        .map(|(namespace_id, id, data)| Ok(((namespace_id, id), Body::decode(&data)?)))
        .collect()
}

fn insert_segments(
    connection: &mut Connection,
    new: &[(i64, &NewCheckpoint)],
    placed: &[Placed],
) -> Result<()> {
    let mut rows = Vec::new();
    for ((namespace_id, _), placed) in new.iter().zip(placed) {
        rows.extend(placed.segments.iter().map(|segment| SegmentRow {
            namespace_id: *namespace_id,
            list_key: segment.key,
            position: segment.position as i64,
            elements: segment.elements as i64,
            data: &segment.data,
        }));
    }
    let stored = insert_many!(connection, graph_segments, &rows[..], |row| row.data.len());
    stored.map_err(|error| changed(connection.insert_error(error)))
}
