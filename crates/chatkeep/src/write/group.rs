//! Writing a group, and telling each caller its own outcome.

use std::thread::sleep;
use std::time::{Duration, Instant};

use chatkeep_core::{Connection, Error, ErrorKind, NewMessage, Result, messages};
use chatkeep_pool::Pool;

use super::queue::Entry;

/// The first pause before a write that was in another's way is tried again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Writes all these messages in one transaction, tells every caller but the first its outcome, and returns the first's.
pub(super) fn write_group(pool: &Pool, mut group: Vec<Entry>) -> Result<i64> {
    let rows: Vec<NewMessage> = group.iter_mut().map(Entry::take_message).collect();
    let outcomes = match patiently(pool, |connection| messages::insert_many(connection, &rows)) {
        Ok(ids) => ids.into_iter().map(Ok).collect(),
        // One row may be at fault, and nothing was stored: each is tried by itself, and fails by itself.
        Err(error) if rows.len() > 1 && may_be_one_row(&error) => one_by_one(pool, &rows),
        Err(error) => vec![Err(error); rows.len()],
    };
    let mut own = None;
    for (entry, outcome) in group.into_iter().zip(outcomes) {
        if own.is_none() {
            own = Some(outcome);
        } else {
            entry.settle(outcome);
        }
    }
    own.unwrap_or_else(|| Err(Error::internal("a group without messages was written")))
}

fn one_by_one(pool: &Pool, rows: &[NewMessage]) -> Vec<Result<i64>> {
    rows.iter().map(|row| patiently(pool, |connection| messages::insert(connection, row))).collect()
}

/// Whether the database may have refused one row, rather than the write as such.
fn may_be_one_row(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Internal)
}

/// Does a piece of work on a writer, again and again while another transaction is in the way, until the query timeout is
/// over. Nothing is ever tried twice whose first try may have been stored.
pub(crate) fn patiently<T>(pool: &Pool, mut work: impl FnMut(&mut Connection) -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let longest = pool.settings().query_timeout;
    let mut pause = FIRST_PAUSE;
    loop {
        let attempt = Instant::now();
        let error = match work(&mut *pool.writer()?) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // The next attempt may wait for as long as this one did.
        if !error.is_retryable() || start.elapsed() + attempt.elapsed() + pause >= longest {
            return Err(error);
        }
        sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
