//! Counting messages into the totals, off the way of those who log them.

use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use chatkeep_core::{CountingStep, Result, ToCount, messages};
use chatkeep_pool::Pool;

use crate::background::{Calls, Errand};

/// How often it is tried again while other writers are in the way, and how long is waited in between. After that it is left
/// to the next time: until then readers add up by themselves what was not counted.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Has a thread of chatkeep's count, one at a time.
pub(crate) struct Counting {
    pool: Arc<Pool>,
    errand: Errand,
}

impl Counting {
    pub(crate) fn new(pool: Arc<Pool>, calls: Arc<Calls>) -> Self {
        Self { pool, errand: Errand::new(calls) }
    }

    /// Messages with these ids were just stored. The thread begins when it is time to.
    pub(crate) fn stored(self: &Arc<Self>, ids: &[i64]) {
        if !messages::is_time_to_count(ids) {
            return;
        }
        let this = Arc::clone(self);
        self.errand.want(move || this.count());
    }

    /// What cannot be counted now is left to the next time.
    fn count(&self) {
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

    /// Adding up takes ten times as long as writing down what came of it. On SQLite one connection writes, and everybody
    /// who logs wants it: it is held for the short part only, and goes back after each step.
    fn step(&self) -> Result<CountingStep> {
        let to_count = messages::look_for_uncounted(&mut *self.pool.reader()?)?;
        match to_count {
            ToCount::Found(uncounted) => messages::count_on(&mut *self.pool.writer()?, &uncounted),
            ToCount::Busy => Ok(CountingStep::Busy),
            ToCount::Nothing => Ok(CountingStep::Done),
        }
    }
}
