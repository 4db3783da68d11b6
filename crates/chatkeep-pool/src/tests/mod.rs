//! The pool over connections, a clock and a chance of the tests' own.

mod checkout;
mod closing;
mod fake;
mod forking;
mod load;
mod queue;
mod reading_settings;
mod ready;
mod sqlite;
mod starting;

use std::thread;
use std::time::{Duration, Instant};

/// Waits until another thread has come so far.
fn until(mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(Instant::now() < end, "what was waited for did not happen");
        thread::yield_now();
    }
}
