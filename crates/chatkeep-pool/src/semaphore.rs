//! A fair semaphore that limits the number of connections in use.
//!
//! It grants two kinds of permits: *persistent* ones, whose connection stays open when it is
//! returned, and *overflow* ones. A returned permit is granted to the caller that has waited
//! longest, together with its connection, and only that caller is woken. Later callers never
//! overtake earlier ones. If no caller is waiting, the semaphore stores the connection of one
//! persistent permit for the next caller. So an uncontended check-out and check-in take one lock
//! each.
//!
//! It uses only `std` locks, which have no state outside of themselves. A semaphore created after a
//! fork is therefore independent of the parent's.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatkeep_core::interrupt::{self, WaitOutcome};

/// The right to use one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permit {
    /// One of the first `pool_size`.
    Persistent,
    /// One of up to `max_overflow` more.
    Overflow,
}

/// A permit, with the item that its previous holder left.
#[derive(Debug)]
pub(crate) struct Grant<T> {
    pub(crate) permit: Permit,
    pub(crate) item: Option<T>,
}

/// The reason why no permit was granted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum AcquireError {
    /// No permit became free in time.
    TimedOut {
        /// Number of other callers that are still waiting.
        waiting: u32,
    },
    /// The semaphore is closed.
    Closed,
    /// The caller interrupted its wait.
    Interrupted,
}

/// Numbers of permits in use and of waiting callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) persistent: u32,
    pub(crate) overflow: u32,
    pub(crate) waiting: u32,
    /// Whether an item is stored for the next caller.
    pub(crate) has_idle: bool,
}

pub(crate) struct Semaphore<T> {
    persistent: u32,
    overflow: u32,
    state: Mutex<State<T>>,
}

struct State<T> {
    persistent_in_use: u32,
    overflow_in_use: u32,
    closed: bool,
    /// The item of a free persistent permit. The next caller that acquires one receives it.
    idle: Option<T>,
    /// Non-empty only while every permit is in use.
    queue: VecDeque<Arc<Waiter<T>>>,
}

struct Waiter<T> {
    outcome: Mutex<Option<Result<Grant<T>, AcquireError>>>,
    completed: Condvar,
}

impl<T> Semaphore<T> {
    pub(crate) fn new(persistent: u32, overflow: u32) -> Self {
        let state = State {
            persistent_in_use: 0,
            overflow_in_use: 0,
            closed: false,
            idle: None,
            queue: VecDeque::new(),
        };
        Self { persistent, overflow, state: Mutex::new(state) }
    }

    pub(crate) fn persistent(&self) -> u32 {
        self.persistent
    }

    pub(crate) fn overflow(&self) -> u32 {
        self.overflow
    }

    pub(crate) fn usage(&self) -> Usage {
        let state = lock(&self.state);
        Usage {
            persistent: state.persistent_in_use,
            overflow: state.overflow_in_use,
            waiting: count(&state.queue),
            has_idle: state.idle.is_some(),
        }
    }

