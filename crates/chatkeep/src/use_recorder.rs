//! Records when tokens and sessions were last used, in the background, so that checks do not wait
//! for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatkeep_core::sessions::MIN_INTERVAL;
use chatkeep_core::{Connection, Result, Timestamp};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::BlockingExecutor;

/// Maximum number of rows with a pending use. Further uses are recorded at a later check.
const MAX_PENDING: usize = 10_000;
/// Number of uses recorded in one transaction, which takes a few milliseconds.
const BATCH: usize = 200;

/// A function that records a use of the row with this id, unless a recorded use is too recent.
///
/// Another process may have recorded a use, so the statement compares with it, too.
pub(crate) type Touch<U> = fn(&mut Connection, i64, U) -> Result<()>;

/// Collects uses, and writes them on a background thread.
pub(crate) struct UseRecorder<U> {
    pool: Arc<Pool>,
    executor: Arc<BlockingExecutor>,
    touch: Touch<U>,
    uses: PerProcess<Uses<U>>,
}

struct Uses<U>(Mutex<State<U>>);

struct State<U> {
    /// Uses to be recorded, by the row's id.
    pending: HashMap<i64, U>,
    /// Whether a thread is writing. One at a time is enough.
    is_writing: bool,
}

impl<U> Default for Uses<U> {
    fn default() -> Self {
        Self(Mutex::new(State { pending: HashMap::new(), is_writing: false }))
    }
}

impl<U: Copy + Send + 'static> UseRecorder<U> {
    pub(crate) fn new(pool: Arc<Pool>, executor: Arc<BlockingExecutor>, touch: Touch<U>) -> Self {
        Self { pool, executor, touch, uses: PerProcess::new(Uses::default()) }
    }

    /// Records a use of the row with this id. Callers skip it while [`is_recent`] returns true.
    ///
    /// The result of a check does not depend on it: a read-only database still verifies tokens.
    pub(crate) fn record(self: &Arc<Self>, id: i64, used: U) {
        let uses = self.uses.get(Uses::default);
        let was_writing = {
            let mut state = uses.lock();
            if state.pending.len() < MAX_PENDING {
                state.pending.insert(id, used);
            }
            std::mem::replace(&mut state.is_writing, true)
        };
        if was_writing {
            return;
        }
        let (this, mut writer) = (Arc::clone(self), Writer { uses, finished: false });
        // If the executor rejects the work, dropping it discards the pending uses. They are
        // recorded at a later check.
        let _ = self.executor.submit(move || this.write(&mut writer));
    }

    fn write(&self, writer: &mut Writer<U>) {
        while let Some(pending) = writer.next() {
            // Every process uses the same order, so that two of them cannot deadlock.
            let mut pending: Vec<_> = pending.into_iter().collect();
            pending.sort_unstable_by_key(|(id, _)| *id);
            for uses in pending.chunks(BATCH) {
                // After a failure, the remaining uses are recorded at a later check.
                let written = self
                    .pool
                    .writer()
                    .and_then(|mut connection| self.touch_all(&mut connection, uses));
                if written.is_err() {
                    return;
                }
            }
        }
    }

    /// Records all of these uses or none, with a single commit.
    fn touch_all(&self, connection: &mut Connection, uses: &[(i64, U)]) -> Result<()> {
        connection.transaction(|connection| {
            uses.iter().try_for_each(|(id, used)| (self.touch)(connection, *id, *used))
        })
    }
}

impl<U> Uses<U> {
    fn lock(&self) -> MutexGuard<'_, State<U>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that writes. Dropped before it has finished, it discards the pending uses.
struct Writer<U> {
    uses: Arc<OfProcess<Uses<U>>>,
    finished: bool,
}

impl<U> Writer<U> {
    /// Takes the pending uses. Returns `None`, and ends the writing, if there are none.
    fn next(&mut self) -> Option<HashMap<i64, U>> {
        let mut state = self.uses.lock();
        if state.pending.is_empty() {
            state.is_writing = false;
            self.finished = true;
            return None;
        }
        Some(std::mem::take(&mut state.pending))
    }
}

impl<U> Drop for Writer<U> {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.uses.lock();
            state.is_writing = false;
            state.pending.clear();
        }
    }
}

/// Returns whether a use at `last` is recent enough that one at `now` is not recorded.
pub(crate) fn is_recent(last: Timestamp, now: Timestamp) -> bool {
    last > cutoff(now)
}

/// Returns the time before which a recorded use is too old: a minute before `now`.
pub(crate) fn cutoff(now: Timestamp) -> Timestamp {
    now.checked_add_microseconds(-MIN_INTERVAL).unwrap_or(Timestamp::MIN)
}
