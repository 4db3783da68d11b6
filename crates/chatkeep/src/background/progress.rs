//! What was handed in and has not ended yet.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chatkeep_core::interruption;

use super::exit;

/// An account of calls that have begun and not ended.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    ended: Condvar,
    /// Whether the process waits for these calls when it exits.
    known_at_exit: AtomicBool,
}

#[derive(Default)]
struct State {
    begun: u64,
    open: BTreeSet<u64>,
    waiting: usize,
}

/// A call that has begun. It ends when this is dropped.
pub(crate) struct Pending {
    progress: Arc<Progress>,
    number: u64,
}

impl Progress {
    /// A call begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Pending {
        if !self.known_at_exit.swap(true, Ordering::Relaxed) {
            exit::wait_for(self);
        }
        let mut state = self.lock();
        state.begun += 1;
        let number = state.begun;
        state.open.insert(number);
        drop(state);
        Pending { progress: Arc::clone(self), number }
    }

    /// Waits until the calls that have begun by now have ended, and says how many of them have not when the time is over, or
    /// the caller breaks it off.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        let mut state = self.lock();
        let last = state.begun;
        state.waiting += 1;
        let open = |state: &State| state.open.range(..=last).count();
        let left = until.saturating_duration_since(Instant::now());
        let goes_on = |state: &mut State| open(state) > 0;
        let (mut state, _) =
            interruption::wait_while(&self.ended, &self.state, state, Some(left), goes_on);
        let open = open(&state);
        state.waiting -= 1;
        open
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let mut state = self.progress.lock();
        state.open.remove(&self.number);
        if state.waiting > 0 {
            drop(state);
            self.progress.ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn waiting_ends_with_the_calls_that_had_begun() {
        let progress = Arc::new(Progress::default());
        let first = progress.begin();
        let soon = Instant::now() + Duration::from_millis(10);
        assert_eq!(progress.wait(soon), 1);
        let waiting = {
            let progress = Arc::clone(&progress);
            thread::spawn(move || progress.wait(Instant::now() + Duration::from_secs(60)))
        };
        while progress.lock().waiting == 0 {
            thread::yield_now();
        }
        let later = progress.begin();
        drop(first);
        assert_eq!(waiting.join().unwrap(), 0, "a call that began later is not waited for");
        drop(later);
        assert_eq!(progress.wait(Instant::now()), 0);
    }
}
