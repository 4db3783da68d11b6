//! Reading single items, and the times until which read items exist.

use std::collections::BTreeMap;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use super::rows::{StoredMemory, graph_memories};
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::unexpired::unexpired;
use crate::value::Timestamp;

/// Maximum number of ids in a statement.
const MAX_IDS: usize = 500;
/// Maximum time by which an item may expire too early, in microseconds; less if its time to live is
/// short. So an item that is read often is not written with each read.
const MAX_EARLY: i64 = 1_000_000;

/// Returns an item, if it exists and has not expired.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn get(
    connection: &mut Connection,
    namespace: &str,
    key: &str,
) -> Result<Option<StoredMemory>> {
    let now = Timestamp::now();
    let found = on_engine!(connection, c => graph_memories::table
        .filter(graph_memories::namespace.eq(namespace))
        .filter(graph_memories::item_key.eq(key))
        .filter(unexpired!(graph_memories, now))
        .get_result::<StoredMemory>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}

impl StoredMemory {
    /// Returns the time until which a read at `now` extends the item. `None` if it does not expire,
    /// or by little later than it does already.
    pub fn extended(&self, now: Timestamp) -> Option<Timestamp> {
        let ttl = self.ttl_seconds?.checked_mul(1_000_000)?;
        let end = now.checked_add_microseconds(ttl)?;
        let gain = end.as_microsecond() - self.expires_at?.as_microsecond();
        (gain >= MAX_EARLY.min(ttl / 10)).then_some(end)
    }
}

/// Extends read items until these times. An item that has expired or was replaced stays as it is.
///
/// # Errors
/// `OutcomeUnknown` or another error of the database.
pub fn refresh(connection: &mut Connection, items: &[(i64, Timestamp)]) -> Result<()> {
    let now = Timestamp::now();
    let mut ends: BTreeMap<Timestamp, Vec<i64>> = BTreeMap::new();
    for (id, end) in items {
        ends.entry(*end).or_default().push(*id);
    }
    let groups: Vec<_> = ends
        .iter_mut()
        .flat_map(|(end, ids)| {
            // Every call uses the same order, so that two of them do not wait for each other.
            ids.sort_unstable();
            ids.chunks(MAX_IDS).map(|ids| (*end, ids))
        })
        .collect();
    let update = |connection: &mut Connection, (end, ids): (Timestamp, &[i64])| {
        let updated = on_engine!(connection, c => diesel::update(
            graph_memories::table
                .filter(graph_memories::id.eq_any(ids))
                .filter(graph_memories::expires_at.gt(now))
                .filter(graph_memories::expires_at.lt(end)),
        )
        .set(graph_memories::expires_at.eq(end))
        .execute(c));
        updated.map(drop).map_err(|error| connection.write_error(error))
    };
    match groups.as_slice() {
        [group] => update(connection, *group),
        _ => connection.transaction(|connection| {
            groups.iter().try_for_each(|group| update(connection, *group))
        }),
    }
}
