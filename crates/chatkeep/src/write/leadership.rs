//! The right to write, and how it passes to the next leader.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, NewMessage, Result};

use super::last_batch::LastBatch;
use super::pending_message::{PendingMessage, Wakeup, complete};
use super::queue::{SharedQueue, expired, queue_full};
use super::storage::{Storage, TimedMessage};
use crate::retry::WriteError;

/// Limits of a worker's wait for the callers of the last batch: a quarter of the time that the
/// batch took, and at most 1 ms.
const FRACTION_OF_LAST_BATCH: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_millis(1);

/// The right to write. Dropping it makes the first pending message's caller the next leader.
pub(super) struct Leadership {
    queue: SharedQueue,
    last_batch: LastBatch,
}

impl Leadership {
    pub(super) fn new(queue: &SharedQueue, last_batch: LastBatch) -> Self {
        Self { queue: Arc::clone(queue), last_batch }
    }

    /// Writes `group` and the messages that join it before the commit, and returns the outcome of
    /// each. With `only_blocked`, only messages of blocked callers may join.
    pub(super) fn write(
        &mut self,
        group: &mut Vec<PendingMessage>,
        only_blocked: bool,
    ) -> Vec<Result<i64>> {
        if !only_blocked {
            self.wait_for_batch(group.len());
        }
        self.top_up(group, only_blocked);
        let begin = Instant::now();
        let storage = &self.queue.storage;
        let outcomes = match group.as_mut_slice() {
            // A plain insert, which no other message can join.
            [alone] if !self.last_batch.is_shared => {
                let since = alone.since();
                vec![self.fail_pending_if_unreachable(storage.insert(&alone.take_message(), since))]
            }
            _ => {
                let messages = group.iter_mut().map(timed).collect();
                let written = storage.insert_group(messages, || {
                    let joined = group.len();
                    self.top_up(group, only_blocked);
                    group[joined..].iter_mut().map(timed).collect()
                });
                if let Some(error) = written.unreachable {
                    self.fail_pending(&error);
                }
                written.outcomes
            }
        };
        let (size, duration) = (group.len(), begin.elapsed());
        self.last_batch = LastBatch { is_shared: size > 1, size, duration };
        outcomes
    }

    /// Writes the leader's own message, which no other message can join.
    pub(super) fn write_alone(&self, message: &NewMessage, since: Instant) -> Result<i64> {
        self.fail_pending_if_unreachable(self.queue.storage.insert(message, since))
    }

    fn fail_pending_if_unreachable(&self, outcome: Result<i64, WriteError>) -> Result<i64> {
        outcome.map_err(|failed| {
            if let WriteError::Unreachable(error) = &failed {
                self.fail_pending(error);
            }
            failed.into_error()
        })
    }

    /// Fails all pending messages after the database proved unreachable. Otherwise each group would
    /// try to connect, one after the other, for up to the connect timeout each.
    fn fail_pending(&self, error: &Error) {
        let pending = self.queue.lock().pending.take_all();
        complete(pending.into_iter().map(|message| (message, Err(error.clone()))));
    }

    /// Waits briefly for the callers of the last batch, which return if they log one message after
    /// the other.
    ///
    /// On a server a statement costs as much as many rows, and no message can join it after it is
    /// sent. Two groups of half of the callers are therefore better than three of a third. It does
    /// not wait if the last batch was not shared. On SQLite, later messages join the transaction.
    fn wait_for_batch(&self, len: usize) {
        let LastBatch { is_shared, size, duration } = self.last_batch;
        if is_shared && len < size && self.queue.storage.is_on_server() {
            let longest = LONGEST_WAIT.min(duration / FRACTION_OF_LAST_BATCH);
            self.queue.wait_for_batch(size - len, longest);
        }
    }

    /// Adds the messages queued since the leader was chosen to the group.
    pub(super) fn top_up(&self, group: &mut Vec<PendingMessage>, only_blocked: bool) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let (expired, too_late, pending) = {
            let mut state = self.queue.lock();
            let expired = state.pending.take_expired(self.queue.storage.longest_wait());
            state.pending.fill(group, only_blocked);
            (expired, state.pending.admit_waiting(longest), state.pending.len())
        };
        complete_late(&self.queue.storage, expired, too_late, pending);
    }

    /// Writes these messages on a worker. If no worker can be started, the messages fail: the
    /// caller of `submit` must not write itself.
    pub(super) fn lead_on_worker(self, group: Vec<PendingMessage>) {
        let queue = Arc::clone(&self.queue);
        let work = Arc::new(Mutex::new(Some((self, group))));
        let take =
            |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let workers_copy = Arc::clone(&work);
        let started = queue.workers.submit(Box::new(move || {
            if let Some((leadership, group)) = take(&workers_copy) {
                leadership.lead(group);
            }
        }));
        if let Err(error) = started
            && let Some((_leadership, group)) = take(&work)
        {
            complete(group.into_iter().map(|message| (message, Err(error.clone()))));
        }
    }

    fn lead(mut self, mut group: Vec<PendingMessage>) {
        let outcomes = self.write(&mut group, false);
        complete(group.into_iter().zip(outcomes));
    }
}

/// Moves the message out, with the start of its call.
fn timed(pending: &mut PendingMessage) -> TimedMessage {
    TimedMessage { since: pending.since(), message: pending.take_message() }
}

/// Fails the messages that waited too long: in the queue, or for space in it.
fn complete_late(
    storage: &Storage,
    too_old: Vec<PendingMessage>,
    too_late: Vec<PendingMessage>,
    pending: usize,
) {
    let (longest, for_space) = (storage.longest_wait(), storage.pool().settings().pool_timeout);
    let too_old = too_old.into_iter().map(|message| (message, Err(expired(longest))));
    let too_late =
        too_late.into_iter().map(|message| (message, Err(queue_full(pending, for_space))));
    complete(too_old.chain(too_late));
}

impl Drop for Leadership {
    fn drop(&mut self) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let mut state = self.queue.lock();
        state.last_batch = self.last_batch;
        let mut group = Vec::new();
        let expired = state.pending.take_expired(self.queue.storage.longest_wait());
        // A blocked caller leads only blocked callers: completing a sink may take long.
        let only_blocked = state.pending.only_blocked();
        state.pending.fill(&mut group, only_blocked);
        let too_late = state.pending.admit_waiting(longest);
        let pending = state.pending.len();
        if group.is_empty() {
            state.leaders -= 1;
        }
        drop(state);
        complete_late(&self.queue.storage, expired, too_late, pending);
        let Some(first) = group.first() else { return };
        // These messages were queued while another one was written.
        let last_batch = LastBatch { is_shared: true, ..self.last_batch };
        match first.waiter().filter(|waiter| only_blocked && waiter.can_lead()).map(Arc::clone) {
            Some(waiter) => waiter.wake(Wakeup::Lead(last_batch, group)),
            None => Leadership::new(&self.queue, last_batch).lead_on_worker(group),
        }
    }
}
