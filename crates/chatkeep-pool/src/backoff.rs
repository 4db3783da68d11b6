//! Exponential backoff with full jitter.

use std::time::Duration;

/// Pauses that double up to a maximum, each randomized between zero and its full length ("full
/// jitter"). So processes that start together, or lose the same server, do not all retry at once.
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first.min(longest), longest }
    }

    /// Returns the next pause, given a random number in `0..1`.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let pause = self.next.mul_f64(random);
        self.next = self.next.saturating_mul(2).min(self.longest);
        pause
    }
}
