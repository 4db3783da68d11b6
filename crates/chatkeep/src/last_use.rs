//! Noting when tokens were used last, off the way of those who check them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chatkeep_core::{Timestamp, TokenInfo, tokens};
use chatkeep_pool::{PerProcess, Pool};

use crate::background::Calls;

/// A token's last use is noted at most this often, in microseconds: a minute.
const TOUCH_EVERY: i64 = 60_000_000;
/// At most so many tokens wait for it. What does not get in is noted at a later check.
const MOST: usize = 10_000;

/// Collects the uses, and has a thread of chatkeep's write them.
pub(crate) struct LastUse {
    pool: Arc<Pool>,
    calls: Arc<Calls>,
    waiting: PerProcess<Uses>,
}

#[derive(Default)]
struct Uses(Mutex<HashMap<i64, Timestamp>>);

impl LastUse {
    pub(crate) fn new(pool: Arc<Pool>, calls: Arc<Calls>) -> Self {
        Self { pool, calls, waiting: PerProcess::new(Uses::default()) }
    }

    /// Notes that a token is used now, if that is due. A check stands whether or not its use can be noted: a database that
    /// accepts no changes still verifies.
    pub(crate) fn note(self: &Arc<Self>, token: &TokenInfo, now: Timestamp) {
        if token.last_used_at.is_some_and(|last| last > a_while_before(now)) {
            return;
        }
        let uses = self.waiting.get(Uses::default);
        let first = {
            let mut waiting = uses.0.lock().unwrap_or_else(PoisonError::into_inner);
            let first = waiting.is_empty();
            if waiting.len() < MOST {
                waiting.insert(token.id, now);
            }
            first
        };
        let this = Arc::clone(self);
        if first && self.calls.hand_in(move || this.write()).is_err() {
            uses.take();
        }
    }

    /// What cannot be written is left: the next check tries again.
    fn write(&self) {
        let uses = self.waiting.get(Uses::default).take();
        let Ok(mut connection) = self.pool.writer() else { return };
        for (id, moment) in uses {
            if tokens::touch(&mut connection, id, moment, a_while_before(moment)).is_err() {
                return;
            }
        }
    }
}

impl Uses {
    fn take(&self) -> HashMap<i64, Timestamp> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A use before this moment is too old to stand for one now. The database is asked the same, because another process may
/// have noted one meanwhile.
fn a_while_before(now: Timestamp) -> Timestamp {
    now.checked_add_microseconds(-TOUCH_EVERY).unwrap_or(Timestamp::MIN)
}
