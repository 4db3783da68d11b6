//! An end for everything that a call of this thread waits for, in addition to the limits of each wait.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `work`, all of whose waits for the network end at `end`. Inside another one the earlier end holds.
///
/// ```
/// use chatkeep_core::deadline;
/// use std::time::{Duration, Instant};
///
/// let soon = Instant::now() + Duration::from_secs(2);
/// let left = deadline::within(soon, || deadline::left(Duration::from_secs(60)));
/// assert!(left <= Duration::from_secs(2));
/// assert_eq!(deadline::left(Duration::from_secs(60)), Duration::from_secs(60));
/// ```
pub fn within<T>(end: Instant, work: impl FnOnce() -> T) -> T {
    struct Restore(Option<Instant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            END.set(self.0);
        }
    }
    let outer = END.get();
    END.set(Some(outer.map_or(end, |outer| outer.min(end))));
    let _restore = Restore(outer);
    work()
}

/// The time that a wait may take which has this limit of its own.
pub fn left(limit: Duration) -> Duration {
    END.get().map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
}
