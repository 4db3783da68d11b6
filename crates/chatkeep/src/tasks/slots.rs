//! The number of tasks that a worker runs at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chatkeep_core::Result;
use chatkeep_core::interrupt::{self, WaitOutcome};

/// The unfinished tasks of a worker, and whether it was stopped.
pub(super) struct Slots {
    limit: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    unfinished: usize,
    is_stopped: bool,
}

impl Slots {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Waits until fewer tasks than the limit are unfinished. Returns `false` if the worker was
    /// stopped.
    ///
    /// # Errors
    /// `Interrupted` when the caller interrupts the wait.
    pub(super) fn wait(&self) -> Result<bool> {
        self.wait_while(None, |state| state.unfinished >= self.limit)
    }

    /// Waits for a time. Returns `false` if the worker was stopped.
    ///
    /// # Errors
    /// `Interrupted` when the caller interrupts the wait.
    pub(super) fn pause(&self, time: Duration) -> Result<bool> {
        self.wait_while(Some(time), |_| true)
    }

    fn wait_while(
        &self,
        timeout: Option<Duration>,
        condition: impl Fn(&State) -> bool,
    ) -> Result<bool> {
        let has_to_wait = |state: &mut State| !state.is_stopped && condition(state);
        let waited =
            interrupt::wait_while(&self.changed, &self.state, self.lock(), timeout, has_to_wait);
        match waited {
            (_, WaitOutcome::Interrupted) => Err(interrupt::interrupted()),
            (state, _) => Ok(!state.is_stopped),
        }
    }

    pub(super) fn take(&self) {
        self.lock().unfinished += 1;
    }

    pub(super) fn give_back(&self) {
        self.lock().unfinished -= 1;
        self.changed.notify_all();
    }

    pub(super) fn stop(&self) {
        self.lock().is_stopped = true;
        self.changed.notify_all();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.lock().is_stopped
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
