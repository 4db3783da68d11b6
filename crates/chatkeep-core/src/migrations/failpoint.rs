//! Failpoints: points where a test can abort the process, as a power failure would. They exist only
//! in builds with the feature `failpoints`.

/// Environment variable with the number of the failpoint at which the process aborts, from 1.
#[cfg(feature = "failpoints")]
const VARIABLE: &str = "CHATKEEP_DIE_AT";

/// Marks a point between two effects on the database, and aborts the process at the selected one.
#[cfg(feature = "failpoints")]
pub(super) fn pass() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let abort_at = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<usize>().ok());
    if abort_at == Some(passed) {
        std::process::abort();
    }
}

/// Marks a point between two effects on the database. Without the feature, it does nothing.
#[cfg(not(feature = "failpoints"))]
pub(super) fn pass() {}
