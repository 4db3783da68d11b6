//! Updates of the totals: advancing the watermark, and subtracting deleted messages.

use std::time::Duration;

use super::commit_visibility::{MissingIds, missing_ids};
use super::gaps::{Counted, Gap, count_with_gaps};
use super::grouped::{Rows, add_up};
use super::store::{
    IfLocked, Watermark, change, increment_revision, last_id, lock_watermark, reset, set_watermark,
    step_end, watermark,
};
use super::sums::{Sums, Totals};
use crate::connection::Connection;
use crate::error::{ErrorKind, Result};
use crate::interrupt::pause;
use crate::value::{Cost, Timestamp};

/// Number of ids between updates of the totals. A reader adds up about this many rows per query.
const STEP: i64 = 4_096;
/// Maximum number of messages that one transaction counts. A long backlog is counted in several
/// transactions, so that no other one waits for long.
const MAX_STEP: i64 = 8 * STEP;
/// Number of consecutive busy results, 1 s in total, after which catching up stops. The remaining
/// messages are counted after later inserts.
const MAX_BUSY_RETRIES: u32 = 50;
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// Returns whether these ids of new messages include a multiple of `STEP`, so that it is time to
/// [update the totals](find_uncounted).
pub fn is_count_due(ids: &[i64]) -> bool {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return false };
    (first - 1).div_euclid(STEP) != last.div_euclid(STEP)
}

/// Messages that are not in the totals yet, and their sums.
#[derive(Debug)]
pub struct Uncounted {
    /// Watermark after which the messages start.
    watermark: Watermark,
    /// Greatest id in the log.
    top: i64,
    /// Greatest id of these messages.
    to: i64,
    /// Sums of the messages. `None` if they must be computed in the transaction that counts them.
    found: Option<Totals>,
}

/// The result of [`find_uncounted`].
#[derive(Debug)]
pub enum ToCount {
    /// Messages to count with [`advance_totals`].
    Found(Uncounted),
    /// Another transaction prevents counting at present.
    Busy,
    /// All messages are counted.
    Nothing,
}

/// Adds up messages that are not in the totals yet, up to the number that one short transaction
/// counts.
///
/// Nothing is changed or locked: any connection can be used, and other writers are not blocked.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_uncounted(connection: &mut Connection) -> Result<ToCount> {
    // The watermark is read first: any later deletion or import increments its revision.
    let (Some(watermark), top) = (watermark(connection)?, last_id(connection)?) else {
        return Ok(ToCount::Nothing);
    };
    if watermark.counted_to >= top {
        return Ok(ToCount::Nothing);
    }
    let to = step_end(connection, watermark.counted_to, top, MAX_STEP)?;
    let found = match missing_ids(connection)? {
        MissingIds::Final => Some(add_up(connection, Rows::Numbered(watermark.counted_to, to))?),
        MissingIds::Possible => None,
        MissingIds::Pending => return Ok(ToCount::Busy),
    };
    Ok(ToCount::Found(Uncounted { watermark, top, to, found }))
}

/// Adds messages to the totals, and advances the watermark. Readers add up uncounted messages
/// themselves.
///
/// # Errors
/// `Conflict`, `Unavailable`, `OutcomeUnknown` or another error of the database. No message is
/// counted twice.
pub fn advance_totals(connection: &mut Connection, uncounted: &Uncounted) -> Result<CountingStep> {
    let counted = with_short_lock_wait(connection, |connection| {
        connection.repeatable_read_transaction(|connection| try_to_count(connection, uncounted))
    });
    match counted {
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(CountingStep::Busy),
        outcome => outcome,
    }
}

/// The result of a counting step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountingStep {
    /// All messages are counted.
    Done,
    /// More messages are left to count.
    More,
    /// Another transaction prevented counting.
    Busy,
}

