//! Inserts messages: one, or a group in one transaction.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chatkeep_core::{Error, NewMessage, Result, messages};
use chatkeep_pool::Pool;

use crate::checkpoints::Checkpoints;
use crate::retry::{WriteError, may_be_one_row, try_with_retry};
use crate::totals_updater::TotalsUpdater;

/// Estimated size of a deleted message in SQLite's log, in bytes. The log stores each changed page;
/// counting these pages would cost more than the estimate is worth.
const BYTES_PER_DELETED_ROW: u64 = 1_024;

/// Stores messages, and triggers the background work that follows.
#[derive(Clone)]
pub(crate) struct Storage {
    pool: Arc<Pool>,
    totals: Arc<TotalsUpdater>,
    checkpoints: Option<Arc<Checkpoints>>,
}

/// A message, with the start of its call.
pub(super) struct TimedMessage {
    pub(super) message: NewMessage,
    pub(super) since: Instant,
}

/// The result of writing a group.
pub(super) struct GroupOutcome {
    /// The outcome of each message, in the order of the group.
    pub(super) outcomes: Vec<Result<i64>>,
    /// The error of connecting, if the database proved unreachable.
    pub(super) unreachable: Option<Error>,
}

impl Storage {
    pub(crate) fn new(
        pool: Arc<Pool>,
        totals: Arc<TotalsUpdater>,
        checkpoints: Option<Arc<Checkpoints>>,
    ) -> Self {
        Self { pool, totals, checkpoints }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Returns the time after which a queued message is no longer sent.
    pub(super) fn longest_wait(&self) -> Duration {
        let settings = self.pool.settings();
        settings.pool_timeout.max(settings.connect_timeout)
    }

    pub(super) fn is_on_server(&self) -> bool {
        self.pool.url().engine().is_server()
    }

    /// Stores one message, whose call began at `since`, with a statement of its own.
    pub(super) fn insert(&self, message: &NewMessage, since: Instant) -> Result<i64, WriteError> {
        let id =
            try_with_retry(&self.pool, since, |connection| messages::insert(connection, message))?;
        self.stored(std::slice::from_ref(message), &[id]);
        Ok(id)
    }

    /// Stores all these messages or none.
    pub(super) fn insert_many(&self, rows: &[NewMessage]) -> Result<Vec<i64>> {
        self.try_insert_many(rows).map_err(WriteError::into_error)
    }

    fn try_insert_many(&self, rows: &[NewMessage]) -> Result<Vec<i64>, WriteError> {
        let ids =
            try_with_retry(&self.pool, None, |connection| messages::insert_many(connection, rows))?;
        self.stored(rows, &ids);
        Ok(ids)
    }

    pub(super) fn stored(&self, rows: &[NewMessage], ids: &[i64]) {
        self.totals.stored(ids);
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(rows.iter().map(NewMessage::size_in_bytes).sum());
        }
    }

    /// Records that `count` messages were deleted.
    pub(super) fn deleted(&self, count: u64) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(count * BYTES_PER_DELETED_ROW);
        }
    }

    /// Stores a group in one transaction, including the messages that `join` returns while the
    /// transaction is open.
    ///
    /// No message waits for a connection longer than the pool timeout, counted from the start of
    /// its own call. When it elapses for the oldest messages, these fail and the others continue to
    /// wait.
    pub(super) fn insert_group(
        &self,
        group: Vec<TimedMessage>,
        mut join: impl FnMut() -> Vec<TimedMessage>,
    ) -> GroupOutcome {
        let longest = self.pool.settings().pool_timeout;
        let (mut rows, mut since) = (Vec::new(), Vec::new());
        add(group, &mut rows, &mut since);
        let mut outcomes = Vec::with_capacity(rows.len());
        loop {
            let done = outcomes.len();
            let oldest: Instant = since[done];
            let mut join_rows = |rows: &mut Vec<NewMessage>| add(join(), rows, &mut since);
            let stored = try_with_retry(&self.pool, oldest, |connection| {
                messages::insert_group(connection, &mut rows, &mut join_rows)
            });
            let error = match stored {
                Ok(ids) => {
                    self.stored(&rows, &ids);
                    outcomes.extend(ids.into_iter().map(Ok));
                    return GroupOutcome { outcomes, unreachable: None };
                }
                Err(WriteError::Failed(error)) => error,
                Err(WriteError::Unreachable(error)) => {
                    outcomes.extend(rows.iter().map(|_| Err(error.clone())));
                    return GroupOutcome { outcomes, unreachable: Some(error) };
                }
                Err(WriteError::NoConnection(error)) => {
                    let is_late = |since: &&Instant| since.elapsed() >= longest;
                    // At least one message fails per iteration, so that the loop ends.
                    let late =
                        since[done..].iter().take_while(is_late).count().max(1).min(rows.len());
                    outcomes.extend(rows.drain(..late).map(|_| Err(error.clone())));
                    if rows.is_empty() {
                        return GroupOutcome { outcomes, unreachable: None };
                    }
                    continue;
                }
            };
            let mut written = GroupOutcome { outcomes, unreachable: None };
            self.bisect_failures(&rows, Err(WriteError::Failed(error)), &mut written);
            return written;
        }
    }

    /// Appends the outcome of each of `rows` to `written`, given the result of writing them
    /// together.
    ///
    /// If one row may have caused a failure, each half is written separately, so that only this row
    /// fails. Once the database is unreachable, nothing more is written.
    fn bisect_failures(
        &self,
        rows: &[NewMessage],
        stored: Result<Vec<i64>, WriteError>,
        written: &mut GroupOutcome,
    ) {
        match stored {
            Ok(ids) => written.outcomes.extend(ids.into_iter().map(Ok)),
            Err(WriteError::Failed(error)) if rows.len() > 1 && may_be_one_row(&error) => {
                let (first, second) = rows.split_at(rows.len() / 2);
                for half in [first, second] {
                    let stored = match &written.unreachable {
                        Some(error) => Err(WriteError::Unreachable(error.clone())),
                        None => self.try_insert_many(half),
                    };
                    self.bisect_failures(half, stored, written);
                }
            }
            Err(failed) => {
                if let WriteError::Unreachable(error) = &failed {
                    written.unreachable.get_or_insert_with(|| error.clone());
                }
                let error = failed.into_error();
                written.outcomes.extend(rows.iter().map(|_| Err(error.clone())));
            }
        }
    }
}

/// Adds messages to a group of rows and their start times.
fn add(messages: Vec<TimedMessage>, rows: &mut Vec<NewMessage>, since: &mut Vec<Instant>) {
    for TimedMessage { message, since: began } in messages {
        rows.push(message);
        since.push(began);
    }
}
