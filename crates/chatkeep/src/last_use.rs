//! Noting when tokens were used last, off the way of those who check them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatkeep_core::{Connection, Result, Timestamp, TokenState, tokens};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::Calls;

/// A token's last use is noted at most this often, in microseconds: a minute.
const TOUCH_EVERY: i64 = 60_000_000;
/// At most so many tokens wait for it. What does not get in is noted at a later check.
const MOST: usize = 10_000;
/// So many are noted in one transaction, which takes a few milliseconds.
const AT_ONCE: usize = 200;

/// Collects the uses, and has a thread of chatkeep's write them.
pub(crate) struct LastUse {
    pool: Arc<Pool>,
    calls: Arc<Calls>,
    uses: PerProcess<Uses>,
}

#[derive(Default)]
struct Uses(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: HashMap<i64, Timestamp>,
    /// One thread at a time is enough.
    is_writing: bool,
}

impl LastUse {
    pub(crate) fn new(pool: Arc<Pool>, calls: Arc<Calls>) -> Self {
        Self { pool, calls, uses: PerProcess::new(Uses::default()) }
    }

    /// Notes that a token is used now, if that is due. A check stands whether or not its use can be noted: a database that
    /// accepts no changes still verifies.
    pub(crate) fn note(self: &Arc<Self>, token: TokenState, now: Timestamp) {
        if token.last_used_at.is_some_and(|last| last > a_while_before(now)) {
            return;
        }
        let uses = self.uses.get(Uses::default);
        let somebody_writes = {
            let mut state = uses.lock();
            if state.waiting.len() < MOST {
                state.waiting.insert(token.id, now);
            }
            std::mem::replace(&mut state.is_writing, true)
        };
        if somebody_writes {
            return;
        }
        let (this, mut writing) = (Arc::clone(self), Writing { uses, over: false });
        // If it is refused, it is dropped, and what waits is left to the next check.
        let _ = self.calls.hand_in(move || this.write(&mut writing));
    }

    fn write(&self, writing: &mut Writing) {
        while let Some(waiting) = writing.next() {
            // In one order everywhere, so that two processes do not wait for each other.
            let mut waiting: Vec<_> = waiting.into_iter().collect();
            waiting.sort_unstable_by_key(|(id, _)| *id);
            for uses in waiting.chunks(AT_ONCE) {
                // What cannot be written is left to the next check.
                if self
                    .pool
                    .writer()
                    .and_then(|mut connection| touch(&mut connection, uses))
                    .is_err()
                {
                    return;
                }
            }
        }
    }
}

impl Uses {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one who writes. Dropped before it is over, it leaves nothing behind.
struct Writing {
    uses: Arc<OfProcess<Uses>>,
    over: bool,
}

impl Writing {
    /// What is waiting now; `None` when that is nothing, and then this is over.
    fn next(&mut self) -> Option<HashMap<i64, Timestamp>> {
        let mut state = self.uses.lock();
        if state.waiting.is_empty() {
            state.is_writing = false;
            self.over = true;
            return None;
        }
        Some(std::mem::take(&mut state.waiting))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.over {
            let mut state = self.uses.lock();
            state.is_writing = false;
            state.waiting.clear();
        }
    }
}

/// Notes all of these or none: one commit for many.
fn touch(connection: &mut Connection, uses: &[(i64, Timestamp)]) -> Result<()> {
    connection.transaction(|connection| {
        uses.iter().try_for_each(|(id, moment)| {
            tokens::touch(connection, *id, *moment, a_while_before(*moment)).map(drop)
        })
    })
}

/// A use before this moment is too old to stand for one now. The database is asked the same, because another process may
/// have noted one meanwhile.
fn a_while_before(now: Timestamp) -> Timestamp {
    now.checked_add_microseconds(-TOUCH_EVERY).unwrap_or(Timestamp::MIN)
}
