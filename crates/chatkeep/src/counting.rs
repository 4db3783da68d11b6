//! Counting messages into the totals, off the way of those who log them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::sleep;
use std::time::Duration;

use chatkeep_core::{CountingStep, Result, ToCount, messages};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::Calls;

/// How often it is tried again while other writers are in the way, and how long is waited in between. After that it is left
/// to the next time: until then readers add up by themselves what was not counted.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// Has a thread of chatkeep's count, one at a time.
pub(crate) struct Counting {
    pool: Arc<Pool>,
    calls: Arc<Calls>,
    state: PerProcess<AtomicU8>,
}

/// Nobody counts.
const IDLE: u8 = 0;
/// Somebody is about to.
const WANTED: u8 = 1;
const COUNTS: u8 = 2;
/// It became time again meanwhile, perhaps too late for what is counted now.
const COUNTS_AND_WANTED: u8 = 3;

impl Counting {
    pub(crate) fn new(pool: Arc<Pool>, calls: Arc<Calls>) -> Self {
        Self { pool, calls, state: PerProcess::new(AtomicU8::new(IDLE)) }
    }

    /// Messages with these ids were just stored. The thread begins when it is time to.
    pub(crate) fn stored(self: &Arc<Self>, ids: &[i64]) {
        if !messages::is_time_to_count(ids) {
            return;
        }
        let state = self.state.get(|| AtomicU8::new(IDLE));
        let before = state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |state| match state {
            IDLE => Some(WANTED),
            COUNTS => Some(COUNTS_AND_WANTED),
            _ => None,
        });
        if before != Ok(IDLE) {
            return;
        }
        let (this, mut turn) = (Arc::clone(self), Turn { state, over: false });
        // If it is refused, it is dropped, and the messages are counted at another time.
        let _ = self.calls.hand_in(move || {
            while turn.goes_on() {
                this.count();
            }
        });
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

/// The one who counts. Dropped before it is over, it makes room for another.
struct Turn {
    state: Arc<OfProcess<AtomicU8>>,
    over: bool,
}

impl Turn {
    /// Whether it is to be counted, or to be counted once more.
    fn goes_on(&mut self) -> bool {
        let next = |state| Some(if state == COUNTS { IDLE } else { COUNTS });
        let before = self.state.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        self.over = before == Ok(COUNTS);
        !self.over
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.over {
            self.state.store(IDLE, Ordering::SeqCst);
        }
    }
}
