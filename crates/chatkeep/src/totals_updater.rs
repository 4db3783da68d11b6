//! Updates the stored totals in the background, so that logging does not wait for it.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use chatkeep_core::{CountingStep, Result, ToCount, messages};
use chatkeep_pool::Pool;

use crate::background::{BlockingExecutor, CoalescedTask};

/// Limits of the retries while other writers are in the way. After that, the update is left to the
/// next trigger. Until then readers add the uncounted messages to the stored totals themselves.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Counts new messages into the stored totals, on one thread at a time.
pub(crate) struct TotalsUpdater {
    pool: Arc<Pool>,
    task: CoalescedTask,
}

impl TotalsUpdater {
    pub(crate) fn new(pool: Arc<Pool>, executor: Arc<BlockingExecutor>) -> Self {
        Self { pool, task: CoalescedTask::new(executor) }
    }

    /// Records that messages with these ids were stored, and triggers an update if one is due.
    pub(crate) fn stored(self: &Arc<Self>, ids: &[i64]) {
        if !messages::is_count_due(ids) {
            return;
        }
        let this = Arc::clone(self);
        self.task.trigger(move || this.update());
    }

    /// Updates the totals. The next update counts the messages that this one could not.
    fn update(&self) {
        let mut tries = 0;
        while tries < TRIES {
            match self.step() {
                Ok(CountingStep::More) => tries = 0,
                Ok(CountingStep::Busy) => {
                    tries += 1;
                    sleep(PAUSE);
                }
                Ok(CountingStep::Done) | Err(_) => return,
            }
        }
    }

    /// Reads uncounted messages and stores their totals.
    ///
    /// Reading takes ten times as long as storing. SQLite's only write connection is therefore held
    /// for the second part only, and returned after each step.
    fn step(&self) -> Result<CountingStep> {
        let to_count = messages::find_uncounted(&mut *self.pool.reader()?)?;
        match to_count {
            ToCount::Found(uncounted) => {
                messages::advance_totals(&mut *self.pool.writer()?, &uncounted)
            }
            ToCount::Busy => Ok(CountingStep::Busy),
            ToCount::Nothing => Ok(CountingStep::Done),
        }
    }
}
