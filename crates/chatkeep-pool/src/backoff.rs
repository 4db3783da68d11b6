//! Growing pauses between attempts.

use std::time::Duration;

/// Pauses that double up to a longest one, each of a random length up to that ("full jitter"): many processes that
/// start together, or lost the same server, do not come back together.
pub(crate) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first.min(longest), longest }
    }

    /// The next pause, by a random number of at least 0 and less than 1.
    pub(crate) fn next(&mut self, random: f64) -> Duration {
        let pause = self.next.mul_f64(random);
        self.next = self.next.saturating_mul(2).min(self.longest);
        pause
    }
}
