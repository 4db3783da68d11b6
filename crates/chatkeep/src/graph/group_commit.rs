//! Callers that store checkpoints and writes concurrently share transactions.
//!
//! A durable commit waits for the disk, and the disk stores a group in the time of one. If no caller
//! is writing, a caller writes its own entry immediately. Otherwise the entry is queued, and when a
//! writer is done, the first queued caller becomes the leader and writes all that is queued. Storing
//! an entry again is safe, so that after a rejected group each entry is stored alone.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chatkeep_core::graphs::{self, GraphEntry};
use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use super::entry::{OwnedEntry, size};
use crate::background::wait_in_flight;
use crate::checkpoints::Checkpoints;
use crate::retry::{WriteError, may_be_one_row, try_with_retry, with_retry};

/// Maximum size of a group, in entries and bytes. A larger entry is a group of its own.
const GROUP_ENTRIES: usize = 200;
const GROUP_BYTES: usize = 4 << 20;

/// Stores entries in groups.
pub(super) struct GroupCommit {
    pool: Arc<Pool>,
    /// `None` unless the database is a SQLite file.
    checkpoints: Option<Arc<Checkpoints>>,
    /// Maximum number of groups that are written at a time.
    max_leaders: u32,
    /// A forked child has its own queue: a thread of the parent may have held the lock.
    queue: PerProcess<Queue>,
}

#[derive(Default)]
struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    leaders: u32,
    pending: VecDeque<Pending>,
}

/// A queued entry of a caller that waits. If it is dropped without an outcome, the caller gets an
/// error.
struct Pending {
    entry: Arc<OwnedEntry>,
    bytes: usize,
    waiter: Option<Arc<Waiter>>,
}

/// A caller that waits for its outcome, or to lead.
#[derive(Default)]
struct Waiter {
    state: Mutex<WaiterState>,
    woken: Condvar,
}

#[derive(Default)]
enum WaiterState {
    #[default]
    Waiting,
    Woken(Wakeup),
    /// The caller was interrupted while another one was writing its entry, or about to make it the
    /// leader.
    Left,
}

enum Wakeup {
    Done(Result<()>),
    /// The caller writes this group, in which its own entry is the first.
    Lead(Vec<Pending>),
}

/// The right to write. Dropping it makes the first pending caller the next leader.
struct Leadership(Arc<OfProcess<Queue>>);

impl GroupCommit {
    pub(super) fn new(
        pool: Arc<Pool>,
        checkpoints: Option<Arc<Checkpoints>>,
        writers: u32,
    ) -> Self {
        let max_leaders = if pool.url().engine().is_server() { writers } else { 1 };
        Self { pool, checkpoints, max_leaders, queue: PerProcess::new(Queue::default()) }
    }

    /// Stores an entry, alone or in a group, and returns after the commit.
    pub(super) fn store(&self, entry: GraphEntry<'_>) -> Result<()> {
        entry.check()?;
        let queue = self.queue.get(Queue::default);
        let waiter = {
            let mut state = queue.lock();
            if state.leaders < self.max_leaders {
                state.leaders += 1;
                None
            } else {
                let waiter = Arc::new(Waiter::default());
                state.pending.push_back(Pending {
                    entry: Arc::new(OwnedEntry::of(entry)),
                    bytes: size(&entry),
                    waiter: Some(Arc::clone(&waiter)),
                });
                Some(waiter)
            }
        };
        let Some(waiter) = waiter else {
            let _leadership = Leadership(Arc::clone(&queue));
            return self.write(&[entry]);
        };
        let wakeup = match wait_in_flight(|| waiter.wait()) {
            Some(wakeup) => wakeup,
            None if queue.withdraw(&waiter) => return Err(interrupt::interrupted()),
            // Another caller is writing the entry, or has just woken this one.
            None => waiter.leave().ok_or_else(interrupt::interrupted_with_unknown_outcome)?,
        };
        match wakeup {
            Wakeup::Done(outcome) => outcome,
            Wakeup::Lead(group) => self.lead(Leadership(queue), group),
        }
    }

