//! How much to delete at a time, and when.

use std::time::{Duration, Instant};

use chatkeep_core::{Engine, Result, interruption};

/// How long a batch should take.
const AIM: Duration = Duration::from_millis(4);
/// On SQLite: whoever logs meanwhile waits for it.
const AIM_WITH_ONE_WRITER: Duration = Duration::from_millis(2);
/// Between two batches, at most: a disk that stood still for a moment will not do so again.
const LONGEST_REST: Duration = Duration::from_millis(50);
const FIRST: u32 = 200;
const LEAST: u32 = 100;
const MOST: u32 = 5_000;

/// Finds out how many rows are deleted in a few milliseconds here: the engines, and disks, differ by far.
///
/// SQLite has one writer. Without a rest between two batches it would be a deletion's for nearly all of the time: everybody who
/// logs would wait for a whole batch, and other processes, which look for a free moment now and then, would hardly
/// find one. So they get as much of the time as the deletion has.
pub(crate) struct DeletePace {
    rows: u32,
    aim: Duration,
    has_one_writer: bool,
    rest: Duration,
}

impl DeletePace {
    pub(crate) fn on(engine: Engine) -> Self {
        let has_one_writer = !engine.is_server();
        let aim = if has_one_writer { AIM_WITH_ONE_WRITER } else { AIM };
        Self { rows: FIRST, aim, has_one_writer, rest: Duration::ZERO }
    }

    /// Leaves the database to others, before the next batch.
    ///
    /// # Errors
    /// `Interrupted`.
    pub(crate) fn rest(&self) -> Result<()> {
        interruption::pause(self.rest)
    }

    /// Deletes a batch of the right size, and learns from how long it took.
    pub(crate) fn timed<T>(&mut self, delete: impl FnOnce(u32) -> T) -> T {
        let start = Instant::now();
        let outcome = delete(self.rows);
        self.learn(start.elapsed());
        outcome
    }

    /// Not by more than double or half at a time: one slow moment of the disk says little.
    fn learn(&mut self, took: Duration) {
        let factor = self.aim.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
        let rows = f64::from(self.rows) * factor.clamp(0.5, 2.0);
        self.rows = (rows.round() as u32).clamp(LEAST, MOST);
        if self.has_one_writer {
            self.rest = took.min(LONGEST_REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_grow_and_shrink_to_what_takes_a_few_milliseconds() {
        let mut pace = DeletePace::on(Engine::Sqlite);
        // 100 rows a millisecond.
        let took = |rows: u32| Duration::from_micros(u64::from(rows) * 10);
        for _ in 0..20 {
            pace.learn(took(pace.rows));
        }
        assert_eq!(pace.rows, 200);
        let mut pace = DeletePace::on(Engine::PostgreSql);
        for _ in 0..20 {
            pace.learn(took(pace.rows));
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

    #[test]
    fn on_sqlite_others_get_as_much_time() {
        for (engine, took, rest) in [
            (Engine::Sqlite, Duration::from_millis(3), Duration::from_millis(3)),
            (Engine::Sqlite, Duration::from_secs(3), LONGEST_REST),
            (Engine::PostgreSql, Duration::from_millis(3), Duration::ZERO),
            (Engine::MySql, Duration::from_millis(3), Duration::ZERO),
        ] {
            let mut pace = DeletePace::on(engine);
            assert_eq!(pace.rest, Duration::ZERO, "nothing was deleted yet");
            pace.learn(took);
            assert_eq!(pace.rest, rest, "{engine}: {took:?}");
        }
        let mut pace = DeletePace::on(Engine::Sqlite);
        pace.learn(Duration::from_millis(20));
        let start = Instant::now();
        pace.rest().expect("nobody interrupts");
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}
