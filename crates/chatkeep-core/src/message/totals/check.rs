//! Comparison of the stored totals with the messages.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gaps::gaps;
use super::grouped::{Rows, add_up};
use super::store::{counted_to, last_id, load_totals, step_end};
use super::sums::{Key, Sums, Totals};
use crate::connection::Connection;
use crate::described::Record;
use crate::error::Result;
use crate::value::Timestamp;

/// Maximum number of messages that one statement adds up, so that each finishes before its timeout.
const MAX_ROWS: i64 = 250_000;

/// The result of comparing the totals with the messages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Record)]
#[non_exhaustive]
pub struct TotalsCheck {
    /// Number of messages that should be in the totals.
    pub counted: i64,
    /// Number of messages that are not counted yet. Statistics read these rows directly.
    pub uncounted: i64,
    /// Totals that differ from the messages, oldest first. Empty if the totals are correct.
    pub differences: Vec<TotalsDifference>,
}

/// A total that differs from the messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct TotalsDifference {
    /// Start of the period.
    pub start: Timestamp,
    /// Length of the period in hours: 1, 24 (a day) or 720 (30 days).
    pub hours: i32,
    /// Provider, or `unknown`.
    pub provider: String,
    /// Model, or `unknown`.
    pub model: String,
    /// Stored sums.
    pub kept: Sums,
    /// Actual sums of the messages.
    pub found: Sums,
}

/// Compares the totals with the sums of all messages, in one snapshot. Changes nothing.
///
/// # Errors
/// `Unavailable` or another connection error if the database does not answer.
pub fn check_totals(connection: &mut Connection) -> Result<TotalsCheck> {
    connection.snapshot(|connection| {
        let watermark = counted_to(connection)?.unwrap_or(0);
        let stored = load_totals(connection)?;
        let mut found = recount(connection, 0, watermark)?;
        let last = last_id(connection)?;
        let mut uncounted = recount(connection, watermark, last)?;
        for gap in gaps(connection)? {
            let found_in_gaps = recount(connection, gap.first - 1, gap.last)?;
            found.join(found_in_gaps.negative());
            uncounted.join(found_in_gaps);
        }
        found.0.retain(|_, sums| *sums != Sums::default());
        Ok(TotalsCheck {
            counted: found.messages(),
            uncounted: uncounted.messages(),
            differences: compare(stored, found),
        })
    })
}

fn recount(connection: &mut Connection, after: i64, last: i64) -> Result<Totals> {
    let mut found = Totals::default();
    let mut after = after;
    while after < last {
        let to = step_end(connection, after, last, MAX_ROWS)?;
        found.join(add_up(connection, Rows::Numbered(after, to))?);
        after = to;
    }
    Ok(found)
}

fn compare(stored: Totals, found: Totals) -> Vec<TotalsDifference> {
    let mut both: BTreeMap<Key, (Sums, Sums)> = BTreeMap::new();
    for (key, sums) in stored.0 {
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