    /// Writes a group, and returns the outcome of its first entry.
    fn lead(&self, leadership: Leadership, group: Vec<Pending>) -> Result<()> {
        let entries: Vec<_> = group.iter().map(|pending| Arc::clone(&pending.entry)).collect();
        let entries: Vec<_> = entries.iter().map(|entry| entry.as_entry()).collect();
        let outcomes = match self.try_write(&entries) {
            Ok(()) => entries.iter().map(|_| Ok(())).collect(),
            Err(WriteError::Unreachable(error)) => {
                // Otherwise each group would try to connect, one after the other.
                let pending = std::mem::take(&mut leadership.0.lock().pending);
                pending.into_iter().for_each(|pending| pending.complete(Err(error.clone())));
                entries.iter().map(|_| Err(error.clone())).collect()
            }
            Err(WriteError::Failed(error)) if entries.len() > 1 && may_be_one_row(&error) => {
                entries.iter().map(|entry| self.write(std::slice::from_ref(entry))).collect()
            }
            Err(WriteError::Failed(error)) if is_interruption(&error) => {
                // Only this caller is interrupted. The others return to the front of the queue.
                let mut others = group.into_iter();
                if let Some(mut own) = others.next() {
                    own.waiter = None;
                }
                let mut state = leadership.0.lock();
                others.rev().for_each(|pending| state.pending.push_front(pending));
                drop(state);
                return Err(error);
            }
            Err(error) => {
                let error = error.into_error();
                entries.iter().map(|_| Err(error.clone())).collect::<Vec<Result<()>>>()
            }
        };
        drop(leadership);
        let mut outcomes = group.into_iter().zip(outcomes);
        let own = outcomes.next();
        outcomes.for_each(|(pending, outcome)| pending.complete(outcome));
        own.map_or(Ok(()), |(mut pending, outcome)| {
            pending.waiter = None;
            outcome
        })
    }

    fn write(&self, entries: &[GraphEntry<'_>]) -> Result<()> {
        with_retry(&self.pool, |connection| graphs::store(connection, entries))?;
        self.committed(entries);
        Ok(())
    }

    fn try_write(&self, entries: &[GraphEntry<'_>]) -> Result<(), WriteError> {
        try_with_retry(&self.pool, None, |connection| graphs::store(connection, entries))?;
        self.committed(entries);
        Ok(())
    }

    fn committed(&self, entries: &[GraphEntry<'_>]) {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.committed(entries.iter().map(size).sum::<usize>() as u64);
        }
    }
}

/// Returns whether an error is, or can be, that of an interrupted wait of this thread.
fn is_interruption(error: &Error) -> bool {
    let kinds = [ErrorKind::Interrupted, ErrorKind::OutcomeUnknown];
    interrupt::is_interruptible() && kinds.contains(&error.kind())
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the entry of a caller that no longer waits. Returns false if it is no longer queued.
    fn withdraw(&self, waiter: &Arc<Waiter>) -> bool {
        let mut state = self.lock();
        let is_own = |pending: &Pending| {
            pending.waiter.as_ref().is_some_and(|other| Arc::ptr_eq(other, waiter))
        };
        let Some(at) = state.pending.iter().position(is_own) else { return false };
        if let Some(mut pending) = state.pending.remove(at) {
            pending.waiter = None;
        }
        true
    }
}

impl State {
    /// Removes the next group from the queue. A second checkpoint of the same namespace may be a
    /// child of the first one, so it is left for the next group.
    fn next_group(&mut self) -> Vec<Pending> {
        let (mut group, mut left) = (Vec::new(), VecDeque::new());
        let (mut bytes, mut namespaces) = (0, HashSet::new());
        while let Some(pending) = self.pending.pop_front() {
            let is_full = group.len() >= GROUP_ENTRIES || bytes + pending.bytes > GROUP_BYTES;
            if is_full && !group.is_empty() {
                self.pending.push_front(pending);
                break;
            }
            let entry = Arc::clone(&pending.entry);
            let is_checkpoint = matches!(*entry, OwnedEntry::Checkpoint { .. });
            let (thread, namespace) = entry.as_entry().namespace();
            if is_checkpoint && !namespaces.insert((thread.to_owned(), namespace.to_owned())) {
                left.push_back(pending);
                continue;
            }
            bytes += pending.bytes;
            group.push(pending);
        }
        while let Some(pending) = left.pop_back() {
            self.pending.push_front(pending);
        }
        group
    }
}

impl Drop for Leadership {
    fn drop(&mut self) {
        loop {
            let mut state = self.0.lock();
            let mut group = state.next_group();
            let Some(waiter) = group.first().and_then(|pending| pending.waiter.clone()) else {
                state.leaders -= 1;
                return;
            };
            drop(state);
            group = match waiter.wake(Wakeup::Lead(group)) {
                None => return,
                Some(Wakeup::Lead(group)) => group,
                Some(Wakeup::Done(_)) => Vec::new(),
            };
            // The caller has left, and its entry is dropped. The others return to the queue's front.
            let mut others = group.into_iter();
            drop(others.next());
            let mut state = self.0.lock();
            others.rev().for_each(|pending| state.pending.push_front(pending));
        }
    }
}

impl Pending {
    fn complete(mut self, outcome: Result<()>) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake(Wakeup::Done(outcome));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake(Wakeup::Done(Err(Error::internal(
                "internal error: the thread that wrote this checkpoint panicked; please report this",
            ))));
        }
    }
}

