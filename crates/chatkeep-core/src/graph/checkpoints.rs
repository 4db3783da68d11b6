//! The rows of checkpoints in a locked namespace.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, Insertable, OptionalExtension, QueryDsl, RunQueryDsl};

use super::body::Body;
use super::namespaces::changed;
use crate::connection::{Connection, insert_many, on_engine};
use crate::error::Result;
use crate::schema::graph_checkpoints;
use crate::value::Timestamp;

/// A checkpoint's row to store.
#[derive(Debug, Clone, Copy, Insertable)]
#[diesel(table_name = graph_checkpoints)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct CheckpointRow<'a> {
    pub(super) namespace_id: i64,
    pub(super) checkpoint_id: &'a str,
    pub(super) parent_id: Option<&'a str>,
    pub(super) run_id: Option<&'a str>,
    pub(super) created_at: Timestamp,
    pub(super) data: &'a [u8],
}

/// Returns the content of a checkpoint, if it exists.
pub(super) fn find_body(
    connection: &mut Connection,
    namespace_id: i64,
    checkpoint_id: &str,
) -> Result<Option<Body>> {
    let found = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq(namespace_id))
        .filter(graph_checkpoints::checkpoint_id.eq(checkpoint_id))
        .select(graph_checkpoints::data)
        .get_result::<Vec<u8>>(c)
        .optional());
    let found = found.map_err(|error| connection.read_error(error))?;
    found.map(|data| Body::decode(&data)).transpose()
}

/// Updates the rows that are stored, by namespace and id, and inserts the others together. The
/// namespaces are locked, so the rows do not change in between.
pub(super) fn insert_or_update(
    connection: &mut Connection,
    rows: &[CheckpointRow<'_>],
    stored: &BTreeSet<(i64, String)>,
) -> Result<()> {
    let is_stored = |row: &&CheckpointRow<'_>| {
        stored.contains(&(row.namespace_id, row.checkpoint_id.to_owned()))
    };
    let (updated, new): (Vec<&CheckpointRow<'_>>, Vec<_>) = rows.iter().partition(is_stored);
    for row in updated {
        let updated = on_engine!(connection, c => diesel::update(
            graph_checkpoints::table
                .filter(graph_checkpoints::namespace_id.eq(row.namespace_id))
                .filter(graph_checkpoints::checkpoint_id.eq(row.checkpoint_id)),
        )
        .set((
            graph_checkpoints::parent_id.eq(row.parent_id),
            graph_checkpoints::run_id.eq(row.run_id),
            graph_checkpoints::data.eq(row.data),
        ))
        .execute(c));
        updated.map_err(|error| connection.write_error(error))?;
    }
    let new: Vec<_> = new.into_iter().copied().collect();
    let inserted = insert_many!(connection, graph_checkpoints, &new[..], |row| row.data.len());
    inserted.map_err(|error| changed(connection.insert_error(error)))
}
