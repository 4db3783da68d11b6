//! Records when tokens were last used, in the background, so that checks do not wait for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatkeep_core::{Connection, Result, Timestamp, TokenState, tokens};
use chatkeep_pool::{OfProcess, PerProcess, Pool};

use crate::background::BlockingExecutor;

/// Minimum time between two recorded uses of a token: one minute, in microseconds.
const MIN_INTERVAL: i64 = 60_000_000;
/// Maximum number of tokens with a pending use. Further uses are recorded at a later check.
const MAX_PENDING: usize = 10_000;
/// Number of uses recorded in one transaction, which takes a few milliseconds.
const BATCH: usize = 200;

/// Collects uses, and writes them on a background thread.
pub(crate) struct LastUsedRecorder {
    pool: Arc<Pool>,
    executor: Arc<BlockingExecutor>,
    uses: PerProcess<Uses>,
}

#[derive(Default)]
struct Uses(Mutex<State>);

#[derive(Default)]
struct State {
    /// Uses to be recorded, by token id.
    pending: HashMap<i64, Timestamp>,
    /// Whether a thread is writing. One at a time is enough.
    is_writing: bool,
}

impl LastUsedRecorder {
    pub(crate) fn new(pool: Arc<Pool>, executor: Arc<BlockingExecutor>) -> Self {
        Self { pool, executor, uses: PerProcess::new(Uses::default()) }
    }

    /// Records that a token is used now, if the last recorded use is a minute old.
    ///
    /// The result of a check does not depend on it: a read-only database still verifies tokens.
    pub(crate) fn record(self: &Arc<Self>, token: TokenState, now: Timestamp) {
        if token.last_used_at.is_some_and(|last| last > cutoff(now)) {
            return;
        }
        let uses = self.uses.get(Uses::default);
        let was_writing = {
            let mut state = uses.lock();
            if state.pending.len() < MAX_PENDING {
                state.pending.insert(token.id, now);
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

    fn write(&self, writer: &mut Writer) {
        while let Some(pending) = writer.next() {
            // Every process uses the same order, so that two of them cannot deadlock.
            let mut pending: Vec<_> = pending.into_iter().collect();
            pending.sort_unstable_by_key(|(id, _)| *id);
            for uses in pending.chunks(BATCH) {
                // After a failure, the remaining uses are recorded at a later check.
                let written =
                    self.pool.writer().and_then(|mut connection| touch(&mut connection, uses));
                if written.is_err() {
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

/// The thread that writes. Dropped before it has finished, it discards the pending uses.
struct Writer {
    uses: Arc<OfProcess<Uses>>,
    finished: bool,
}

impl Writer {
    /// Takes the pending uses. Returns `None`, and ends the writing, if there are none.
    fn next(&mut self) -> Option<HashMap<i64, Timestamp>> {
        let mut state = self.uses.lock();
        if state.pending.is_empty() {
            state.is_writing = false;
            self.finished = true;
            return None;
        }
        Some(std::mem::take(&mut state.pending))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished {
            let mut state = self.uses.lock();
            state.is_writing = false;
            state.pending.clear();
        }
    }
}

/// Records all of these uses or none, with a single commit.
fn touch(connection: &mut Connection, uses: &[(i64, Timestamp)]) -> Result<()> {
    connection.transaction(|connection| {
        uses.iter().try_for_each(|(id, used_at)| {
            tokens::touch(connection, *id, *used_at, cutoff(*used_at)).map(drop)
        })
    })
}

/// Returns the time before which a recorded use is too old. The update statement compares with it
/// too, because another process may have recorded a use since.
fn cutoff(now: Timestamp) -> Timestamp {
    now.checked_add_microseconds(-MIN_INTERVAL).unwrap_or(Timestamp::MIN)
}
