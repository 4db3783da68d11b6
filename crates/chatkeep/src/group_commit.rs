//! Callers that store entries of one kind concurrently share transactions.
//!
//! A durable commit waits for the disk, and the disk stores a group in the time of one. If no caller
//! is writing, a caller writes its own entry immediately. Otherwise the entry is queued, and when a
//! writer is done, the first queued caller becomes the leader and writes all that is queued. A group
//! is stored as a whole or not at all, so that after a rejected group each entry is stored alone.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Connection, Error, ErrorKind, Result};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::wait_in_flight;
use crate::checkpoints::Checkpoints;
use crate::retry::{WriteError, may_be_one_row, try_with_retry, with_retry};

/// Maximum size of a group, in entries and bytes. A larger entry is a group of its own.
const GROUP_ENTRIES: usize = 200;
const GROUP_BYTES: usize = 4 << 20;

/// Entries of one kind, and how a group of them is stored.
pub(crate) trait Entries: Send + Sync + 'static {
    /// An entry of a caller.
    type Entry<'a>: Copy;
    /// A copy of an entry, which another caller's transaction can store.
    type Owned: Send + Sync;
    /// A key that at most one entry of a group has.
    type Key: Eq + Hash;
    /// Noun for an entry, in an error.
    const NOUN: &'static str;

    /// Returns a copy of an entry.
    fn to_owned(entry: Self::Entry<'_>) -> Self::Owned;

    /// Returns the entry of a copy.
    fn as_entry(owned: &Self::Owned) -> Self::Entry<'_>;

    /// Returns the approximate size of an entry, in bytes.
    fn size(entry: Self::Entry<'_>) -> usize;

    /// Returns the key of an entry, if no other entry of its group may have it.
    fn unique_key(entry: Self::Entry<'_>) -> Option<Self::Key>;

    /// Stores a group of entries, all or none.
    fn store(&self, connection: &mut Connection, entries: &[Self::Entry<'_>]) -> Result<()>;

    /// Returns whether one entry of a group may have caused an error.
    fn may_be_one_entry(error: &Error) -> bool {
        may_be_one_row(error)
    }
}

/// Stores entries in groups.
pub(crate) struct GroupCommit<E: Entries> {
    kind: E,
    pool: Arc<Pool>,
    /// `None` unless the database is a SQLite file.
    checkpoints: Option<Arc<Checkpoints>>,
    /// Maximum number of groups that are written at a time.
    max_leaders: u32,
    /// A forked child has its own queue: a thread of the parent may have held the lock.
    queue: PerProcess<Queue<E>>,
}

struct Queue<E: Entries>(Mutex<State<E>>);

struct State<E: Entries> {
    leaders: u32,
    pending: VecDeque<Pending<E>>,
}

/// A queued entry of a caller that waits. If it is dropped without an outcome, the caller gets an
/// error.
struct Pending<E: Entries> {
    entry: Arc<E::Owned>,
    bytes: usize,
    waiter: Option<Arc<Waiter<E>>>,
}

/// A caller that waits for its outcome, or to lead.
struct Waiter<E: Entries> {
    state: Mutex<WaiterState<E>>,
    woken: Condvar,
}

enum WaiterState<E: Entries> {
    Waiting,
    Woken(Wakeup<E>),
    /// The caller was interrupted while another one was writing its entry, or about to make it the
    /// leader.
    Left,
}

enum Wakeup<E: Entries> {
    Done(Result<()>),
    /// The caller writes this group, in which its own entry is the first.
    Lead(Vec<Pending<E>>),
}

/// The right to write. Dropping it makes the first pending caller the next leader.
struct Leadership<E: Entries>(Arc<OfProcess<Queue<E>>>);

impl<E: Entries> GroupCommit<E> {
    pub(crate) fn new(
        kind: E,
        pool: Arc<Pool>,
        checkpoints: Option<Arc<Checkpoints>>,
        writers: u32,
    ) -> Self {
        let max_leaders = if pool.url().engine().is_server() { writers } else { 1 };
        Self { kind, pool, checkpoints, max_leaders, queue: PerProcess::new(Queue::default()) }
    }

    /// Stores an entry that was checked, alone or in a group, and returns after the commit.
    pub(crate) fn store(&self, entry: E::Entry<'_>) -> Result<()> {
        let queue = self.queue.get(Queue::default);
        let waiter = {
            let mut state = queue.lock();
            if state.leaders < self.max_leaders {
                state.leaders += 1;
                None
            } else {
                let waiter = Arc::new(Waiter::default());
                state.pending.push_back(Pending {
                    entry: Arc::new(E::to_owned(entry)),
                    bytes: E::size(entry),
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
    fn lead(&self, leadership: Leadership<E>, group: Vec<Pending<E>>) -> Result<()> {
        let entries: Vec<_> = group.iter().map(|pending| Arc::clone(&pending.entry)).collect();
        let entries: Vec<_> = entries.iter().map(|entry| E::as_entry(entry)).collect();
        let outcomes = match self.try_write(&entries) {
            Ok(()) => entries.iter().map(|_| Ok(())).collect(),
            Err(WriteError::Unreachable(error)) => {
                // Otherwise each group would try to connect, one after the other.
                let pending = std::mem::take(&mut leadership.0.lock().pending);
                pending.into_iter().for_each(|pending| pending.complete(Err(error.clone())));
                entries.iter().map(|_| Err(error.clone())).collect()
            }
            Err(WriteError::Failed(error)) if entries.len() > 1 && E::may_be_one_entry(&error) => {
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

    fn write(&self, entries: &[E::Entry<'_>]) -> Result<()> {
        with_retry(&self.pool, |connection| self.kind.store(connection, entries))?;
        self.committed(entries);
        Ok(())
    }

    fn try_write(&self, entries: &[E::Entry<'_>]) -> Result<(), WriteError> {
        try_with_retry(&self.pool, None, |connection| self.kind.store(connection, entries))?;
        self.committed(entries);
        Ok(())
    }

    fn committed(&self, entries: &[E::Entry<'_>]) {
        if let Some(checkpoints) = &self.checkpoints {
            let bytes = entries.iter().map(|entry| E::size(*entry)).sum::<usize>();
            checkpoints.committed(bytes as u64);
        }
    }
}

/// Returns whether an error is, or can be, that of an interrupted wait of this thread.
fn is_interruption(error: &Error) -> bool {
    let kinds = [ErrorKind::Interrupted, ErrorKind::OutcomeUnknown];
    interrupt::is_interruptible() && kinds.contains(&error.kind())
}

impl<E: Entries> Default for Queue<E> {
    fn default() -> Self {
        Self(Mutex::new(State::default()))
    }
}

impl<E: Entries> Default for State<E> {
    fn default() -> Self {
        Self { leaders: 0, pending: VecDeque::new() }
    }
}

impl<E: Entries> Default for Waiter<E> {
    fn default() -> Self {
        Self { state: Mutex::new(WaiterState::Waiting), woken: Condvar::new() }
    }
}

impl<E: Entries> Queue<E> {
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the entry of a caller that no longer waits. Returns false if it is no longer queued.
    fn withdraw(&self, waiter: &Arc<Waiter<E>>) -> bool {
        let mut state = self.lock();
        let is_own = |pending: &Pending<E>| {
            pending.waiter.as_ref().is_some_and(|other| Arc::ptr_eq(other, waiter))
        };
        let Some(at) = state.pending.iter().position(is_own) else { return false };
        if let Some(mut pending) = state.pending.remove(at) {
            pending.waiter = None;
        }
        true
    }
}

impl<E: Entries> State<E> {
    /// Removes the next group from the queue. A second entry with the same unique key is left for the
    /// next group.
    fn next_group(&mut self) -> Vec<Pending<E>> {
        let (mut group, mut left) = (Vec::new(), VecDeque::new());
        let (mut bytes, mut keys) = (0, HashSet::new());
        while let Some(pending) = self.pending.pop_front() {
            let is_full = group.len() >= GROUP_ENTRIES || bytes + pending.bytes > GROUP_BYTES;
            if is_full && !group.is_empty() {
                self.pending.push_front(pending);
                break;
            }
            let key = E::unique_key(E::as_entry(&pending.entry));
            if key.is_some_and(|key| !keys.insert(key)) {
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

impl<E: Entries> Drop for Leadership<E> {
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

impl<E: Entries> Pending<E> {
    fn complete(mut self, outcome: Result<()>) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake(Wakeup::Done(outcome));
        }
    }
}

impl<E: Entries> Drop for Pending<E> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            waiter.wake(Wakeup::Done(Err(Error::internal(format!(
                "internal error: the thread that wrote this {} panicked; please report this",
                E::NOUN
            )))));
        }
    }
}

impl<E: Entries> Waiter<E> {
    /// Wakes the caller, and returns the wake-up if the caller has left.
    fn wake(&self, wakeup: Wakeup<E>) -> Option<Wakeup<E>> {
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
    fn wait(&self) -> Option<Wakeup<E>> {
        let is_waiting = |state: &mut WaiterState<E>| matches!(state, WaiterState::Waiting);
        let (mut state, outcome) =
            interrupt::wait_while(&self.woken, &self.state, self.lock(), None, is_waiting);
        match outcome {
            WaitOutcome::Done => state.take_wakeup(),
            WaitOutcome::TimedOut | WaitOutcome::Interrupted => None,
        }
    }

    /// Returns the wake-up if there is one. Otherwise the caller leaves.
    fn leave(&self) -> Option<Wakeup<E>> {
        self.lock().take_wakeup()
    }

    fn lock(&self) -> MutexGuard<'_, WaiterState<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<E: Entries> WaiterState<E> {
    fn take_wakeup(&mut self) -> Option<Wakeup<E>> {
        match std::mem::replace(self, Self::Left) {
            Self::Woken(wakeup) => Some(wakeup),
            Self::Waiting | Self::Left => None,
        }
    }
}

#[cfg(test)]
mod tests;