fn try_to_count(connection: &mut Connection, uncounted: &Uncounted) -> Result<CountingStep> {
    let Uncounted { watermark, top, to, found } = uncounted;
    if lock_watermark(connection, IfLocked::Skip)? != Some(*watermark) {
        return Ok(CountingStep::Busy);
    }
    let to = match found {
        Some(found) => {
            change(connection, found)?;
            *to
        }
        None => {
            let Counted { found, to } = count_with_gaps(connection, watermark.counted_to, *to)?;
            change(connection, &found)?;
            to
        }
    };
    set_watermark(connection, to)?;
    Ok(match to {
        to if to == watermark.counted_to => CountingStep::Busy,
        to if to < *top => CountingStep::More,
        _ => CountingStep::Done,
    })
}

/// Counts all messages, concurrently with other writers.
///
/// If others prevent counting for one second, the remaining messages are left uncounted.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database. Messages counted before it
/// stay counted.
pub fn catch_up(connection: &mut Connection) -> Result<()> {
    let mut tries = 0;
    loop {
        let step = match find_uncounted(connection)? {
            ToCount::Found(uncounted) => advance_totals(connection, &uncounted)?,
            ToCount::Busy => CountingStep::Busy,
            ToCount::Nothing => CountingStep::Done,
        };
        match step {
            CountingStep::Done => return Ok(()),
            CountingStep::More => tries = 0,
            CountingStep::Busy if tries == MAX_BUSY_RETRIES => return Ok(()),
            CountingStep::Busy => {
                tries += 1;
                pause(RETRY_INTERVAL)?;
            }
        }
    }
}

/// Deletes the totals, and counts all messages again.
///
/// Other callers can read and write concurrently. Statistics are slow until the end, but always
/// correct.
///
/// # Errors
/// `Unavailable`, `OutcomeUnknown` or another error of the database. Messages counted before it
/// stay counted; later updates continue there.
pub fn rebuild_totals(connection: &mut Connection) -> Result<()> {
    connection.transaction(reset)?;
    catch_up(connection)
}

/// Subtracts messages that this transaction deletes from the totals.
///
/// `watermark` is the locked watermark. Messages after it or in a gap are not in the totals.
pub(in crate::message) fn subtract_deleted<'a>(
    connection: &mut Connection,
    watermark: Option<Watermark>,
    gaps: &[Gap],
    deleted: impl Iterator<Item = Deleted<'a>>,
) -> Result<()> {
    let mut totals = Totals::default();
    let watermark = watermark.map_or(0, |watermark| watermark.counted_to);
    let mut has_uncounted = false;
    for row in deleted {
        has_uncounted |= row.id > watermark;
        if row.id > watermark || gaps.iter().any(|gap| gap.contains(row.id)) {
            continue;
        }
        let sums = Sums::of_message(row.tokens, row.cost);
        let name = |name: Option<&'a str>| name.unwrap_or(super::UNKNOWN);
        totals.add(row.timestamp, name(row.provider), name(row.model), &sums.negative());
    }
    if has_uncounted {
        increment_revision(connection)?;
    }
    change(connection, &totals)
}

/// The values of a deleted message that its totals depend on.
pub(in crate::message) struct Deleted<'a> {
    pub(in crate::message) id: i64,
    pub(in crate::message) timestamp: Timestamp,
    pub(in crate::message) provider: Option<&'a str>,
    pub(in crate::message) model: Option<&'a str>,
    pub(in crate::message) tokens: Option<i64>,
    pub(in crate::message) cost: Option<Cost>,
}

/// Runs `work` with a short lock timeout on SQLite.
///
/// Another process may be writing. This holds the connection that this process's writers need, so
/// they must not wait for that other process. On servers, no long lock is waited for.
fn with_short_lock_wait<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    let usual = connection.set_lock_timeout(MAX_LOCK_WAIT);
    let outcome = work(connection);
    connection.set_lock_timeout(usual);
    outcome
}

const MAX_LOCK_WAIT: Duration = Duration::from_millis(100);