    /// Acquires a permit in order of arrival, waiting at most `timeout`.
    pub(crate) fn acquire(&self, timeout: Duration) -> Result<Grant<T>, AcquireError> {
        let waiter = {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(AcquireError::Closed);
            }
            // No caller waits while a permit is free, so this overtakes none.
            if let Some(grant) = self.take_free(&mut state) {
                return Ok(grant);
            }
            if timeout.is_zero() {
                return Err(AcquireError::TimedOut { waiting: count(&state.queue) });
            }
            let waiter = Arc::new(Waiter { outcome: Mutex::new(None), completed: Condvar::new() });
            state.queue.push_back(Arc::clone(&waiter));
            waiter
        };
        let waited = match waiter.wait(timeout) {
            (Some(outcome), _) => return outcome,
            (None, waited) => waited,
        };
        // Permits are granted under this lock. A permit granted just after the timeout is used
        // here, and none can be granted later.
        let mut state = lock(&self.state);
        if let Some(outcome) = lock(&waiter.outcome).take() {
            return outcome;
        }
        state.queue.retain(|other| !Arc::ptr_eq(other, &waiter));
        if waited == WaitOutcome::Interrupted {
            return Err(AcquireError::Interrupted);
        }
        Err(AcquireError::TimedOut { waiting: count(&state.queue) })
    }

    /// Grants the permit and its item to the caller that has waited longest, or else stores the
    /// item for the next caller.
    ///
    /// If neither is possible, the caller keeps the permit and gets an item back: its own, or the
    /// one that was stored before. The caller disposes of the item, then calls
    /// [`Semaphore::release`].
    pub(crate) fn hand_over(&self, permit: Permit, item: T) -> Result<(), T> {
        let mut state = lock(&self.state);
        match state.queue.pop_front() {
            Some(waiter) => waiter.complete(Ok(Grant { permit, item: Some(item) })),
            None if permit == Permit::Persistent && !state.closed => {
                match state.idle.replace(item) {
                    None => state.persistent_in_use -= 1,
                    Some(before) => return Err(before),
                }
            }
            None => return Err(item),
        }
        Ok(())
    }

    /// Removes the stored item. Its permit stays free.
    pub(crate) fn take_idle(&self) -> Option<T> {
        lock(&self.state).idle.take()
    }

    /// Releases a permit without an item.
    pub(crate) fn release(&self, permit: Permit) {
        let mut state = lock(&self.state);
        match state.queue.pop_front() {
            Some(waiter) => waiter.complete(Ok(Grant { permit, item: None })),
            None => match permit {
                Permit::Persistent => state.persistent_in_use -= 1,
                Permit::Overflow => state.overflow_in_use -= 1,
            },
        }
    }

    /// Exchanges an overflow permit for a persistent one, if one is free.
    pub(crate) fn promote(&self) -> Option<Grant<T>> {
        let mut state = lock(&self.state);
        let grant = self.take_persistent(&mut state)?;
        state.overflow_in_use -= 1;
        Some(grant)
    }

    /// Closes the semaphore: fails all waiting callers and all later ones.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        for waiter in state.queue.drain(..) {
            waiter.complete(Err(AcquireError::Closed));
        }
    }

    fn take_free(&self, state: &mut State<T>) -> Option<Grant<T>> {
        self.take_persistent(state).or_else(|| {
            let free = state.overflow_in_use < self.overflow;
            free.then(|| {
                state.overflow_in_use += 1;
                Grant { permit: Permit::Overflow, item: None }
            })
        })
    }

    fn take_persistent(&self, state: &mut State<T>) -> Option<Grant<T>> {
        let free = state.persistent_in_use < self.persistent;
        free.then(|| {
            state.persistent_in_use += 1;
            Grant { permit: Permit::Persistent, item: state.idle.take() }
        })
    }

    /// Runs `run` while the semaphore's lock is held, as another thread may hold it during a fork.
    #[cfg(test)]
    pub(crate) fn while_locked<R>(&self, run: impl FnOnce() -> R) -> R {
        let _state = lock(&self.state);
        run()
    }
}

impl<T> Waiter<T> {
    fn wait(&self, timeout: Duration) -> (Option<Result<Grant<T>, AcquireError>>, WaitOutcome) {
        let outcome = lock(&self.outcome);
        let missing = |outcome: &mut Option<_>| outcome.is_none();
        let (mut outcome, waited) =
            interrupt::wait_while(&self.completed, &self.outcome, outcome, Some(timeout), missing);
        (outcome.take(), waited)
    }

    fn complete(&self, outcome: Result<Grant<T>, AcquireError>) {
        *lock(&self.outcome) = Some(outcome);
        self.completed.notify_one();
    }
}

fn count<W>(queue: &VecDeque<W>) -> u32 {
    u32::try_from(queue.len()).unwrap_or(u32::MAX)
}

/// Locks a mutex and ignores poisoning: a panic cannot leave these states half-changed.
pub(crate) fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
