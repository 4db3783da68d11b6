//! Storing messages: one, or a group.

use std::time::{Duration, Instant};

use chatkeep_core::{
    Connection, Error, ErrorKind, NewMessage, Result, deadline, interruption, messages,
};
use chatkeep_pool::{Pool, waiting_since};
use std::sync::Arc;

use super::entry::Entry;
use crate::checkpoints::Checkpoints;
use crate::counting::Counting;

/// The first pause before a write that was in another's way is tried again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Of a deleted message, about: SQLite's log takes up the pages that it was in, and nobody has looked how many those were.
const BYTES_OF_A_DELETED_ROW: u64 = 1_024;

/// Stores messages, and sees to what has to be done about them later.
#[derive(Clone)]
pub(crate) struct Storage {
    pool: Arc<Pool>,
    counting: Arc<Counting>,
    checkpoints: Option<Arc<Checkpoints>>,
}

impl Storage {
    pub(crate) fn new(
        pool: Arc<Pool>,
        counting: Arc<Counting>,
        checkpoints: Option<Arc<Checkpoints>>,
    ) -> Self {
        Self { pool, counting, checkpoints }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// The time after which a message that waits for others is not sent any more.
    pub(super) fn longest_wait(&self) -> Duration {
        let settings = self.pool.settings();
        settings.pool_timeout.max(settings.connect_timeout)
    }

    pub(super) fn is_on_server(&self) -> bool {
        self.pool.url().engine().is_server()
    }

    /// Stores one message, whose caller has been waiting since then, in a statement of its own.
    pub(super) fn insert(&self, message: &NewMessage, since: Instant) -> Result<i64, NotStored> {
        let id = with_retry(&self.pool, since, |connection| messages::insert(connection, message))?;
        self.stored(std::slice::from_ref(message), &[id]);
        Ok(id)
    }

    /// Stores all these messages or none.
    pub(super) fn insert_many(&self, rows: &[NewMessage]) -> Result<Vec<i64>> {
        self.try_insert_many(rows).map_err(NotStored::into_error)
    }

    fn try_insert_many(&self, rows: &[NewMessage]) -> Result<Vec<i64>, NotStored> {
        let ids =
            with_retry(&self.pool, None, |connection| messages::insert_many(connection, rows))?;
        self.stored(rows, &ids);
        Ok(ids)
    }

    fn stored(&self, rows: &[NewMessage], ids: &[i64]) {
        self.counting.stored(ids);
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(rows.iter().map(NewMessage::size_in_bytes).sum());
        }
    }

