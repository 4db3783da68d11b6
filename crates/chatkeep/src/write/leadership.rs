//! The right to write, and how it is passed on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, NewMessage, Result};

use super::entry::{Answer, Entry, settle};
use super::queue::{Before, SharedQueue, no_room, not_begun};
use super::storage::{NotStored, Storage};

/// Those whom the last group told are let come for at most such a part of the time that it took, and so long.
const PART_OF_A_WRITE: u32 = 4;
const LONGEST: Duration = Duration::from_millis(1);

/// The right to write. When it ends, the first in the queue gets it.
pub(super) struct Leadership {
    queue: SharedQueue,
    before: Before,
}

impl Leadership {
    pub(super) fn new(queue: &SharedQueue, before: Before) -> Self {
        Self { queue: Arc::clone(queue), before }
    }

    /// Writes these messages, and those of others who come before the commit; only of blocked callers if so wished. Returns the
    /// outcome of each.
    pub(super) fn write(&mut self, group: &mut Vec<Entry>, blocked: bool) -> Vec<Result<i64>> {
        if !blocked {
            self.let_come(group.len());
        }
        self.top_up(group, blocked);
        let begin = Instant::now();
        let storage = &self.queue.storage;
        let outcomes = match group.as_mut_slice() {
            // A plain insert, which nobody can join.
            [alone] if !self.before.company => {
                let since = alone.since();
                vec![self.reached(storage.insert(&alone.take_message(), since))]
            }
            _ => {
                let (outcomes, unreachable) =
                    storage.insert_group(group, |group| self.top_up(group, blocked));
                if let Some(error) = unreachable {
                    self.fail_waiting(&error);
                }
                outcomes
            }
        };
        self.before = Before { company: group.len() > 1, told: group.len(), took: begin.elapsed() };
        outcomes
    }

    /// Writes the leader's own message, which nobody can join.
    pub(super) fn write_alone(&self, message: &NewMessage, since: Instant) -> Result<i64> {
        self.reached(self.queue.storage.insert(message, since))
    }

    fn reached(&self, outcome: Result<i64, NotStored>) -> Result<i64> {
        outcome.map_err(|failed| {
            if let NotStored::Unreachable(error) = &failed {
                self.fail_waiting(error);
            }
            failed.into_error()
        })
    }

    /// The database cannot be reached. Everything that waits fails with the same error: each group would otherwise try to
    /// connect again, for as long as that may take, one after the other.
    fn fail_waiting(&self, error: &Error) {
        let waiting = self.queue.lock().line.take_all();
        settle(waiting.into_iter().map(|entry| (entry, Err(error.clone()))));
    }

    /// Waits a little for those who were told last, who come back if they log one message after the other. A statement costs
    /// a server as much as many rows do, and nobody can join it once it is sent: two groups of half of the callers each are
    /// better than three of a third. A caller's own thread never waits for others, nor does anybody who was alone. On SQLite
    /// those who come later join.
    fn let_come(&self, here: usize) {
        let Before { company, told, took } = self.before;
        if company && here < told && self.queue.storage.is_on_server() {
            self.queue.let_come(told - here, LONGEST.min(took / PART_OF_A_WRITE));
        }
    }

    /// Takes in who came between being chosen and beginning to write.
    pub(super) fn top_up(&self, group: &mut Vec<Entry>, blocked: bool) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let (expired, too_late, waiting) = {
            let mut state = self.queue.lock();
            let expired = state.line.take_expired(self.queue.storage.longest_wait());
            state.line.fill(group, blocked);
            (expired, state.line.let_in_next(longest), state.line.len())
        };
        settle_late(&self.queue.storage, expired, too_late, waiting);
    }

    /// Has a thread of chatkeep's write these messages. Without one they fail: callers must not find themselves writing.
    pub(super) fn lead_on_a_thread(self, group: Vec<Entry>) {
        let queue = Arc::clone(&self.queue);
        let work = Arc::new(Mutex::new(Some((self, group))));
        let take =
            |work: &Mutex<Option<_>>| work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let theirs = Arc::clone(&work);
        let started = queue.threads.hand_in(Box::new(move || {
            if let Some((leadership, group)) = take(&theirs) {
                leadership.lead(group);
            }
        }));
        if let Err(error) = started
            && let Some((_leadership, group)) = take(&work)
        {
            settle(group.into_iter().map(|entry| (entry, Err(error.clone()))));
        }
    }

    fn lead(mut self, mut group: Vec<Entry>) {
        let outcomes = self.write(&mut group, false);
        settle(group.into_iter().zip(outcomes));
    }
}

/// Completes those who waited too long: in the queue, or for room in it.
fn settle_late(storage: &Storage, expired: Vec<Entry>, too_late: Vec<Entry>, waiting: usize) {
    let (wait, for_room) = (storage.longest_wait(), storage.pool().settings().pool_timeout);
    let expired = expired.into_iter().map(|entry| (entry, Err(not_begun(wait))));
    let too_late = too_late.into_iter().map(|entry| (entry, Err(no_room(waiting, for_room))));
    settle(expired.chain(too_late));
}

impl Drop for Leadership {
    fn drop(&mut self) {
        let longest = self.queue.storage.pool().settings().pool_timeout;
        let mut state = self.queue.lock();
        state.before = self.before;
        let mut group = Vec::new();
        let expired = state.line.take_expired(self.queue.storage.longest_wait());
        // A caller who leads must not have to tell the outcomes of those who do not block.
        let blocked = state.line.only_blocked();
        state.line.fill(&mut group, blocked);
        let too_late = state.line.let_in_next(longest);
        let waiting = state.line.len();
        if group.is_empty() {
            state.leading -= 1;
        }
        drop(state);
        settle_late(&self.queue.storage, expired, too_late, waiting);
        let Some(first) = group.first() else { return };
        // They came while somebody was writing.
        let before = Before { company: true, ..self.before };
        match first.waiter().filter(|waiter| blocked && waiter.can_lead()).map(Arc::clone) {
            Some(waiter) => waiter.answer_with(Answer::Lead(before, group)),
            None => Leadership::new(&self.queue, before).lead_on_a_thread(group),
        }
    }
}
