//! Tests of the pool over fake connections, a fake clock and a fake random source.

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

/// Waits until another thread has made the condition true.
fn until(mut happened: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !happened() {
        assert!(Instant::now() < end, "the condition was not met in time");
        thread::yield_now();
    }
}
