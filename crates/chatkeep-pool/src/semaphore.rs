//! Who may have a connection now, and who is next: a semaphore that serves strictly first come, first served.
//!
//! It hands out two sorts of places: *kept* ones, whose connection stays open when it is returned, and *overflow*
//! ones. A returned place goes straight to the caller who has waited longest, together with the connection in it, and
//! only that caller is woken; somebody who just came never overtakes. When nobody waits, the connection of a kept place
//! stays here for whoever comes next: one lock for coming, one for going.
//!
//! Made of `std` locks, which keep no state outside of themselves: a semaphore made after a fork owes nothing to the
//! ones before.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatkeep_core::interruption::{self, Waited};

/// What sort of place somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// One of the first `pool_size`.
    Kept,
    /// One of the `max_overflow` beyond.
    Overflow,
}

/// A place, and what the one before left in it.
#[derive(Debug)]
pub(crate) struct Grant<T> {
    pub(crate) place: Place,
    pub(crate) left: Option<T>,
}

/// Why there was no place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// None became free in time; so many others still wait.
    TimedOut { waiting: u32 },
    /// There are none any more.
    Closed,
    /// The caller broke it off.
    Interrupted,
}

/// How many places are taken, and how many callers wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) kept: u32,
    pub(crate) overflow: u32,
    pub(crate) waiting: u32,
    /// Whether something lies ready in a free place.
    pub(crate) ready: bool,
}

pub(crate) struct Semaphore<T> {
    kept: u32,
    overflow: u32,
    state: Mutex<State<T>>,
}

struct State<T> {
    kept_taken: u32,
    overflow_taken: u32,
    closed: bool,
    /// What was left in a kept place that is free now. Whoever takes a kept place gets it.
    ready: Option<T>,
    /// Not empty only while every place is taken.
    queue: VecDeque<Arc<Waiter<T>>>,
}

struct Waiter<T> {
    answer: Mutex<Option<Result<Grant<T>, Refusal>>>,
    answered: Condvar,
}

impl<T> Semaphore<T> {
    pub(crate) fn new(kept: u32, overflow: u32) -> Self {
        let state = State {
            kept_taken: 0,
            overflow_taken: 0,
            closed: false,
            ready: None,
            queue: VecDeque::new(),
        };
        Self { kept, overflow, state: Mutex::new(state) }
    }

    pub(crate) fn kept(&self) -> u32 {
        self.kept
    }

    pub(crate) fn overflow(&self) -> u32 {
        self.overflow
    }

    pub(crate) fn usage(&self) -> Usage {
        let state = lock(&self.state);
        Usage {
            kept: state.kept_taken,
            overflow: state.overflow_taken,
            waiting: count(&state.queue),
            ready: state.ready.is_some(),
        }
    }

    /// Takes a place, after everybody who came before, waiting for at most `timeout`.
    pub(crate) fn acquire(&self, timeout: Duration) -> Result<Grant<T>, Refusal> {
        let waiter = {
            let mut state = lock(&self.state);
            if state.closed {
                return Err(Refusal::Closed);
            }
            // Nobody waits while a place is free, so whoever finds one free overtakes nobody.
            if let Some(grant) = self.take_free(&mut state) {
                return Ok(grant);
            }
            if timeout.is_zero() {
                return Err(Refusal::TimedOut { waiting: count(&state.queue) });
            }
            let waiter = Arc::new(Waiter { answer: Mutex::new(None), answered: Condvar::new() });
            state.queue.push_back(Arc::clone(&waiter));
            waiter
        };
        let waited = match waiter.wait(timeout) {
            (Some(answer), _) => return answer,
            (None, waited) => waited,
        };
        // Places are given under this lock: one that has not come by now will not come any more, and one that came
        // at the last moment is not lost.
        let mut state = lock(&self.state);
        if let Some(answer) = lock(&waiter.answer).take() {
            return answer;
        }
        state.queue.retain(|other| !Arc::ptr_eq(other, &waiter));
        if waited == Waited::Interrupted {
            return Err(Refusal::Interrupted);
        }
        Err(Refusal::TimedOut { waiting: count(&state.queue) })
    }

    /// Gives the place and what is in it to the caller who has waited longest, or to whoever comes next. Where that cannot
    /// be, the place stays with the caller, and so does what comes back, its own content or what lay ready before: it
    /// puts that where it belongs, and then calls [`Semaphore::release`].
    pub(crate) fn hand_over(&self, place: Place, content: T) -> Result<(), T> {
        let mut state = lock(&self.state);
        match state.queue.pop_front() {
            Some(waiter) => waiter.answer_with(Ok(Grant { place, left: Some(content) })),
            None if place == Place::Kept && !state.closed => match state.ready.replace(content) {
                None => state.kept_taken -= 1,
                Some(before) => return Err(before),
            },
            None => return Err(content),
        }
        Ok(())
    }

    /// Takes what lies ready, and leaves its place free.
    pub(crate) fn take_ready(&self) -> Option<T> {
        lock(&self.state).ready.take()
    }

    /// Gives an empty place back.
    pub(crate) fn release(&self, place: Place) {
        let mut state = lock(&self.state);
        match state.queue.pop_front() {
            Some(waiter) => waiter.answer_with(Ok(Grant { place, left: None })),
            None => match place {
                Place::Kept => state.kept_taken -= 1,
                Place::Overflow => state.overflow_taken -= 1,
            },
        }
    }

    /// Turns an overflow place into a kept one, if one is free.
    pub(crate) fn promote(&self) -> Option<Grant<T>> {
        let mut state = lock(&self.state);
        let grant = self.take_kept(&mut state)?;
        state.overflow_taken -= 1;
        Some(grant)
    }

    /// Refuses everybody who waits, and everybody who comes from now on.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        for waiter in state.queue.drain(..) {
            waiter.answer_with(Err(Refusal::Closed));
        }
    }

    fn take_free(&self, state: &mut State<T>) -> Option<Grant<T>> {
        self.take_kept(state).or_else(|| {
            let free = state.overflow_taken < self.overflow;
            free.then(|| {
                state.overflow_taken += 1;
                Grant { place: Place::Overflow, left: None }
            })
        })
    }

    fn take_kept(&self, state: &mut State<T>) -> Option<Grant<T>> {
        let free = state.kept_taken < self.kept;
        free.then(|| {
            state.kept_taken += 1;
            Grant { place: Place::Kept, left: state.ready.take() }
        })
    }

    /// Runs something while the semaphore's lock is held, as another thread may at the moment of a fork.
    #[cfg(test)]
    pub(crate) fn while_locked<R>(&self, run: impl FnOnce() -> R) -> R {
        let _state = lock(&self.state);
        run()
    }
}

impl<T> Waiter<T> {
    fn wait(&self, timeout: Duration) -> (Option<Result<Grant<T>, Refusal>>, Waited) {
        let answer = lock(&self.answer);
        let missing = |answer: &mut Option<_>| answer.is_none();
        let (mut answer, waited) =
            interruption::wait_while(&self.answered, &self.answer, answer, Some(timeout), missing);
        (answer.take(), waited)
    }

    fn answer_with(&self, answer: Result<Grant<T>, Refusal>) {
        *lock(&self.answer) = Some(answer);
        self.answered.notify_one();
    }
}

fn count<W>(queue: &VecDeque<W>) -> u32 {
    u32::try_from(queue.len()).unwrap_or(u32::MAX)
}

/// Locks; a panic elsewhere cannot leave these states half-changed, so poison means nothing here.
pub(crate) fn lock<S>(mutex: &Mutex<S>) -> MutexGuard<'_, S> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
