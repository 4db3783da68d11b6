//! Adapts the size and timing of deletion batches.

use std::time::{Duration, Instant};

use chatkeep_core::{Connection, Engine, Result, interrupt};
use chatkeep_pool::Pool;

use crate::retry::with_retry;

/// Target duration of a batch on a server.
const TARGET: Duration = Duration::from_millis(4);
/// Target duration of a batch on SQLite, where callers that log wait for it.
const TARGET_WITH_ONE_WRITER: Duration = Duration::from_millis(2);
/// Maximum pause between two batches. One very slow batch does not predict another.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
const FIRST: u32 = 200;
const LEAST: u32 = 100;
const MOST: u32 = 5_000;

/// Finds the number of rows that can be deleted in a few milliseconds. Engines and disks differ
/// widely.
///
/// SQLite has one writer. Without pauses, a deletion would use it nearly all of the time. Callers
/// that log would wait for whole batches, and other processes, which only poll for the lock, would
/// rarely get it. So on SQLite each batch is followed by a pause of the same duration.
pub(crate) struct BatchSizer {
    rows: u32,
    has_one_writer: bool,
    /// Pause before the next batch.
    pause: Duration,
}

impl BatchSizer {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { rows: FIRST, has_one_writer: !engine.is_server(), pause: Duration::ZERO }
    }

    /// Pauses if necessary, then runs `delete` with the current batch size.
    ///
    /// The connection is returned after each batch: on SQLite it is the only write connection.
    ///
    /// # Errors
    /// `Interrupted` when the caller interrupts a pause; `OutcomeUnknown` or another error of
    /// `delete`.
    pub(crate) fn run_batch<T>(
        &mut self,
        pool: &Pool,
        delete: impl Fn(&mut Connection, u32) -> Result<T>,
    ) -> Result<T> {
        interrupt::pause(self.pause)?;
        with_retry(pool, |connection| {
            let start = Instant::now();
            let outcome = delete(connection, self.rows);
            self.adapt(start.elapsed());
            outcome
        })
    }

    /// Adapts the batch size, by at most a factor of two: one slow batch is weak evidence.
    fn adapt(&mut self, took: Duration) {
        let target = if self.has_one_writer { TARGET_WITH_ONE_WRITER } else { TARGET };
        let factor = target.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
        let rows = f64::from(self.rows) * factor.clamp(0.5, 2.0);
        self.rows = (rows.round() as u32).clamp(LEAST, MOST);
        if self.has_one_writer {
            self.pause = took.min(LONGEST_PAUSE);
        }
    }
}

/// Runs `change` with a limited number of rows until it finds none, each time in a transaction of its
/// own. Returns the number of changed rows.
///
/// # Errors
/// `Interrupted` when the caller interrupts a pause; `OutcomeUnknown` or another error of `change`.
/// Some rows may be changed.
pub(crate) fn in_batches(
    pool: &Pool,
    change: impl Fn(&mut Connection, u32) -> Result<Option<u64>>,
) -> Result<u64> {
    let mut sizer = BatchSizer::new(pool.url().engine());
    let mut changed = 0;
    while let Some(count) = sizer.run_batch(pool, &change)? {
        changed += count;
    }
    Ok(changed)
}

#[cfg(test)]
mod tests {
    use chatkeep_core::DatabaseUrl;
    use chatkeep_pool::PoolSettings;

    use super::*;

    #[test]
    fn batches_converge_to_the_target_duration() {
        let mut sizer = BatchSizer::new(Engine::Sqlite);
        // 100 rows per millisecond.
        let took = |rows: u32| Duration::from_micros(u64::from(rows) * 10);
        for _ in 0..20 {
            sizer.adapt(took(sizer.rows));
        }
        assert_eq!(sizer.rows, 200);
        let mut sizer = BatchSizer::new(Engine::PostgreSql);
        for _ in 0..20 {
            sizer.adapt(took(sizer.rows));
        }
        assert_eq!(sizer.rows, 400);
        for _ in 0..20 {
            sizer.adapt(Duration::from_secs(1));
        }
        assert_eq!(sizer.rows, LEAST);
        for _ in 0..20 {
            sizer.adapt(Duration::ZERO);
        }
        assert_eq!(sizer.rows, MOST);
    }

    #[test]
    fn sqlite_pauses_for_as_long_as_the_last_batch_took() {
        for (engine, took, pause) in [
            (Engine::Sqlite, Duration::from_millis(3), Duration::from_millis(3)),
            (Engine::Sqlite, Duration::from_secs(3), LONGEST_PAUSE),
            (Engine::PostgreSql, Duration::from_millis(3), Duration::ZERO),
            (Engine::MySql, Duration::from_millis(3), Duration::ZERO),
        ] {
            let mut sizer = BatchSizer::new(engine);
            assert_eq!(sizer.pause, Duration::ZERO, "no batch has run yet");
            sizer.adapt(took);
            assert_eq!(sizer.pause, pause, "{engine}: {took:?}");
        }
        let pool = Pool::new(DatabaseUrl::sqlite_memory(), PoolSettings::default())
            .expect("the settings are valid");
        let mut sizer = BatchSizer::new(Engine::Sqlite);
        sizer.adapt(Duration::from_millis(20));
        let start = Instant::now();
        let rows = sizer.run_batch(&pool, |_, rows| Ok(rows)).expect("not interrupted");
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(rows, FIRST / 2);
        assert!(sizer.pause < Duration::from_millis(20), "the pause follows the last batch");
    }
}
