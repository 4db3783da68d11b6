//! How much to delete at a time, and when.

use std::time::{Duration, Instant};

use chatkeep_core::{Connection, Engine, Result, interruption};
use chatkeep_pool::Pool;

use crate::write::patiently;

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
    has_one_writer: bool,
    /// Before the next batch.
    rest: Duration,
}

impl DeletePace {
    pub(crate) fn on(engine: Engine) -> Self {
        Self { rows: FIRST, has_one_writer: !engine.is_server(), rest: Duration::ZERO }
    }

    /// Deletes a batch of the right size, when it is time to.
    ///
    /// The connection goes back after each: on SQLite it is the only one that writes.
    ///
    /// # Errors
    /// What `delete` comes to, and `Interrupted`.
    pub(crate) fn batch<T>(
        &mut self,
        pool: &Pool,
        delete: impl Fn(&mut Connection, u32) -> Result<T>,
    ) -> Result<T> {
        interruption::pause(self.rest)?;
        patiently(pool, |connection| {
            let start = Instant::now();
            let outcome = delete(connection, self.rows);
            self.learn(start.elapsed());
            outcome
        })
    }

    /// Not by more than double or half at a time: one slow moment of the disk says little.
    fn learn(&mut self, took: Duration) {
        let aim = if self.has_one_writer { AIM_WITH_ONE_WRITER } else { AIM };
        let factor = aim.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON);
        let rows = f64::from(self.rows) * factor.clamp(0.5, 2.0);
        self.rows = (rows.round() as u32).clamp(LEAST, MOST);
        if self.has_one_writer {
            self.rest = took.min(LONGEST_REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use chatkeep_core::DatabaseUrl;
    use chatkeep_pool::PoolSettings;

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
        let pool = Pool::new(DatabaseUrl::sqlite_memory(), PoolSettings::default())
            .expect("the settings are right");
        let mut pace = DeletePace::on(Engine::Sqlite);
        pace.learn(Duration::from_millis(20));
        let start = Instant::now();
        let rows = pace.batch(&pool, |_, rows| Ok(rows)).expect("nobody interrupts");
        assert!(start.elapsed() >= Duration::from_millis(20));
        assert_eq!(rows, FIRST / 2);
        assert!(
            pace.rest < Duration::from_millis(20),
            "it rests for as long as the last batch took"
        );
    }
}
