//! Copies of threads.

use std::collections::HashMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Place};
use super::lists::SegmentRow;
use super::namespaces::{NamespaceKey, lock_or_create, of_thread, thread_id};
use super::new::check_thread;
use super::upsert::{CheckpointRow, upsert};
use super::writes::{self, WriteRow};
use super::{garbage, values};
use crate::connection::{Connection, insert_many, on_engine};
use crate::error::{Error, Result};
use crate::schema::{
    Characters, graph_checkpoints, graph_namespaces, graph_segments, graph_values, graph_writes,
};
use crate::token::random_bytes;
use crate::value::Timestamp;

/// Number of rows that are in memory at a time.
const PAGE: i64 = 100;

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
    connection.transaction_under_lock(|connection| {
        let Some(thread) = thread_id(connection, source)? else { return Ok(None) };
        let mut copied = 0;
        for id in of_thread(connection, thread)? {
            let name = on_engine!(connection, c => graph_namespaces::table
                .filter(graph_namespaces::id.eq(id))
                .select(graph_namespaces::name)
                .get_result::<String>(c));
            let name = name.map_err(|error| connection.read_error(error))?;
            let keys = [NamespaceKey::new(source, &name), NamespaceKey::new(target, &name)];
            let to = lock_or_create(connection, keys.iter())?.id(&keys[1])?;
            copied += copy_namespace(connection, id, to)?;
        }
        Ok(Some(copied))
    })
}

fn copy_namespace(connection: &mut Connection, from: i64, to: i64) -> Result<u64> {
    copy_values(connection, from, to)?;
    // Lists of the target may have continued under the keys of the source since an earlier copy.
    let mut keys = HashMap::new();
    copy_segments(connection, from, to, &mut keys)?;
    let copied = copy_checkpoints(connection, from, to, &keys)?;
    copy_writes(connection, from, to)?;
    // What replaced checkpoints had.
    garbage::delete(connection, to)?;
    Ok(copied)
}

fn copy_values(connection: &mut Connection, from: i64, to: i64) -> Result<()> {
    let mut last = 0;
    loop {
        let rows = on_engine!(connection, c => graph_values::table
            .filter(graph_values::namespace_id.eq(from))
            .filter(graph_values::id.gt(last))
            .order(graph_values::id.asc())
            .select((graph_values::id, graph_values::digest, graph_values::data))
            .limit(PAGE / 10)
            .load::<(i64, Characters<String>, Vec<u8>)>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let Some((id, ..)) = rows.last() else { return Ok(()) };
        last = *id;
        let rows = rows.into_iter().map(|(_, digest, data)| ((to, String::from(digest)), data));
        values::insert_missing_rows(connection, rows.collect())?;
    }
}

fn copy_segments(
    connection: &mut Connection,
    from: i64,
    to: i64,
    keys: &mut HashMap<i64, i64>,
) -> Result<()> {
    let mut last = 0;
    loop {
        let rows = on_engine!(connection, c => graph_segments::table
            .filter(graph_segments::namespace_id.eq(from))
            .filter(graph_segments::id.gt(last))
            .order(graph_segments::id.asc())
            .select((
                graph_segments::id,
                graph_segments::list_key,
                graph_segments::position,
                graph_segments::elements,
                graph_segments::data,
            ))
            .limit(PAGE)
            .load::<(i64, i64, i64, i64, Vec<u8>)>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let Some((id, ..)) = rows.last() else { return Ok(()) };
        last = *id;
        let mut copies = Vec::with_capacity(rows.len());
        for (_, key, position, elements, data) in &rows {
            let list_key = match keys.get(key) {
                Some(key) => *key,
                None => {
                    let new = i64::from_le_bytes(random_bytes::<8>()?);
                    keys.insert(*key, new);
                    new
                }
            };
            copies.push(SegmentRow {
                namespace_id: to,
                list_key,
                position: *position,
                elements: *elements,
                data,
            });
        }
        let stored = insert_many!(connection, graph_segments, &copies[..], |row| row.data.len());
        stored.map_err(|error| connection.insert_error(error))?;
    }
}

/// A checkpoint's row: its position and the columns that are copied.
type Row = (i64, String, Option<String>, Option<String>, Timestamp, Vec<u8>);

fn copy_checkpoints(
    connection: &mut Connection,
    from: i64,
    to: i64,
    keys: &HashMap<i64, i64>,
) -> Result<u64> {
    let (mut last, mut copied) = (0, 0);
    loop {
        let rows = on_engine!(connection, c => graph_checkpoints::table
            .filter(graph_checkpoints::namespace_id.eq(from))
            .filter(graph_checkpoints::id.gt(last))
            .order(graph_checkpoints::id.asc())
            .select((
                graph_checkpoints::id,
                graph_checkpoints::checkpoint_id,
                graph_checkpoints::parent_id,
                graph_checkpoints::run_id,
                graph_checkpoints::created_at,
                graph_checkpoints::data,
            ))
            .limit(PAGE)
            .load::<Row>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let Some((id, ..)) = rows.last() else { return Ok(copied) };
        last = *id;
        copied += rows.len() as u64;
        let mut bodies = Vec::with_capacity(rows.len());
        for (.., data) in &rows {
            let mut body = Body::decode(data)?;
            for channel in &mut body.channels {
                if let Place::List(list) = &mut channel.value {
                    for part in &mut list.parts {
                        part.key = keys.get(&part.key).copied().unwrap_or(part.key);
                    }
                }
            }
            bodies.push(body.encode()?);
        }
        let copies = rows.iter().zip(&bodies).map(
            |((_, checkpoint_id, parent_id, run_id, created_at, _), data)| CheckpointRow {
                namespace_id: to,
                checkpoint_id,
                parent_id: parent_id.as_deref(),
                run_id: run_id.as_deref(),
                created_at: *created_at,
                data,
            },
        );
        upsert(connection, &copies.collect::<Vec<_>>())?;
    }
}

fn copy_writes(connection: &mut Connection, from: i64, to: i64) -> Result<()> {
    let mut last = 0;
    loop {
        let rows = on_engine!(connection, c => graph_writes::table
            .filter(graph_writes::namespace_id.eq(from))
            .filter(graph_writes::id.gt(last))
            .order(graph_writes::id.asc())
            .select((
                graph_writes::id,
                graph_writes::checkpoint_id,
                graph_writes::task_id,
                graph_writes::write_index,
                graph_writes::task_path,
                graph_writes::channel,
                graph_writes::data,
            ))
            .limit(PAGE)
            .load::<(i64, String, String, i64, String, String, Vec<u8>)>(c));
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let Some((id, ..)) = rows.last() else { return Ok(()) };
        last = *id;
        let copies: Vec<_> = rows
            .iter()
            .map(|(_, checkpoint_id, task_id, write_index, task_path, channel, data)| WriteRow {
                namespace_id: to,
                checkpoint_id,
                task_id,
                write_index: *write_index,
                task_path,
                channel,
                data,
            })
            .collect();
        writes::insert(connection, &copies, true)?;
    }
}
