//! The rows of checkpoints, which replace those with the same ids.

use std::collections::BTreeSet;

use diesel::upsert::excluded;
use diesel::{ExpressionMethods, Insertable, QueryDsl, RunQueryDsl};

use super::namespaces::deleted;
use crate::connection::{Connection, Session, groups, insert_many, max_insert_bytes, on_engine};
use crate::db_error::constraint::is_reference;
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

/// Stores the rows of checkpoints in locked namespaces, and replaces those with the same ids.
pub(super) fn upsert(connection: &mut Connection, rows: &[CheckpointRow<'_>]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // Diesel has no expression for the values of a row that MySQL did not insert.
    if matches!(connection.session, Session::MySql(_)) {
        return update_or_insert(connection, rows);
    }
    use graph_checkpoints::dsl;
    let max_bytes = max_insert_bytes(connection);
    let insert = || diesel::insert_into(graph_checkpoints::table);
    let changes = || {
        (
            dsl::parent_id.eq(excluded(dsl::parent_id)),
            dsl::run_id.eq(excluded(dsl::run_id)),
            dsl::data.eq(excluded(dsl::data)),
        )
    };
    let key = (dsl::namespace_id, dsl::checkpoint_id);
    let stored = match &mut connection.session {
        Session::Sqlite(c) => rows.iter().try_for_each(|row| {
            let insert = insert().values(*row).on_conflict(key).do_update();
            insert.set(changes()).execute(c).map(drop)
        }),
        Session::PostgreSql(c) => {
            groups(rows, max_bytes, |row| row.data.len()).into_iter().try_for_each(|rows| {
                let insert = insert().values(rows.to_vec()).on_conflict(key).do_update();
                insert.set(changes()).execute(c.as_mut()).map(drop)
            })
        }
        Session::MySql(_) => Ok(()),
    };
    stored.map_err(|error| {
        let error = connection.insert_error(error);
        if is_reference(&error) { deleted() } else { error }
    })
}

/// Updates the rows that exist, and inserts the others with one statement. The namespaces are locked,
/// so no other call inserts one of them.
fn update_or_insert(connection: &mut Connection, rows: &[CheckpointRow<'_>]) -> Result<()> {
    let namespaces: BTreeSet<_> = rows.iter().map(|row| row.namespace_id).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| row.checkpoint_id).collect();
    let stored = on_engine!(connection, c => graph_checkpoints::table
        .filter(graph_checkpoints::namespace_id.eq_any(&namespaces))
        .filter(graph_checkpoints::checkpoint_id.eq_any(&ids))
        .select((graph_checkpoints::namespace_id, graph_checkpoints::checkpoint_id))
        .load::<(i64, String)>(c));
    let stored: BTreeSet<_> =
        stored.map_err(|error| connection.read_error(error))?.into_iter().collect();
    let is_stored = |row: &&CheckpointRow<'_>| {
        stored.contains(&(row.namespace_id, row.checkpoint_id.to_owned()))
    };
    for row in rows.iter().filter(is_stored) {
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
    let new: Vec<_> = rows.iter().filter(|row| !is_stored(row)).copied().collect();
    let inserted = insert_many!(connection, graph_checkpoints, &new[..], |row| row.data.len());
    inserted.map_err(|error| {
        let error = connection.insert_error(error);
        if is_reference(&error) { deleted() } else { error }
    })
}
