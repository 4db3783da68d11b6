//! Values and elements that no checkpoint needs any more.

use std::collections::{HashMap, HashSet};

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::body::{Body, Place};
use super::rows::{StoredCheckpoint, next_rows};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{Characters, graph_checkpoints, graph_segments, graph_values};
use crate::token::hex;

/// Number of rows that one query reads or deletes.
const PAGE: i64 = 500;

/// Deletes the values and elements of a locked namespace that none of its checkpoints needs.
pub(super) fn delete(connection: &mut Connection, namespace_id: i64) -> Result<()> {
    let (mut digests, mut ends) = (HashSet::new(), HashMap::new());
    let mut last = 0;
    loop {
        let rows: Vec<StoredCheckpoint> =
            next_rows!(connection, graph_checkpoints of namespace_id, last, PAGE)?;
        for row in &rows {
            let body = Body::decode(&row.data)?;
            for channel in &body.channels {
                match &channel.value {
                    Place::Stored(digest) => {
                        digests.insert(hex(digest));
                    }
                    Place::List(list) => {
                        for part in &list.parts {
                            let end: &mut u64 = ends.entry(part.key).or_default();
                            *end = part.end.max(*end);
                        }
                    }
                    Place::Empty | Place::Here { .. } => {}
                }
            }
        }
        match rows.last() {
            Some(row) => last = row.id,
            None => break,
        }
    }
    delete_values(connection, namespace_id, &digests)?;
    delete_segments(connection, namespace_id, &ends)
}

fn delete_values(
    connection: &mut Connection,
    namespace_id: i64,
    needed: &HashSet<String>,
) -> Result<()> {
    let rows = on_engine!(connection, c => graph_values::table
        .filter(graph_values::namespace_id.eq(namespace_id))
        .select((graph_values::id, graph_values::digest))
        .load::<(i64, Characters<String>)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let ids = rows.into_iter().filter(|(_, Characters(digest))| !needed.contains(digest));
    let ids: Vec<_> = ids.map(|(id, _)| id).collect();
    for ids in ids.chunks(PAGE as usize) {
        let deleted = on_engine!(connection, c => {
            diesel::delete(graph_values::table.filter(graph_values::id.eq_any(ids))).execute(c)
        });
        deleted.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}

fn delete_segments(
    connection: &mut Connection,
    namespace_id: i64,
    ends: &HashMap<i64, u64>,
) -> Result<()> {
    let rows = on_engine!(connection, c => graph_segments::table
        .filter(graph_segments::namespace_id.eq(namespace_id))
        .select((graph_segments::id, graph_segments::list_key, graph_segments::position))
        .load::<(i64, i64, i64)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    let is_needed =
        |key: &i64, position: &i64| ends.get(key).is_some_and(|end| position.unsigned_abs() < *end);
    let ids = rows.into_iter().filter(|(_, key, position)| !is_needed(key, position));
    let ids: Vec<_> = ids.map(|(id, ..)| id).collect();
    for ids in ids.chunks(PAGE as usize) {
        let deleted = on_engine!(connection, c => {
            diesel::delete(graph_segments::table.filter(graph_segments::id.eq_any(ids))).execute(c)
        });
        deleted.map_err(|error| connection.write_error(error))?;
    }
    Ok(())
}
