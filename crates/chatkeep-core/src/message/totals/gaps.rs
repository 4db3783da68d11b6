//! Gaps: ids that were missing when the watermark passed them.
//!
//! If the engine cannot determine whether they will appear, they are recorded for a day, and
//! counted if they appear. On no server can a statement stall for a day between getting its id and
//! writing its row.

use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl, sql_query};

use super::grouped::{Rows, add_up};
use super::store::WATERMARK_ID;
use super::sums::Totals;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{message_counting, message_gaps};

/// Maximum number of gaps. A reader queries all of them in one statement.
const MAX_GAPS: usize = 100;

/// A range of ids, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::message) struct Gap {
    pub(in crate::message) first: i64,
    pub(in crate::message) last: i64,
}

impl Gap {
    pub(in crate::message) fn contains(self, id: i64) -> bool {
        (self.first..=self.last).contains(&id)
    }
}

/// Returns all gaps in ascending order.
pub(in crate::message) fn gaps(connection: &mut Connection) -> Result<Vec<Gap>> {
    let rows = on_engine!(connection, c => message_gaps::table
        .order(message_gaps::first.asc())
        .load::<(i64, i64)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|(first, last)| Gap { first, last }).collect())
}

/// Replaces the stored gaps.
pub(super) fn replace_gaps(connection: &mut Connection, gaps: &[Gap]) -> Result<()> {
    let rows: Vec<_> = gaps
        .iter()
        .map(|gap| (message_gaps::first.eq(gap.first), message_gaps::last.eq(gap.last)))
        .collect();
    let replaced = on_engine!(connection, c => {
        diesel::delete(message_gaps::table).execute(c).and_then(|_| {
            rows.iter().try_for_each(|row| {
                diesel::insert_into(message_gaps::table).values(*row).execute(c).map(drop)
            })
        })
    });
    replaced.map_err(|error| connection.insert_error(error))
}

/// The sums of counted messages.
pub(super) struct Counted {
    pub(super) found: Totals,
    /// Id to which the watermark can be advanced.
    pub(super) to: i64,
}

/// Adds up the rows after the watermark up to an id, and those that appeared in gaps. Records
/// missing ids as gaps. The caller's transaction must see a single snapshot.
pub(super) fn count_with_gaps(
    connection: &mut Connection,
    watermark: i64,
    to: i64,
) -> Result<Counted> {
    let settled_to = advance_settled(connection, to)?;
    let recorded = gaps(connection)?;
    let mut left = Vec::new();
    let mut found = Totals::default();
    for (gap, ids) in found_in_gaps(connection, &recorded)? {
        if !ids.is_empty() {
            found.join(add_up(connection, Rows::Numbered(gap.first - 1, gap.last))?);
        }
        left.extend(missing_ranges(&ids, gap.first - 1, gap.last));
    }
    left.retain(|gap| gap.last > settled_to);

    let mut to = to;
    let mut rows = add_up(connection, Rows::Numbered(watermark, to))?;
    if rows.messages() != to - watermark {
        let new = missing_ranges(
            &ids_in(connection, &[Gap { first: watermark + 1, last: to }])?,
            watermark,
            to,
        );
        let all =
            joined(left.iter().copied().chain(new.into_iter().filter(|gap| gap.last > settled_to)));
        if all.len() > MAX_GAPS {
            // Too many gaps to record: a cluster skips ids on purpose. They are final a day later.
            to = to.min(settled_to).max(watermark);
            rows = add_up(connection, Rows::Numbered(watermark, to))?;
        } else {
            left = all;
        }
    }
    found.join(rows);
    if left != recorded {
        replace_gaps(connection, &left)?;
    }
    Ok(Counted { found, to })
}

/// Returns these gaps, each with the ids that have appeared in it. Runs at most one query.
pub(in crate::message) fn found_in_gaps(
    connection: &mut Connection,
    gaps: &[Gap],
) -> Result<Vec<(Gap, Vec<i64>)>> {
    if gaps.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids_in(connection, gaps)?;
    let of = |gap: Gap| ids.iter().copied().filter(|id| gap.contains(*id)).collect();
    Ok(gaps.iter().map(|gap| (*gap, of(*gap))).collect())
}

/// Returns the existing ids in these ranges, in ascending order.
fn ids_in(connection: &mut Connection, gaps: &[Gap]) -> Result<Vec<i64>> {
    let ranges: Vec<_> =
        gaps.iter().map(|Gap { first, last }| format!("id >= {first} AND id <= {last}")).collect();
    let sql = format!("SELECT id FROM messages WHERE {} ORDER BY id", ranges.join(" OR "));
    let rows = on_engine!(connection, c => sql_query(sql).load::<Id>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Returns the ranges missing among ascending ids, after `after` and up to `last`.
fn missing_ranges(ids: &[i64], after: i64, last: i64) -> Vec<Gap> {
    let mut before = after;
    let mut missing = Vec::new();
    for id in ids.iter().copied().chain([last + 1]) {
        if id > before + 1 {
            missing.push(Gap { first: before + 1, last: id - 1 });
        }
        before = id;
    }
    missing
}

/// Merges adjacent gaps of an ascending sequence, such as one that was passed in several steps.
fn joined(gaps: impl Iterator<Item = Gap>) -> Vec<Gap> {
    let mut joined: Vec<Gap> = Vec::new();
    for gap in gaps {
        match joined.last_mut() {
            Some(before) if before.last + 1 == gap.first => before.last = gap.last,
            _ => joined.push(gap),
        }
    }
    joined
}

/// Returns the id up to which missing ids can no longer appear.
///
/// Once a day, by the database's clock, this becomes the greatest id of the previous day. Only
/// MySQL and MariaDB need it.
fn advance_settled(connection: &mut Connection, top: i64) -> Result<i64> {
    let update = "UPDATE message_counting \
                SET settled_to = seen, seen = ?, seen_at = UTC_TIMESTAMP(6) \
                WHERE id = 0 AND seen_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY";
    let updated = on_engine!(connection, c => sql_query(update).bind::<BigInt, _>(top).execute(c));
    updated.map_err(|error| connection.write_error(error))?;
    let settled = on_engine!(connection, c => message_counting::table
        .find(WATERMARK_ID)
        .select(message_counting::settled_to)
        .get_result::<i64>(c));
    settled.map_err(|error| connection.read_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_ids_are_found_at_both_ends_and_between() {
        let missing = |ids: &[i64]| -> Vec<_> {
            missing_ranges(ids, 10, 20).into_iter().map(|gap| (gap.first, gap.last)).collect()
        };
        assert_eq!(missing(&[]), [(11, 20)]);
        assert_eq!(missing(&(11..=20).collect::<Vec<_>>()), []);
        assert_eq!(missing(&[12, 13, 19]), [(11, 11), (14, 18), (20, 20)]);
        assert_eq!(missing(&[11, 20]), [(12, 19)]);
    }

    #[test]
    fn adjacent_gaps_are_merged() {
        let join = |gaps: &[(i64, i64)]| -> Vec<_> {
            let gaps = gaps.iter().map(|&(first, last)| Gap { first, last });
            joined(gaps).into_iter().map(|gap| (gap.first, gap.last)).collect()
        };
        assert_eq!(join(&[]), []);
        assert_eq!(
            join(&[(1, 3), (4, 4), (5, 9), (11, 12), (14, 15)]),
            [(1, 9), (11, 12), (14, 15)]
        );
    }
}
