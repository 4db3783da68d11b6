//! Steps of a command, each reported with its name, its outcome and its duration.

use std::time::Instant;

use crate::failure::Result;
use crate::interrupt;

/// Runs `step`, prints its outcome and duration, and returns whether it succeeded.
///
/// # Errors
///
/// Fails only if a signal was received.
pub(crate) fn step(command: &str, name: &str, step: impl FnOnce() -> Result) -> Result<bool> {
    let begin = Instant::now();
    match step() {
        Ok(()) => {
            println!("{command}: {name}: ok ({} s)", begin.elapsed().as_secs());
            Ok(true)
        }
        Err(failure) => {
            interrupt::check()?;
            failure.print();
            println!("{command}: {name}: FAILED");
            Ok(false)
        }
    }
}
