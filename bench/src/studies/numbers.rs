//! Pseudo-random numbers that are the same in every run.

/// A xorshift generator with shifts 13, 7, 17 (Marsaglia, "Xorshift RNGs", 2003).
pub(super) struct Numbers(u64);

impl Numbers {
    /// Creates a generator. The seed must not be 0.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Returns a number from 0 to `end - 1`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    /// Returns true with a probability of `in_a_thousand` per thousand.
    pub(super) fn happens(&mut self, in_a_thousand: usize) -> bool {
        self.below(1000) < in_a_thousand
    }
}
