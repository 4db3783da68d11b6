//! Ids that were missing when the mark passed them. Where nobody can tell whether they will turn up, they are kept in mind
//! for a day, and whatever turns up is counted then. A day is longer than any server lets a statement stand still between
//! getting its id and writing its row.

use diesel::sql_types::BigInt;
use diesel::{ExpressionMethods, QueryDsl, QueryableByName, RunQueryDsl, sql_query};

use super::grouped::{Rows, add_up};
use super::store::MARK;
use super::sums::Totals;
use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::{message_counting, message_gaps};

/// A reader asks for all of them, in one statement.
const MAX_GAPS: usize = 100;

/// From the first id to the last.
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

/// All gaps, in their order.
pub(in crate::message) fn gaps(connection: &mut Connection) -> Result<Vec<Gap>> {
    let rows = on_engine!(connection, c => message_gaps::table
        .order(message_gaps::first.asc())
        .load::<(i64, i64)>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|(first, last)| Gap { first, last }).collect())
}

/// These gaps, and no others.
pub(super) fn replace_gaps(connection: &mut Connection, gaps: &[Gap]) -> Result<()> {
    let rows: Vec<_> = gaps
        .iter()
        .map(|gap| (message_gaps::first.eq(gap.first), message_gaps::last.eq(gap.last)))
        .collect();
    let replaced = on_engine!(connection, c => {
        diesel::delete(message_gaps::table).execute(c).and_then(|_| {
            rows.iter().try_for_each(|row| diesel::insert_into(message_gaps::table).values(*row).execute(c).map(drop))
        })
    });
    replaced.map_err(|error| connection.write_error(error))
}

/// What was found of ids that were to be counted.
pub(super) struct Passed {
    pub(super) found: Totals,
    /// The mark can move up to here.
    pub(super) to: i64,
}

/// Counts the rows behind the mark up to an id, and those that turned up in gaps, and keeps in mind what is missing. It
/// sees one state of the database.
pub(super) fn pass(connection: &mut Connection, mark: i64, to: i64) -> Result<Passed> {
    let settled_to = settled_to(connection, to)?;
    let known = gaps(connection)?;
    let mut left = Vec::new();
    let mut found = Totals::default();
    for (gap, ids) in turned_up(connection, &known)? {
        if !ids.is_empty() {
            found.join(add_up(connection, Rows::Numbered(gap.first - 1, gap.last))?);
        }
        left.extend(missing_of(&ids, gap.first - 1, gap.last));
    }
    left.retain(|gap| gap.last > settled_to);

    let mut to = to;
    let mut rows = add_up(connection, Rows::Numbered(mark, to))?;
    if rows.messages() != to - mark {
        let new = missing_of(&ids_in(connection, &[Gap { first: mark + 1, last: to }])?, mark, to);
        let all =
            joined(left.iter().copied().chain(new.into_iter().filter(|gap| gap.last > settled_to)));
        if all.len() > MAX_GAPS {
            // So many are not kept in mind: a cluster leaves ids out on purpose. A day later they are settled.
            to = to.min(settled_to).max(mark);
            rows = add_up(connection, Rows::Numbered(mark, to))?;
        } else {
            left = all;
        }
    }
    found.join(rows);
    if left != known {
        replace_gaps(connection, &left)?;
    }
    Ok(Passed { found, to })
}

/// These gaps, and the ids of each that are there by now. That is one question, however many they are.
pub(in crate::message) fn turned_up(
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

/// The ids that are there, in their order.
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

/// What is missing among ascending ids, behind the first number and up to the second.
fn missing_of(ids: &[i64], behind: i64, last: i64) -> Vec<Gap> {
    let mut before = behind;
    let mut missing = Vec::new();
    for id in ids.iter().copied().chain([last + 1]) {
        if id > before + 1 {
            missing.push(Gap { first: before + 1, last: id - 1 });
        }
        before = id;
    }
    missing
}

/// Ascending gaps, without the borders between those that touch each other: one that was passed in several steps is one.
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

/// Up to which id nothing can turn up any more. Once a day the greatest id of the day before is; the database's clock
/// counts. Only MySQL and MariaDB get here.
fn settled_to(connection: &mut Connection, top: i64) -> Result<i64> {
    let look = "UPDATE message_counting SET settled_to = seen, seen = ?, seen_at = UTC_TIMESTAMP(6) \
                WHERE id = 0 AND seen_at < UTC_TIMESTAMP(6) - INTERVAL 1 DAY";
    let looked = on_engine!(connection, c => sql_query(look).bind::<BigInt, _>(top).execute(c));
    looked.map_err(|error| connection.write_error(error))?;
    let settled = on_engine!(connection, c => message_counting::table
        .find(MARK)
        .select(message_counting::settled_to)
        .get_result::<i64>(c));
    settled.map_err(|error| connection.read_error(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_found_at_both_ends_and_between() {
        let missing = |ids: &[i64]| -> Vec<_> {
            missing_of(ids, 10, 20).into_iter().map(|gap| (gap.first, gap.last)).collect()
        };
        assert_eq!(missing(&[]), [(11, 20)]);
        assert_eq!(missing(&(11..=20).collect::<Vec<_>>()), []);
        assert_eq!(missing(&[12, 13, 19]), [(11, 11), (14, 18), (20, 20)]);
        assert_eq!(missing(&[11, 20]), [(12, 19)]);
    }

    #[test]
    fn gaps_that_touch_each_other_are_one() {
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
