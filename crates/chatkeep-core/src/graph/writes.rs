//! Storing the writes of a task.

use std::collections::BTreeMap;

use diesel::upsert::excluded;
use diesel::{ExpressionMethods, Insertable, RunQueryDsl};

use super::namespaces::{LockedNamespaces, NamespaceKey, changed};
use super::new::{NewGraphWrite, check_id, check_namespace, check_thread, check_writes};
use super::packed;
use super::place::check_row;
use super::values::Value;
use crate::connection::{Connection, Session, groups, max_insert_bytes};
use crate::error::Result;
use crate::schema::graph_writes;

/// The task that writes, and the checkpoint from which it started.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    /// Key of the thread.
    pub thread: &'a str,
    /// Namespace of the graph.
    pub namespace: &'a str,
    /// Id of the checkpoint, which need not be stored yet.
    pub checkpoint_id: &'a str,
    /// Id of the task.
    pub task_id: &'a str,
    /// Path of the task, empty if it has none.
    pub task_path: &'a str,
}

#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = graph_writes)]
pub(super) struct WriteRow<'a> {
    pub(super) namespace_id: i64,
    pub(super) checkpoint_id: &'a str,
    pub(super) task_id: &'a str,
    pub(super) write_index: i64,
    pub(super) task_path: &'a str,
    pub(super) channel: &'a str,
    pub(super) data: &'a [u8],
}

impl Task<'_> {
    fn check(&self) -> Result<()> {
        check_thread("thread", self.thread)?;
        check_namespace("namespace", self.namespace)?;
        check_id("checkpoint_id", self.checkpoint_id)?;
        check_id("task_id", self.task_id)?;
        check_namespace("task_path", self.task_path)
    }
}

/// Validates a task and its writes without a database.
///
/// # Errors
/// `InvalidInput` with the field, such as `writes[3].channel`.
pub(super) fn check(task: &Task<'_>, writes: &[NewGraphWrite]) -> Result<()> {
    task.check()?;
    check_writes(writes)
}

/// The writes of a task in a namespace.
pub(super) type OfTask<'a> = (&'a NamespaceKey<'a>, Task<'a>, &'a [NewGraphWrite]);

/// Encodes all writes, in their order.
pub(super) fn pack(connection: &Connection, tasks: &[OfTask<'_>]) -> Result<Vec<Vec<u8>>> {
    let mut packed = Vec::new();
    for (_, _, writes) in tasks {
        for (index, write) in writes.iter().enumerate() {
            let value =
                Value { format: write.format.clone(), data: write.data.as_slice().to_vec() };
            let data = packed::encode(&value)?;
            check_row(connection, "data", &data)
                .map_err(|error| error.with_field(format!("writes[{index}].data")))?;
            packed.push(data);
        }
    }
    Ok(packed)
}

/// Stores writes that were encoded by [`pack`].
pub(super) fn store(
    connection: &mut Connection,
    locked: &LockedNamespaces,
    tasks: &[OfTask<'_>],
    packed: &[Vec<u8>],
) -> Result<()> {
    let mut packed = packed.iter();
    let (mut once, mut replaced) = (Vec::new(), Vec::new());
    for (key, task, writes) in tasks {
        let namespace_id = locked.id(key)?;
        for (write, data) in writes.iter().zip(packed.by_ref()) {
            let row = WriteRow {
                namespace_id,
                checkpoint_id: task.checkpoint_id,
                task_id: task.task_id,
                write_index: write.index,
                task_path: task.task_path,
                channel: &write.channel,
                data,
            };
            if write.index >= 0 { once.push(row) } else { replaced.push(row) }
        }
    }
    insert(connection, &once, false)?;
    // The last one of several with the same key.
    let mut last = BTreeMap::new();
    for row in replaced {
        let key = (row.namespace_id, row.checkpoint_id, row.task_id, row.write_index);
        last.insert(key, row);
    }
    insert(connection, &last.into_values().collect::<Vec<_>>(), true)
}

/// Inserts writes. Those that are stored already stay, or are replaced.
pub(super) fn insert(
    connection: &mut Connection,
    rows: &[WriteRow<'_>],
    replaces: bool,
) -> Result<()> {
    let max_bytes = max_insert_bytes(connection);
    for rows in groups(rows, max_bytes, |row| row.data.len() + row.task_path.len()) {
        insert_group(connection, rows, replaces)?;
    }
    Ok(())
}

fn insert_group(connection: &mut Connection, rows: &[WriteRow<'_>], replaces: bool) -> Result<()> {
    use graph_writes::dsl;
    let insert = || diesel::insert_into(graph_writes::table);
    let key = (dsl::namespace_id, dsl::checkpoint_id, dsl::task_id, dsl::write_index);
    let changes = || {
        (
            dsl::task_path.eq(excluded(dsl::task_path)),
            dsl::channel.eq(excluded(dsl::channel)),
            dsl::data.eq(excluded(dsl::data)),
        )
    };
    let stored = match &mut connection.session {
        Session::Sqlite(c) => rows.iter().try_for_each(|row| {
            let insert = insert().values(*row).on_conflict(key);
            let stored = if replaces {
                insert.do_update().set(changes()).execute(c)
            } else {
                insert.do_nothing().execute(c)
            };
            stored.map(drop)
        }),
        Session::PostgreSql(c) => {
            let insert = insert().values(rows.to_vec()).on_conflict(key);
            let stored = if replaces {
                insert.do_update().set(changes()).execute(c.as_mut())
            } else {
                insert.do_nothing().execute(c.as_mut())
            };
            stored.map(drop)
        }
        // Diesel has no `VALUES(…)` for MySQL, so rows with their own values are replaced one by one.
        Session::MySql(c) if replaces => rows.iter().try_for_each(|row| {
            let stored = insert()
                .values(*row)
                .on_conflict(diesel::dsl::DuplicatedKeys)
                .do_update()
                .set((
                    dsl::task_path.eq(row.task_path),
                    dsl::channel.eq(row.channel),
                    dsl::data.eq(row.data),
                ))
                .execute(c.as_mut());
            stored.map(drop)
        }),
        Session::MySql(c) => insert()
            .values(rows.to_vec())
            .on_conflict(diesel::dsl::DuplicatedKeys)
            .do_update()
            .set(dsl::id.eq(dsl::id))
            .execute(c.as_mut())
            .map(drop),
    };
    stored.map_err(|error| changed(connection.insert_error(error)))
}