    /// So many messages were deleted just now.
    pub(super) fn deleted(&self, count: u64) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(count * BYTES_OF_A_DELETED_ROW);
        }
    }

    /// Stores all these messages in one transaction, with those that `join` lets in while it lasts, and returns the outcome
    /// of each, and why the database could not be reached, if it could not.
    ///
    /// No message waits for a connection for longer than the pool timeout, counted from its own call. When that is over for the
    /// first ones, they fail, and the others go on waiting.
    pub(super) fn insert_group(
        &self,
        group: &mut Vec<Entry>,
        mut join: impl FnMut(&mut Vec<Entry>),
    ) -> (Vec<Result<i64>>, Option<Error>) {
        let longest = self.pool.settings().pool_timeout;
        let mut rows: Vec<NewMessage> = group.iter_mut().map(Entry::take_message).collect();
        let mut outcomes = Vec::with_capacity(rows.len());
        loop {
            let (done, since) = (outcomes.len(), group[outcomes.len()].since());
            let mut let_in = |rows: &mut Vec<NewMessage>| {
                join(group);
                rows.extend(group[done + rows.len()..].iter_mut().map(Entry::take_message));
            };
            let stored = with_retry(&self.pool, since, |connection| {
                messages::insert_group(connection, &mut rows, &mut let_in)
            });
            let error = match stored {
                Ok(ids) => {
                    self.stored(&rows, &ids);
                    outcomes.extend(ids.into_iter().map(Ok));
                    return (outcomes, None);
                }
                Err(NotStored::Refused(error)) => error,
                Err(NotStored::Unreachable(error)) => {
                    outcomes.extend(rows.iter().map(|_| Err(error.clone())));
                    return (outcomes, Some(error));
                }
                Err(NotStored::NoConnection(error)) => {
                    let is_late = |entry: &&Entry| entry.since().elapsed() >= longest;
                    // The first one at least, so that this ends.
                    let late =
                        group[done..].iter().take_while(is_late).count().max(1).min(rows.len());
                    outcomes.extend(rows.drain(..late).map(|_| Err(error.clone())));
                    if rows.is_empty() {
                        return (outcomes, None);
                    }
                    continue;
                }
            };
            let mut unreachable = None;
            self.tell_apart(&rows, Err(NotStored::Refused(error)), &mut outcomes, &mut unreachable);
            return (outcomes, unreachable);
        }
    }

    /// The outcome of each row, after they were tried together. When the database cannot be reached any more, the reason is left
    /// in `unreachable`, and nothing else is tried.
    fn tell_apart(
        &self,
        rows: &[NewMessage],
        stored: Result<Vec<i64>, NotStored>,
        outcomes: &mut Vec<Result<i64>>,
        unreachable: &mut Option<Error>,
    ) {
        match stored {
            Ok(ids) => outcomes.extend(ids.into_iter().map(Ok)),
            // One row may be at fault, and nothing was stored. It is found by halves, and fails by itself.
            Err(NotStored::Refused(error)) if rows.len() > 1 && may_be_one_row(&error) => {
                let (first, second) = rows.split_at(rows.len() / 2);
                for half in [first, second] {
                    let stored = match &*unreachable {
                        Some(error) => Err(NotStored::Unreachable(error.clone())),
                        None => self.try_insert_many(half),
                    };
                    self.tell_apart(half, stored, outcomes, unreachable);
                }
            }
            Err(failed) => {
                if let NotStored::Unreachable(error) = &failed {
                    unreachable.get_or_insert_with(|| error.clone());
                }
                let error = failed.into_error();
                outcomes.extend(rows.iter().map(|_| Err(error.clone())));
            }
        }
    }
}

/// Whether the database may have refused one row, rather than the write as such.
fn may_be_one_row(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Internal)
}

/// Why nothing was stored, or may not have been.
pub(super) enum NotStored {
    /// No connection was free in time.
    NoConnection(Error),
    /// No connection could be made: the next attempt would take as long to fail.
    Unreachable(Error),
    /// It was tried over a connection.
    Refused(Error),
}

impl NotStored {
    fn of_connecting(error: Error) -> Self {
        match error.kind() {
            ErrorKind::PoolTimeout => Self::NoConnection(error),
            ErrorKind::Interrupted => Self::Refused(error),
            _ => Self::Unreachable(error),
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::NoConnection(error) | Self::Unreachable(error) | Self::Refused(error) => error,
        }
    }
}

/// Does a piece of work on a writer, again and again while another transaction is in the way, until the query timeout is
/// over. Nothing is ever tried twice whose first try may have been stored.
pub(crate) fn patiently<T>(
    pool: &Pool,
    work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T> {
    with_retry(pool, None, work).map_err(NotStored::into_error)
}

/// The same for a call that has been waiting since then. All of its attempts have one query timeout together.
fn with_retry<T>(
    pool: &Pool,
    since: impl Into<Option<Instant>>,
    mut work: impl FnMut(&mut Connection) -> Result<T>,
) -> Result<T, NotStored> {
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
        let mut connection = connection.map_err(NotStored::of_connecting)?;
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
        // The next attempt may wait for as long as this one did.
        if !error.is_retryable() || start.elapsed() + attempt.elapsed() + pause >= query_timeout {
            return Err(NotStored::Refused(error));
        }
        interruption::pause(pause).map_err(NotStored::Refused)?;
        pause = (pause * 2).min(LONGEST_PAUSE);
        is_retry = true;
        // The connection for it is waited for until the same end.
        let left = query_timeout.saturating_sub(start.elapsed());
        waiting = Instant::now().checked_sub(pool_timeout.saturating_sub(left));
    }
}
