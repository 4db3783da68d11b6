//! Places where a test can have the program die, as a power cut would: only in builds with the feature `failpoints`.

/// The environment variable that says at how many-th place the program dies, counted from 1.
#[cfg(feature = "failpoints")]
const VARIABLE: &str = "CHATKEEP_DIE_AT";

/// A place between two effects on the database.
#[cfg(feature = "failpoints")]
pub(super) fn pass() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static PASSED: AtomicUsize = AtomicUsize::new(0);
    let passed = PASSED.fetch_add(1, Ordering::SeqCst) + 1;
    let wanted = std::env::var(VARIABLE).ok().and_then(|text| text.parse::<usize>().ok());
    if wanted == Some(passed) {
        std::process::abort();
    }
}

/// A place between two effects on the database.
#[cfg(not(feature = "failpoints"))]
pub(super) fn pass() {}
