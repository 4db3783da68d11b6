//! Tracks operations that have begun and not ended.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chatkeep_core::interrupt;

use super::exit;

/// The set of operations in flight.
#[derive(Default)]
pub(crate) struct InFlight {
    state: Mutex<State>,
    ended: Condvar,
    /// Whether the process waits for these operations when it exits.
    is_registered: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Number of operations that have begun.
    begun: u64,
    /// Numbers of the operations that have not ended.
    open: BTreeSet<u64>,
    waiting: usize,
}

/// An operation in flight. Dropping the guard ends it.
pub(crate) struct InFlightGuard {
    in_flight: Arc<InFlight>,
    number: u64,
}

impl InFlight {
    /// Begins an operation.
    pub(crate) fn begin(self: &Arc<Self>) -> InFlightGuard {
        if !self.is_registered.swap(true, Ordering::Relaxed) {
            exit::wait_for(self);
        }
        let mut state = self.lock();
        state.begun += 1;
        let number = state.begun;
        state.open.insert(number);
        drop(state);
        InFlightGuard { in_flight: Arc::clone(self), number }
    }

    /// Waits for the operations begun before this call. The wait ends at the latest at `until`, or
    /// when the caller interrupts it. Returns the number of these operations that have not ended.
    pub(crate) fn wait(&self, until: Instant) -> usize {
        let mut state = self.lock();
        let last = state.begun;
        state.waiting += 1;
        let open = |state: &State| state.open.range(..=last).count();
        let left = until.saturating_duration_since(Instant::now());
        let has_open = |state: &mut State| open(state) > 0;
        let (mut state, _) =
            interrupt::wait_while(&self.ended, &self.state, state, Some(left), has_open);
        let open = open(&state);
        state.waiting -= 1;
        open
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        let mut state = self.in_flight.lock();
        state.open.remove(&self.number);
        if state.waiting > 0 {
            drop(state);
            self.in_flight.ended.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn wait_covers_only_operations_begun_before_it() {
        let in_flight = Arc::new(InFlight::default());
        let first = in_flight.begin();
        let soon = Instant::now() + Duration::from_millis(10);
        assert_eq!(in_flight.wait(soon), 1);
        let waiting = {
            let in_flight = Arc::clone(&in_flight);
            thread::spawn(move || in_flight.wait(Instant::now() + Duration::from_secs(60)))
        };
        while in_flight.lock().waiting == 0 {
            thread::yield_now();
        }
        let later = in_flight.begin();
        drop(first);
        assert_eq!(waiting.join().unwrap(), 0, "a later operation does not count");
        drop(later);
        assert_eq!(in_flight.wait(Instant::now()), 0);
    }
}
