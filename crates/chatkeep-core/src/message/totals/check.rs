//! Whether the totals are what the messages add up to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gaps::gaps;
use super::grouped::{Rows, add_up};
use super::store::{all_kept, counted_to, end_of_step, last_id};
use super::sums::{Key, Sums, Totals};
use crate::connection::Connection;
use crate::error::Result;
use crate::value::Timestamp;

/// A statement adds up at most so many messages, so that each has an answer in time.
const MAX_ROWS: i64 = 250_000;

/// What a comparison of the totals with the messages found. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct TotalsCheck {
    /// Messages that should be in the totals.
    pub counted: i64,
    /// Messages that are not yet counted; statistics read them one by one.
    pub uncounted: i64,
    /// Where the totals are not what the messages add up to, oldest first. Empty when all is well.
    pub differences: Vec<TotalsDifference>,
}

/// Totals that are wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TotalsDifference {
    /// The first moment of the hour, day or 30 days.
    pub start: Timestamp,
    /// 1 for an hour, 24 for a day, 720 for 30 days.
    pub hours: i32,
    /// The provider, or `unknown`.
    pub provider: String,
    /// The model, or `unknown`.
    pub model: String,
    /// What the totals say.
    pub kept: Sums,
    /// What the messages add up to.
    pub found: Sums,
}

/// Adds all messages up anew, and compares: every message is read, at one moment. Nothing is changed.
///
/// # Errors
/// `Unavailable` and the like when the database does not answer.
pub fn check_totals(connection: &mut Connection) -> Result<TotalsCheck> {
    connection.snapshot(|connection| {
        let mark = counted_to(connection)?.unwrap_or(0);
        let kept = all_kept(connection)?;
        let mut found = recount(connection, 0, mark)?;
        let last = last_id(connection)?;
        let mut uncounted = recount(connection, mark, last)?;
        for gap in gaps(connection)? {
            let turned_up = recount(connection, gap.first - 1, gap.last)?;
            found.join(turned_up.negative());
            uncounted.join(turned_up);
        }
        found.0.retain(|_, sums| *sums != Sums::default());
        Ok(TotalsCheck {
            counted: found.messages(),
            uncounted: uncounted.messages(),
            differences: compare(kept, found),
        })
    })
}

fn recount(connection: &mut Connection, behind: i64, last: i64) -> Result<Totals> {
    let mut found = Totals::default();
    let mut behind = behind;
    while behind < last {
        let to = end_of_step(connection, behind, last, MAX_ROWS)?;
        found.join(add_up(connection, Rows::Numbered(behind, to))?);
        behind = to;
    }
    Ok(found)
}

fn compare(kept: Totals, found: Totals) -> Vec<TotalsDifference> {
    let mut both: BTreeMap<Key, (Sums, Sums)> = BTreeMap::new();
    for (key, sums) in kept.0 {
        both.entry(key).or_default().0 = sums;
    }
    for (key, sums) in found.0 {
        both.entry(key).or_default().1 = sums;
    }
    let differ = both.into_iter().filter(|(_, (kept, found))| kept != found);
    let mut differences: Vec<_> = differ
        .map(|(Key { hours, start, provider, model }, (kept, found))| TotalsDifference {
            start,
            hours,
            provider,
            model,
            kept,
            found,
        })
        .collect();
    differences.sort_by_key(|difference| (difference.start, std::cmp::Reverse(difference.hours)));
    differences
}
