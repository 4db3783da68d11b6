//! A deadline for all database waits of the current thread, in addition to each wait's own timeout.

use std::cell::Cell;
use std::time::{Duration, Instant};

thread_local! {
    static END: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Runs `work` with a deadline for its network waits. When calls are nested, the earlier deadline
/// applies.
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

/// Returns the time that a wait with its own timeout `limit` may take.
pub fn left(limit: Duration) -> Duration {
    END.get().map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
}
