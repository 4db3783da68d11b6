//! Readers that wait for chunks.
//!
//! A reader holds neither a connection nor a worker thread of other calls while it waits. Chunks
//! that this process stores wake it at once. For those of other processes, one background thread
//! polls the positions of all awaited streams with one query.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::streams::{self, Position};
use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::{OfProcess, Pool};

use crate::background::{WorkerPool, long_wait};

/// Interval between two polls of a stream, after a change. It grows by half with each poll that
/// finds no change, up to the maximum.
const FIRST_INTERVAL: Duration = Duration::from_millis(20);
const LONGEST_INTERVAL: Duration = Duration::from_millis(250);
/// Time by which a poll may be early, so that one query includes more streams.
const SLACK: Duration = Duration::from_millis(5);
/// Maximum number of streams in one query.
const MAX_STREAMS: usize = 500;
/// Time after which a reader queries the stream itself, in case the polls have stopped.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The streams of one process that readers wait for.
pub(super) struct Watchers {
    pool: Arc<Pool>,
    workers: WorkerPool,
    state: Mutex<State>,
    /// Notified when the poller has to poll earlier, or to end.
    poller: Condvar,
}

pub(super) type SharedWatchers = Arc<OfProcess<Watchers>>;

#[derive(Default)]
struct State {
    streams: HashMap<String, Watched>,
    is_polling: bool,
    closed: bool,
}

struct Watched {
    readers: usize,
    /// Last number, and whether the stream has ended. `None` until a reader or a poll knows it.
    position: Option<(i64, bool)>,
    /// Number of changes since the first of the readers began to watch the stream.
    changes: u64,
    changed: Arc<Condvar>,
    interval: Duration,
    next_poll: Instant,
}

impl Watched {
    /// Records a position. Returns whether it is a change, of which readers are notified.
    fn update(&mut self, position: (i64, bool)) -> bool {
        // Positions may arrive out of order: one read from the database, after a later one.
        let is_older = self.position.is_some_and(|(last, ended)| {
            position.0 < last || (position.0 == last && ended && !position.1)
        });
        if self.position == Some(position) || is_older {
            return false;
        }
        self.position = Some(position);
        self.notify();
        true
    }

    fn is_due(&self, now: Instant) -> bool {
        self.next_poll <= now + SLACK
    }

    fn notify(&mut self) {
        self.changes += 1;
        self.changed.notify_all();
    }
}

/// The registration of a reader of a stream. Dropping it removes the reader.
pub(super) struct Watch {
    watchers: SharedWatchers,
    public_id: String,
    changed: Arc<Condvar>,
    /// Number of changes that the reader knows of.
    seen: u64,
}

