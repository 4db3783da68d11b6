//! Writes that are retried after a conflict with another transaction.

use std::time::{Duration, Instant};

use chatkeep_core::{Connection, Error, ErrorKind, Result, deadline, interrupt};
use chatkeep_pool::{Pool, waiting_since};

/// Pause before the first retry of a conflicting write. It doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// The reason why a write failed.
pub(crate) enum WriteError {
    /// No connection became free in time.
    NoConnection(Error),
    /// No connection could be opened. Another attempt would take as long to fail.
    Unreachable(Error),
    /// The write was attempted over a connection, or interrupted.
    Failed(Error),
}

impl WriteError {
    fn of_connecting(error: Error) -> Self {
        match error.kind() {
            ErrorKind::PoolTimeout => Self::NoConnection(error),
            ErrorKind::Interrupted => Self::Failed(error),
            _ => Self::Unreachable(error),
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::NoConnection(error) | Self::Unreachable(error) | Self::Failed(error) => error,
        }
    }
}

/// Returns whether a single row of a group, rather than the whole write, may have caused an error. Then
/// the others can be stored without it.
pub(crate) fn may_be_one_row(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Internal)
}

/// Runs `work` on a write connection, and retries it after conflicts until the query timeout
/// elapses. A write that may have been stored is never retried.
pub(crate) fn with_retry<T>(
    pool: &Pool,
    work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T> {
    try_with_retry(pool, None, work).map_err(WriteError::into_error)
}

/// Runs `work` as [`with_retry`] does, for a call that has been waiting since `since`. With
/// `since`, all attempts share one query timeout.
pub(crate) fn try_with_retry<T>(
    pool: &Pool,
    since: impl Into<Option<Instant>>,
    mut work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T, WriteError> {
    let (query_timeout, pool_timeout) =
        (pool.settings().query_timeout, pool.settings().pool_timeout);
    let mut waiting = since.into();
    let (has_deadline, mut start, mut is_retry) = (waiting.is_some(), None, false);
    let mut pause = FIRST_PAUSE;
    loop {
        let checkout = || pool.writer();
        let connection = match waiting {
            Some(since) => waiting_since(since, checkout),
            None => checkout(),
        };
        let mut connection = connection.map_err(WriteError::of_connecting)?;
        let attempt = Instant::now();
        let start = *start.get_or_insert(attempt);
        let outcome = match start.checked_add(query_timeout).filter(|_| has_deadline && is_retry) {
            Some(end) => deadline::within(end, || work(&mut connection)),
            None => work(&mut connection),
        };
        let error = match outcome {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        drop(connection);
        // The next attempt may take as long as this one did.
        if !error.is_retryable() || start.elapsed() + attempt.elapsed() + pause >= query_timeout {
            return Err(WriteError::Failed(error));
        }
        interrupt::pause(pause).map_err(WriteError::Failed)?;
        pause = (pause * 2).min(LONGEST_PAUSE);
        is_retry = true;
        // The wait for the next connection ends at the same deadline.
        let left = query_timeout.saturating_sub(start.elapsed());
        waiting = Instant::now().checked_sub(pool_timeout.saturating_sub(left));
    }
}
