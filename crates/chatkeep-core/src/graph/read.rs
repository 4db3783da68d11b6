//! Reading checkpoints with the values of their channels and the writes that follow them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, RunQueryDsl,
};

use super::body::{Body, Place};
use super::elements::join;
use super::lists::Segments;
use super::namespaces::key_hash;
use super::new::{check_id, check_namespace, check_optional, check_thread};
use super::packed;
use super::record::{GraphChannel, GraphCheckpoint, GraphWrite};
use super::rows::StoredCheckpoint;
use super::values::{Value, Values};
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::{Characters, graph_checkpoints, graph_namespaces, graph_threads, graph_writes};
use crate::value::Bytes;

/// Maximum number of checkpoints that one call reads.
const MAX_CHECKPOINTS: i64 = 100;
/// Size of the values after which a page ends, in bytes.
const MAX_PAGE_BYTES: usize = 8 << 20;

/// Selects checkpoints.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckpointRange<'a> {
    /// Key of the thread.
    pub thread: Option<&'a str>,
    /// Namespace.
    pub namespace: Option<&'a str>,
    /// Id of the only checkpoint.
    pub checkpoint_id: Option<&'a str>,
    /// Id of a checkpoint; those with smaller ids are returned.
    pub before: Option<&'a str>,
    /// Position of the checkpoint `before`; those with an equal id and a smaller position are
    /// returned, too.
    pub after: Option<i64>,
}

/// A checkpoint's row, with the names of its thread and namespace.
struct Found {
    row: StoredCheckpoint,
    body: Body,
    namespace: String,
    thread: String,
}

impl Found {
    fn decode(row: StoredCheckpoint, namespace: String, thread: String) -> Result<Self> {
        let body = Body::decode(&row.data)?;
        Ok(Self { row, body, namespace, thread })
    }
}

/// Returns a checkpoint; without an id, the one with the greatest id in its namespace.
///
/// # Errors
/// `InvalidInput` with the invalid field; or an error of the database.
pub fn get(
    connection: &mut Connection,
    thread: &str,
    namespace: &str,
    checkpoint_id: Option<&str>,
) -> Result<Option<GraphCheckpoint>> {
    check_thread("thread", thread)?;
    check_namespace("namespace", namespace)?;
    check_optional("checkpoint_id", checkpoint_id)?;
    let (thread_hash, name_hash) = (key_hash(thread), key_hash(namespace));
    let namespace_id = || {
        graph_namespaces::table
            .inner_join(graph_threads::table)
            .filter(graph_threads::thread_hash.eq(Characters(thread_hash.as_str())))
            .filter(graph_namespaces::name_hash.eq(Characters(name_hash.as_str())))
            .select(graph_namespaces::id)
            .single_value()
    };
    complete(connection, |connection| {
        let rows = on_engine!(connection, c => {
            let mut query = graph_checkpoints::table
                .filter(graph_checkpoints::namespace_id.nullable().eq(namespace_id()))
                .order(graph_checkpoints::checkpoint_id.desc())
                .select(graph_checkpoints::all_columns)
                .limit(1)
                .into_boxed();
            if let Some(id) = checkpoint_id {
                query = query.filter(graph_checkpoints::checkpoint_id.eq(id));
            }
            query.load::<StoredCheckpoint>(c)
        });
        let rows = rows.map_err(|error| connection.read_error(error))?;
        let found = rows
            .into_iter()
            .map(|row| Found::decode(row, namespace.to_owned(), thread.to_owned()))
            .collect::<Result<_>>()?;
        let checkpoints = with_values(connection, found)?;
        Ok(checkpoints.map(|checkpoints| checkpoints.into_iter().next()))
    })
}

/// Returns checkpoints, those with the greatest ids first, up to some megabytes. The result is empty
/// only at the end.
///
/// # Errors
/// `InvalidInput` with the invalid field; or an error of the database.
pub fn list(
    connection: &mut Connection,
    range: &CheckpointRange<'_>,
    limit: i64,
) -> Result<Vec<GraphCheckpoint>> {
    range.check()?;
    complete(connection, |connection| {
        let found = load(connection, range, limit.min(MAX_CHECKPOINTS))?;
        with_values(connection, found)
    })
}

impl CheckpointRange<'_> {
    fn check(&self) -> Result<()> {
        self.thread.map_or(Ok(()), |thread| check_thread("thread", thread))?;
        self.namespace.map_or(Ok(()), |namespace| check_namespace("namespace", namespace))?;
        check_optional("checkpoint_id", self.checkpoint_id)?;
        match (self.before, self.after) {
            (Some(before), _) => check_id("before", before),
            (None, Some(_)) => Err(Error::invalid_input(
                "after",
                "is a position among checkpoints with one id; pass this id as before",
            )),
            (None, None) => Ok(()),
        }
    }
}

/// Reads again, from one snapshot, if parts of a checkpoint were deleted while it was read.
fn complete<T>(
    connection: &mut Connection,
    read: impl Fn(&mut Connection) -> Result<Option<T>>,
) -> Result<T> {
    if let Some(value) = read(connection)? {
        return Ok(value);
    }
    connection.snapshot(read)?.ok_or_else(|| {
        Error::internal(
            "values of a checkpoint are missing; restore a backup, or delete its thread",
        )
    })
}

