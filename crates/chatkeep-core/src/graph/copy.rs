//! Copies of threads.

use std::collections::HashMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Place};
use super::checkpoints::{CheckpointRow, insert_or_update};
use super::lists::SegmentRow;
use super::namespaces::{NamespaceKey, lock_or_create, of_thread, thread_id};
use super::new::check_thread;
use super::rows::{StoredCheckpoint, StoredSegment, StoredValue, StoredWrite, next_rows};
use super::writes::{self, WriteRow};
use super::{garbage, values};
use crate::connection::{Connection, insert_many, on_engine};
use crate::error::{Error, Result};
use crate::schema::{
    graph_checkpoints, graph_namespaces, graph_segments, graph_values, graph_writes,
};
use crate::token::random_bytes;

/// Number of rows that are in memory at a time.
const PAGE: i64 = 100;
/// The same for large values.
const MAX_VALUES: i64 = 10;

/// Copies all checkpoints and writes of a thread to another one, in one transaction, and returns the
/// number of checkpoints; `None` if the source does not exist. Checkpoints of the target with the
/// same namespace and id are replaced, and others stay.
///
/// # Errors
/// `InvalidInput` with the invalid field, `source` or `target`; or an error of the database.
pub fn copy_thread(connection: &mut Connection, source: &str, target: &str) -> Result<Option<u64>> {
    check_thread("source", source)?;
    check_thread("target", target)?;
    if source == target {
        return Err(Error::invalid_input("target", "is the source; name another thread"));
    }
    connection.transaction(|connection| {
        let Some(thread) = thread_id(connection, source)? else { return Ok(None) };
        let mut copied = 0;
        for id in of_thread(connection, thread)? {
            let name = on_engine!(connection, c => graph_namespaces::table
                .filter(graph_namespaces::id.eq(id))
                .select(graph_namespaces::name)
                .get_result::<String>(c));
            let name = name.map_err(|error| connection.read_error(error))?;
            let keys = [NamespaceKey::new(source, &name), NamespaceKey::new(target, &name)];
            let to = lock_or_create(connection, &keys)?.id(&keys[1])?;
            copied += copy_namespace(connection, id, to)?;
        }
        Ok(Some(copied))
    })
}

fn copy_namespace(connection: &mut Connection, from: i64, to: i64) -> Result<u64> {
    copy_values(connection, from, to)?;
    let keys = copy_segments(connection, from, to)?;
    let copied = copy_checkpoints(connection, from, to, &keys)?;
    copy_writes(connection, from, to)?;
    // What replaced checkpoints had.
    garbage::delete(connection, to)?;
    Ok(copied)
}

fn copy_values(connection: &mut Connection, from: i64, to: i64) -> Result<()> {
    let mut last = 0;
    loop {
        let rows: Vec<StoredValue> =
            next_rows!(connection, graph_values of from, last, MAX_VALUES)?;
        let Some(row) = rows.last() else { return Ok(()) };
        last = row.id;
        let rows = rows.into_iter().map(|row| ((to, row.digest), row.data));
        values::insert_missing(connection, rows.collect())?;
    }
}

/// Copies the segments under new keys, which it returns by the old ones. Lists of the target may have
/// continued under the old keys since an earlier copy.
fn copy_segments(connection: &mut Connection, from: i64, to: i64) -> Result<HashMap<i64, i64>> {
    let (mut keys, mut last) = (HashMap::new(), 0);
    loop {
        let rows: Vec<StoredSegment> = next_rows!(connection, graph_segments of from, last, PAGE)?;
        let Some(row) = rows.last() else { return Ok(keys) };
        last = row.id;
        let mut copies = Vec::with_capacity(rows.len());
        for row in &rows {
            let list_key = match keys.get(&row.list_key) {
                Some(key) => *key,
                None => {
                    let new = i64::from_le_bytes(random_bytes::<8>()?);
                    keys.insert(row.list_key, new);
                    new
                }
            };
            copies.push(SegmentRow {
                namespace_id: to,
                list_key,
                position: row.position,
                elements: row.elements,
                data: &row.data,
            });
        }
        let stored = insert_many!(connection, graph_segments, &copies[..], |row| row.data.len());
        stored.map_err(|error| connection.insert_error(error))?;
    }
}

fn copy_checkpoints(
    connection: &mut Connection,
    from: i64,
    to: i64,
    keys: &HashMap<i64, i64>,
) -> Result<u64> {
    let stored = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq(to))
        .select((graph_checkpoints::namespace_id, graph_checkpoints::checkpoint_id))
        .load::<(i64, String)>(c));
    let stored = stored.map_err(|error| connection.read_error(error))?.into_iter().collect();
    let (mut last, mut copied) = (0, 0);
    loop {
        let rows: Vec<StoredCheckpoint> =
            next_rows!(connection, graph_checkpoints of from, last, PAGE)?;
        let Some(row) = rows.last() else { return Ok(copied) };
        last = row.id;
        copied += rows.len() as u64;
        let mut bodies = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut body = Body::decode(&row.data)?;
            for channel in &mut body.channels {
                if let Place::List(list) = &mut channel.value {
                    for part in &mut list.parts {
                        part.key = keys.get(&part.key).copied().unwrap_or(part.key);
                    }
                }
            }
            bodies.push(body.encode()?);
        }
        let copies = rows.iter().zip(&bodies).map(|(row, data)| CheckpointRow {
            namespace_id: to,
            checkpoint_id: &row.checkpoint_id,
            parent_id: row.parent_id.as_deref(),
            run_id: row.run_id.as_deref(),
            created_at: row.created_at,
            data,
        });
        insert_or_update(connection, &copies.collect::<Vec<_>>(), &stored)?;
    }
}

fn copy_writes(connection: &mut Connection, from: i64, to: i64) -> Result<()> {
    let mut last = 0;
    loop {
        let rows: Vec<StoredWrite> = next_rows!(connection, graph_writes of from, last, PAGE)?;
        let Some(row) = rows.last() else { return Ok(()) };
        last = row.id;
        let copies = rows.iter().map(|row| WriteRow {
            namespace_id: to,
            checkpoint_id: &row.checkpoint_id,
            task_id: &row.task_id,
            write_index: row.write_index,
            task_path: &row.task_path,
            channel: &row.channel,
            data: &row.data,
        });
        writes::insert(connection, &copies.collect::<Vec<_>>(), true)?;
    }
}
