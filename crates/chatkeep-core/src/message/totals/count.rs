//! Counting on: what is behind the mark goes into the totals, and what is deleted comes out of them.

use std::time::Duration;

use super::gaps::{Gap, Passed, pass};
use super::grouped::{Rows, add_up};
use super::settled::{Missing, missing};
use super::store::{
    IfHeld, Mark, change, end_of_step, forget, hold_mark, last_id, mark, move_mark, raise_revision,
};
use super::sums::{Sums, Totals};
use crate::connection::Connection;
use crate::error::{ErrorKind, Result};
use crate::interruption::pause;
use crate::value::Timestamp;

/// When a message is stored whose id is a multiple of this, it is time to count on. A reader adds up about so many rows by itself.
const STEP: i64 = 4_096;
/// A transaction counts at most so many messages: a log that was not counted for long is caught up with bit by bit, so that
/// nobody waits for long.
const MAX_STEP: i64 = 8 * STEP;
/// How long catching up waits for writers before it leaves the rest to them.
const PATIENCE: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Whether one of these ids, which were just stored, says that it is time to [count on](look_for_uncounted).
pub fn is_time_to_count(ids: &[i64]) -> bool {
    let (Some(first), Some(last)) = (ids.first(), ids.last()) else { return false };
    (first - 1).div_euclid(STEP) != last.div_euclid(STEP)
}

/// Messages that are not in the totals yet, and what they add up to.
#[derive(Debug)]
pub struct Uncounted {
    /// The mark that they lie behind.
    mark: Mark,
    /// The greatest id of all.
    top: i64,
    /// The greatest id of these.
    to: i64,
    /// Nothing where it can only be told in the transaction that counts them.
    found: Option<Totals>,
}

/// What there is to count.
#[derive(Debug)]
pub enum ToCount {
    /// These, with [`count_on`].
    Found(Uncounted),
    /// Another transaction is in the way.
    Busy,
    /// Everything that there is was counted.
    Nothing,
}

/// Adds messages up that are not in the totals yet, as many as one short transaction can count. Nothing is changed or held:
/// any connection will do, and others write meanwhile.
///
/// # Errors
/// What the database says.
pub fn look_for_uncounted(connection: &mut Connection) -> Result<ToCount> {
    // The mark is read first: whatever is deleted or moved in from here on raises its revision.
    let (Some(mark), top) = (mark(connection)?, last_id(connection)?) else {
        return Ok(ToCount::Nothing);
    };
    if mark.counted_to >= top {
        return Ok(ToCount::Nothing);
    }
    let to = end_of_step(connection, mark.counted_to, top, MAX_STEP)?;
    let found = match missing(connection)? {
        Missing::Gone => Some(add_up(connection, Rows::Numbered(mark.counted_to, to))?),
        Missing::Possible => None,
        Missing::Expected => return Ok(ToCount::Busy),
    };
    Ok(ToCount::Found(Uncounted { mark, top, to, found }))
}

/// Takes messages into the totals. What is not counted readers add up by themselves.
///
/// # Errors
/// What the database says. Nothing is counted twice.
pub fn count_on(connection: &mut Connection, uncounted: &Uncounted) -> Result<CountingStep> {
    let counted = with_little_patience(connection, |connection| {
        connection.steady_transaction(|connection| try_to_count(connection, uncounted))
    });
    match counted {
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(CountingStep::Busy),
        outcome => outcome,
    }
}

/// What a step of counting came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountingStep {
    /// Everything that there is was counted.
    Done,
    /// There is more.
    More,
    /// Another transaction was in the way.
    Busy,
}

fn try_to_count(connection: &mut Connection, uncounted: &Uncounted) -> Result<CountingStep> {
    let Uncounted { mark, top, to, found } = uncounted;
    if hold_mark(connection, IfHeld::GiveUp)? != Some(*mark) {
        return Ok(CountingStep::Busy);
    }
    let to = match found {
        Some(found) => {
            change(connection, found)?;
            *to
        }
        None => {
            let Passed { found, to } = pass(connection, mark.counted_to, *to)?;
            change(connection, &found)?;
            to
        }
    };
    move_mark(connection, to)?;
    Ok(match to {
        to if to == mark.counted_to => CountingStep::Busy,
        to if to < *top => CountingStep::More,
        _ => CountingStep::Done,
    })
}

/// Counts everything that is there. Others write meanwhile; where they stay in the way, the rest is left to them.
///
/// # Errors
/// What the database says. What was counted by then stays counted.
pub fn catch_up(connection: &mut Connection) -> Result<()> {
    let mut tries = 0;
    loop {
        let step = match look_for_uncounted(connection)? {
            ToCount::Found(uncounted) => count_on(connection, &uncounted)?,
            ToCount::Busy => CountingStep::Busy,
            ToCount::Nothing => CountingStep::Done,
        };
        match step {
            CountingStep::Done => return Ok(()),
            CountingStep::More => tries = 0,
            CountingStep::Busy if tries == PATIENCE => return Ok(()),
            CountingStep::Busy => {
                tries += 1;
                pause(PAUSE)?;
            }
        }
    }
}

/// Forgets the totals, and counts all messages anew. Others read and write meanwhile: to readers it is slow until it is
/// done, but never wrong.
///
/// # Errors
/// What the database says. What was counted by then stays counted, and writers go on from there.
pub fn rebuild_totals(connection: &mut Connection) -> Result<()> {
    connection.transaction(forget)?;
    catch_up(connection)
}

/// Takes messages that this transaction deletes out of the totals. `mark` is the one that it holds; what lies behind it or
/// in a gap is not in the totals.
pub(in crate::message) fn take_out<'a>(
    connection: &mut Connection,
    mark: Option<Mark>,
    gaps: &[Gap],
    deleted: impl Iterator<Item = Deleted<'a>>,
) -> Result<()> {
    let mut totals = Totals::default();
    let mark = mark.map_or(0, |mark| mark.counted_to);
    let mut behind = false;
    for row in deleted {
        behind |= row.id > mark;
        if row.id > mark || gaps.iter().any(|gap| gap.contains(row.id)) {
            continue;
        }
        let sums = Sums {
            messages: 1,
            with_tokens: row.tokens.is_some().into(),
            tokens: row.tokens.unwrap_or(0).into(),
        };
        let name = |name: Option<&'a str>| name.unwrap_or(super::UNKNOWN);
        totals.add(row.timestamp, name(row.provider), name(row.model), &sums.negative());
    }
    if behind {
        raise_revision(connection)?;
    }
    change(connection, &totals)
}

/// What the totals know of a message.
pub(in crate::message) struct Deleted<'a> {
    pub(in crate::message) id: i64,
    pub(in crate::message) timestamp: Timestamp,
    pub(in crate::message) provider: Option<&'a str>,
    pub(in crate::message) model: Option<&'a str>,
    pub(in crate::message) tokens: Option<i64>,
}

/// On SQLite another process may be writing, and our own writers are not kept waiting for it: this holds the connection that
/// they need. On a server nothing is waited for that takes long.
fn with_little_patience<T>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<T>,
) -> Result<T> {
    let usual = connection.set_patience(LONGEST_WAIT);
    let outcome = work(connection);
    connection.set_patience(usual);
    outcome
}

/// Of a lock.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