fn load(
    connection: &mut Connection,
    range: &CheckpointRange<'_>,
    limit: i64,
) -> Result<Vec<Found>> {
    let thread_hash = range.thread.map(key_hash);
    let name_hash = range.namespace.map(key_hash);
    let rows = on_engine!(connection, c => {
        let mut query = graph_checkpoints::table
            .inner_join(graph_namespaces::table.inner_join(graph_threads::table))
            .order((graph_checkpoints::checkpoint_id.desc(), graph_checkpoints::id.desc()))
            .select((
                graph_checkpoints::all_columns,
                graph_namespaces::name,
                graph_threads::thread,
            ))
            .limit(limit)
            .into_boxed();
        if let Some(hash) = &thread_hash {
            query = query.filter(graph_threads::thread_hash.eq(Characters(hash.as_str())));
        }
        if let Some(hash) = &name_hash {
            query = query.filter(graph_namespaces::name_hash.eq(Characters(hash.as_str())));
        }
        if let Some(id) = range.checkpoint_id {
            query = query.filter(graph_checkpoints::checkpoint_id.eq(id));
        }
        match (range.before, range.after) {
            (Some(before), Some(position)) => {
                let same = graph_checkpoints::checkpoint_id
                    .eq(before)
                    .and(graph_checkpoints::id.lt(position));
                query = query.filter(graph_checkpoints::checkpoint_id.lt(before).or(same));
            }
            (Some(before), None) => {
                query = query.filter(graph_checkpoints::checkpoint_id.lt(before));
            }
            (None, _) => {}
        }
        query.load::<(StoredCheckpoint, String, String)>(c)
    });
    let rows = rows.map_err(|error| connection.read_error(error))?;
    rows.into_iter().map(|(row, namespace, thread)| Found::decode(row, namespace, thread)).collect()
}

/// Adds the values and the writes, until the page has some megabytes. `None` if a value is missing.
fn with_values(
    connection: &mut Connection,
    found: Vec<Found>,
) -> Result<Option<Vec<GraphCheckpoint>>> {
    let lists = found.iter().flat_map(|checkpoint| {
        checkpoint.body.lists().map(|list| (checkpoint.row.namespace_id, list))
    });
    let segments = Segments::read(connection, lists)?;
    let wanted: BTreeSet<_> = found
        .iter()
        .flat_map(|checkpoint| {
            checkpoint.body.channels.iter().filter_map(|channel| match channel.value {
                Place::Stored(digest) => Some((checkpoint.row.namespace_id, digest)),
                _ => None,
            })
        })
        .collect();
    let values = Values::read(connection, &wanted)?;
    let mut writes = read_writes(connection, &found)?;
    let (mut checkpoints, mut bytes) = (Vec::with_capacity(found.len()), 0);
    for checkpoint in found {
        let Found { row, body, namespace, thread } = checkpoint;
        let namespace_id = row.namespace_id;
        let mut channels = Vec::with_capacity(body.channels.len());
        for channel in body.channels {
            let value = match channel.value {
                Place::Empty => None,
                Place::Here { format, data } => Some((format, data)),
                Place::Stored(digest) => {
                    let Some(value) = values.get(namespace_id, digest) else { return Ok(None) };
                    Some((value.format.clone(), value.data.clone()))
                }
                Place::List(list) => {
                    let Some(elements) = segments.elements(namespace_id, &list)? else {
                        return Ok(None);
                    };
                    let data = join(list.format, &elements);
                    Some((list.format.name().to_owned(), data))
                }
            };
            let (format, data) = value.unzip();
            bytes += data.as_ref().map_or(0, Vec::len);
            let (name, version) = (channel.channel, channel.version);
            let data = data.map(Bytes::from);
            channels.push(GraphChannel { channel: name, version, format, data });
        }
        let writes = writes.remove(&(namespace_id, row.checkpoint_id.clone())).unwrap_or_default();
        bytes += body.data.len() + body.metadata.len();
        bytes += writes.iter().map(|write| write.data.as_slice().len()).sum::<usize>();
        checkpoints.push(GraphCheckpoint {
            thread,
            namespace,
            id: row.checkpoint_id,
            parent_id: row.parent_id,
            format: body.format,
            data: Bytes::from(body.data),
            metadata_format: body.metadata_format,
            metadata: Bytes::from(body.metadata),
            source: body.source,
            step: body.step,
            run_id: row.run_id,
            created_at: row.created_at,
            position: row.id,
            channels,
            writes,
        });
        if bytes >= MAX_PAGE_BYTES {
            break;
        }
    }
    Ok(Some(checkpoints))
}

type Writes = HashMap<(i64, String), Vec<GraphWrite>>;

/// Reads the writes of these checkpoints, in the order in which a graph applies them: by path, task
/// and index.
fn read_writes(connection: &mut Connection, found: &[Found]) -> Result<Writes> {
    let mut ids: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for checkpoint in found {
        let row = &checkpoint.row;
        ids.entry(row.namespace_id).or_default().push(&row.checkpoint_id);
    }
    let mut writes = Writes::new();
    for (namespace_id, ids) in ids {
        let rows = on_engine!(connection, c => graph_writes::table
            .filter(graph_writes::namespace_id.eq(namespace_id))
            .filter(graph_writes::checkpoint_id.eq_any(&ids))
            .select((
                graph_writes::checkpoint_id,
                graph_writes::task_path,
                graph_writes::task_id,
                graph_writes::write_index,
                graph_writes::channel,
                graph_writes::data,
            ))
            .load::<(String, String, String, i64, String, Vec<u8>)>(c));
        for (id, task_path, task_id, index, channel, data) in
            rows.map_err(|error| connection.read_error(error))?
        {
            let Value { format, data } = packed::decode(&data)?;
            let data = Bytes::from(data);
            let write = GraphWrite { task_id, task_path, index, channel, format, data };
            writes.entry((namespace_id, id)).or_default().push(write);
        }
    }
    for writes in writes.values_mut() {
        writes.sort_unstable_by(|a, b| {
            (&a.task_path, &a.task_id, a.index).cmp(&(&b.task_path, &b.task_id, b.index))
        });
    }
    Ok(writes)
}
