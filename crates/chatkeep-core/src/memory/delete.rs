//! Deletion of items.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl};

use super::namespace::end_of;
use super::rows::graph_memories;
use crate::connection::{Connection, on_engine};
use crate::delete_rows::delete_rows;
use crate::error::Result;
use crate::unexpired::unexpired;
use crate::value::Timestamp;

/// Maximum number of keys in a statement.
const MAX_KEYS: usize = 500;

/// Deletes an item. Returns false if it does not exist, or has expired.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete(connection: &mut Connection, namespace: &str, key: &str) -> Result<bool> {
    let now = Timestamp::now();
    let deleted = on_engine!(connection, c => diesel::delete(
        graph_memories::table
            .filter(graph_memories::namespace.eq(namespace))
            .filter(graph_memories::item_key.eq(key))
            .filter(unexpired!(graph_memories, now)),
    )
    .execute(c));
    deleted.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Deletes the items with these namespaces and keys, which are sorted.
pub(super) fn delete_keys(connection: &mut Connection, keys: &[(&str, &str)]) -> Result<()> {
    for group in keys.chunk_by(|(one, _), (other, _)| one == other) {
        for chunk in group.chunks(MAX_KEYS) {
            let namespace = chunk[0].0;
            let keys: Vec<_> = chunk.iter().map(|(_, key)| *key).collect();
            let deleted = on_engine!(connection, c => diesel::delete(
                graph_memories::table
                    .filter(graph_memories::namespace.eq(namespace))
                    .filter(graph_memories::item_key.eq_any(&keys)),
            )
            .execute(c));
            deleted.map_err(|error| connection.write_error(error))?;
        }
    }
    Ok(())
}

/// Deletes up to `limit` items that expired before `now`, and returns their number; `None` if there
/// is none.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete_batch_expired(
    connection: &mut Connection,
    now: Timestamp,
    limit: u32,
) -> Result<Option<u64>> {
    let oldest = graph_memories::expires_at.asc();
    delete_rows!(connection, graph_memories, graph_memories::expires_at.le(now); oldest, limit)
}

/// Deletes up to `limit` items whose namespace begins with an encoded prefix of one segment or more,
/// and returns their number; `None` if there is none.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn delete_batch_under(
    connection: &mut Connection,
    prefix: &str,
    limit: u32,
) -> Result<Option<u64>> {
    let end = end_of(prefix).unwrap_or_default();
    let is_under = || graph_memories::namespace.ge(prefix).and(graph_memories::namespace.lt(&end));
    delete_rows!(connection, graph_memories, is_under(), limit)
}
