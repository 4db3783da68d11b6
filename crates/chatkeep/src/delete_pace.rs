//! How much to delete at a time.

use std::time::{Duration, Instant};

/// How long a batch should take: whoever logs on SQLite meanwhile waits for it.
const AIM: Duration = Duration::from_millis(4);
const FIRST: u32 = 200;
const LEAST: u32 = 100;
const MOST: u32 = 5_000;

/// Finds out how many rows are deleted in a few milliseconds here: the engines, and disks, differ by far.
pub(crate) struct DeletePace {
    rows: u32,
}

impl Default for DeletePace {
    fn default() -> Self {
        Self { rows: FIRST }
    }
}

impl DeletePace {
    /// Deletes a batch of the right size, and learns from how long it took.
    pub(crate) fn timed<T>(&mut self, delete: impl FnOnce(u32) -> T) -> T {
        let start = Instant::now();
        let outcome = delete(self.rows);
        self.learn(start.elapsed());
        outcome
    }

    /// Not by more than double or half at a time: one slow moment of the disk says little.
    fn learn(&mut self, took: Duration) {
        let factor = AIM.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
        let rows = f64::from(self.rows) * factor.clamp(0.5, 2.0);
        self.rows = (rows.round() as u32).clamp(LEAST, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_and_shrink_to_what_takes_a_few_milliseconds() {
        let mut pace = DeletePace::default();
        for _ in 0..20 {
            // 100 rows a millisecond.
            pace.learn(Duration::from_micros(u64::from(pace.rows) * 10));
        }
        assert_eq!(pace.rows, 400);
        for _ in 0..20 {
            pace.learn(Duration::from_secs(1));
        }
        assert_eq!(pace.rows, LEAST);
        for _ in 0..20 {
            pace.learn(Duration::ZERO);
        }
        assert_eq!(pace.rows, MOST);
        assert_eq!(pace.timed(|rows| rows), MOST);
    }
}