impl Waiter {
    /// Wakes the caller, and returns the wake-up if the caller has left.
    fn wake(&self, wakeup: Wakeup) -> Option<Wakeup> {
        let mut state = self.lock();
        match *state {
            WaiterState::Left => return Some(wakeup),
            WaiterState::Waiting => *state = WaiterState::Woken(wakeup),
            // A leader that panics drops its own entry, too.
            WaiterState::Woken(_) => {}
        }
        self.woken.notify_all();
        None
    }

    /// Waits for the wake-up. `None` if the caller interrupted the wait.
    fn wait(&self) -> Option<Wakeup> {
        let is_waiting = |state: &mut WaiterState| matches!(state, WaiterState::Waiting);
        let (mut state, outcome) =
            interrupt::wait_while(&self.woken, &self.state, self.lock(), None, is_waiting);
        match outcome {
            WaitOutcome::Done => state.take_wakeup(),
            WaitOutcome::TimedOut | WaitOutcome::Interrupted => None,
        }
    }

    /// Returns the wake-up if there is one. Otherwise the caller leaves.
    fn leave(&self) -> Option<Wakeup> {
        self.lock().take_wakeup()
    }

    fn lock(&self) -> MutexGuard<'_, WaiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WaiterState {
    fn take_wakeup(&mut self) -> Option<Wakeup> {
        match std::mem::replace(self, Self::Left) {
            Self::Woken(wakeup) => Some(wakeup),
            Self::Waiting | Self::Left => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use chatkeep_core::NewCheckpoint;
    use chatkeep_core::graphs::Task;

    use super::*;

    fn pending(entry: GraphEntry<'_>) -> Pending {
        let waiter = Some(Arc::default());
        Pending { entry: Arc::new(OwnedEntry::of(entry)), bytes: size(&entry), waiter }
    }

    fn checkpoint(thread: &str) -> Pending {
        pending(GraphEntry::Checkpoint { thread, new: &NewCheckpoint::default() })
    }

    fn threads(group: &[Pending]) -> Vec<String> {
        let thread = |pending: &Pending| pending.entry.as_entry().namespace().0.to_owned();
        group.iter().map(thread).collect()
    }

    #[test]
    fn a_group_has_one_checkpoint_of_a_namespace_and_all_writes() {
        let task =
            Task { thread: "a", namespace: "", checkpoint_id: "1", task_id: "t", task_path: "" };
        let writes = || pending(GraphEntry::Writes { task, writes: &[] });
        let mut state = State::default();
        state.pending.extend([
            checkpoint("a"),
            checkpoint("b"),
            checkpoint("a"),
            writes(),
            checkpoint("c"),
            checkpoint("a"),
        ]);
        assert_eq!(threads(&state.next_group()), ["a", "b", "a", "c"]);
        assert_eq!(threads(&state.next_group()), ["a"]);
        assert_eq!(threads(&state.next_group()), ["a"]);
        assert!(state.next_group().is_empty());
    }

    #[test]
    fn a_group_is_limited_in_entries_and_bytes() {
        let mut state = State::default();
        for number in 0..GROUP_ENTRIES + 1 {
            state.pending.push_back(checkpoint(&number.to_string()));
        }
        let large = |thread| {
            let mut pending = checkpoint(thread);
            pending.bytes = GROUP_BYTES + 1;
            pending
        };
        assert_eq!(state.next_group().len(), GROUP_ENTRIES);
        assert_eq!(state.next_group().len(), 1);
        state.pending.extend([large("a"), checkpoint("b"), large("c")]);
        assert_eq!(threads(&state.next_group()), ["a"]);
        assert_eq!(threads(&state.next_group()), ["b"]);
        assert_eq!(threads(&state.next_group()), ["c"]);
    }

    #[test]
    fn a_caller_that_has_left_does_not_lead() {
        let waiter = Waiter::default();
        assert!(waiter.leave().is_none(), "it was not woken");
        assert!(matches!(waiter.wake(Wakeup::Lead(Vec::new())), Some(Wakeup::Lead(_))));
        let waiter = Waiter::default();
        assert!(waiter.wake(Wakeup::Done(Ok(()))).is_none());
        assert!(matches!(waiter.leave(), Some(Wakeup::Done(Ok(())))), "it was woken before");
    }
}