impl Watchers {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        let workers = WorkerPool::new("chatkeep-poll", 1);
        Self { pool, workers, state: Mutex::default(), poller: Condvar::new() }
    }

    /// Begins to watch a stream. Changes after this call are noticed.
    pub(super) fn watch(this: &SharedWatchers, public_id: &str) -> Watch {
        let mut state = this.lock();
        let now = Instant::now();
        let watched = state.streams.entry(public_id.to_owned()).or_insert_with(|| Watched {
            readers: 0,
            position: None,
            changes: 0,
            changed: Arc::default(),
            interval: FIRST_INTERVAL,
            next_poll: now + FIRST_INTERVAL,
        });
        watched.readers += 1;
        Watch {
            watchers: Arc::clone(this),
            public_id: public_id.to_owned(),
            changed: Arc::clone(&watched.changed),
            seen: watched.changes,
        }
    }

    /// Records a position that this process has stored.
    pub(super) fn stored(&self, public_id: &str, last_seq: i64, has_ended: bool) {
        if let Some(watched) = self.lock().streams.get_mut(public_id) {
            watched.update((last_seq, has_ended));
        }
    }

    /// Ends all waits.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.streams.values_mut().for_each(Watched::notify);
        drop(state);
        self.poller.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the poller, unless it is running. If it does not start, each reader queries the
    /// stream itself every [`LONGEST_WAIT`].
    fn start_poller(this: &SharedWatchers) {
        if std::mem::replace(&mut this.lock().is_polling, true) {
            this.poller.notify_all();
            return;
        }
        let mut run = PollerRun { watchers: Arc::clone(this), finished: false };
        // If the pool rejects the job, dropping it allows the next run.
        let _ = this.workers.submit(Box::new(move || run.run()));
    }

    fn poll(&self) {
        while let Some(public_ids) = self.next_poll() {
            let polled = self
                .pool
                .reader()
                .and_then(|mut connection| streams::positions(&mut connection, &public_ids));
            self.polled(&public_ids, polled);
        }
    }

    /// Waits for the next poll, and returns its streams. `None` ends the poller.
    fn next_poll(&self) -> Option<Vec<String>> {
        let mut state = self.lock();
        loop {
            let next = state.streams.values().map(|watched| watched.next_poll).min();
            let Some(next) = next.filter(|_| !state.closed) else {
                state.is_polling = false;
                return None;
            };
            let now = Instant::now();
            if next <= now {
                let due = state.streams.iter().filter(|(_, watched)| watched.is_due(now));
                let mut due: Vec<_> = due.map(|(id, watched)| (watched.next_poll, id)).collect();
                // The most overdue streams first, so that every stream is polled eventually.
                due.sort_unstable();
                return Some(due.into_iter().take(MAX_STREAMS).map(|(_, id)| id.clone()).collect());
            }
            let waited = self.poller.wait_timeout(state, next - now);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Records the outcome of a poll of these streams.
    fn polled(&self, public_ids: &[String], polled: Result<Vec<Position>>) {
        let failed = polled.is_err();
        let positions: HashMap<_, _> = polled
            .unwrap_or_default()
            .into_iter()
            .map(|position| (position.public_id, (position.last_seq, position.has_ended)))
            .collect();
        let mut state = self.lock();
        let now = Instant::now();
        for public_id in public_ids {
            let Some(watched) = state.streams.get_mut(public_id) else { continue };
            let changed = match positions.get(public_id) {
                Some(position) => watched.update(*position),
                // The reader gets the error, or finds that the stream was deleted.
                None => {
                    watched.notify();
                    false
                }
            };
            watched.interval = if changed {
                FIRST_INTERVAL
            } else if failed {
                LONGEST_INTERVAL
            } else {
                (watched.interval * 3 / 2).min(LONGEST_INTERVAL)
            };
            watched.next_poll = now + watched.interval;
        }
    }
}

/// A run of the poller. Dropped before it has finished, it allows the next run.
struct PollerRun {
    watchers: SharedWatchers,
    finished: bool,
}

impl PollerRun {
    fn run(&mut self) {
        self.watchers.poll();
        self.finished = true;
    }
}

impl Drop for PollerRun {
    fn drop(&mut self) {
        if !self.finished {
            self.watchers.lock().is_polling = false;
        }
    }
}

impl Watch {
    /// Records the position that the reader has read.
    pub(super) fn observe(&self, last_seq: i64, has_ended: bool) {
        if let Some(watched) = self.watchers.lock().streams.get_mut(&self.public_id) {
            // Not a change for this reader. Others have read it, or are notified by the next poll.
            watched.position.get_or_insert((last_seq, has_ended));
        }
    }

    /// Waits for a change since the last wait, at most until `until` or for [`LONGEST_WAIT`].
    ///
    /// # Errors
    /// `Interrupted` when the caller interrupts the wait.
    pub(super) fn wait(&mut self, until: Instant) -> Result<()> {
        Watchers::start_poller(&self.watchers);
        let left = until.saturating_duration_since(Instant::now()).min(LONGEST_WAIT);
        let outcome = long_wait(|| {
            let state = self.watchers.lock();
            let unchanged = |state: &mut State| {
                !state.closed
                    && state
                        .streams
                        .get(&self.public_id)
                        .is_some_and(|watched| watched.changes == self.seen)
            };
            let mutex = &self.watchers.state;
            let (state, outcome) =
                interrupt::wait_while(&self.changed, mutex, state, Some(left), unchanged);
            let changes = state.streams.get(&self.public_id).map(|watched| watched.changes);
            (outcome, changes)
        });
        let (outcome, changes) = outcome;
        self.seen = changes.unwrap_or(self.seen);
        match outcome {
            WaitOutcome::Interrupted => {
                Err(Error::new(ErrorKind::Interrupted, "the call was interrupted"))
            }
            WaitOutcome::Done | WaitOutcome::TimedOut => Ok(()),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut state = self.watchers.lock();
        if let Some(watched) = state.streams.get_mut(&self.public_id) {
            watched.readers -= 1;
            if watched.readers == 0 {
                state.streams.remove(&self.public_id);
            }
        }
    }
}
