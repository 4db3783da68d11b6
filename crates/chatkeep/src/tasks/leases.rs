//! The leases that this process keeps: a background thread renews them.
//!
//! The thread exists only while leases are kept. It renews each one every third of its duration,
//! and leases of the same duration with one statement. When the store is closed or dropped, or when
//! the process exits, the leases are given back.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, LeaseState, Result, tasks};
use chatkeep_pool::Pool;

use crate::background::{InFlight, InFlightGuard, WorkerPool, is_exiting};
use crate::retry::with_retry;

/// Part of a lease after which it is renewed.
const RENEWALS_PER_LEASE: u32 = 3;
/// Part of a lease by which it may be renewed earlier, so that one statement renews more leases.
const SLACK: u32 = 6;
/// Maximum number of leases in one statement.
const MAX_LEASES: usize = 500;
/// Interval at which the thread checks whether the process is exiting.
const TICK: Duration = Duration::from_millis(250);
/// Maximum pause after a renewal that failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The kept leases of one process. Dropping it gives them back in the background.
pub(super) struct Leases(Arc<Shared>);

struct Shared {
    pool: Arc<Pool>,
    workers: WorkerPool,
    /// An exit of the process waits until the leases are given back.
    in_flight: Arc<InFlight>,
    state: Mutex<State>,
    /// Notified when the thread has to renew earlier, or to end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    leases: HashMap<Key, Kept>,
    /// Exists while the thread runs.
    guard: Option<InFlightGuard>,
    /// Whether the store was dropped.
    is_dropped: bool,
    closed: bool,
}

/// Public id of a task, and token of its lease.
type Key = (String, String);

struct Kept {
    lease_seconds: i64,
    state: LeaseState,
    next_renewal: Instant,
    /// Time at which the lease ends unless it is renewed.
    end: Instant,
}

impl Kept {
    fn duration(&self) -> Duration {
        Duration::from_secs(self.lease_seconds.unsigned_abs())
    }

    /// Records a renewal that began at this time.
    fn renewed(&mut self, at: Instant) {
        self.next_renewal = at + self.duration() / RENEWALS_PER_LEASE;
        self.end = at + self.duration();
    }

    fn is_due(&self, now: Instant) -> bool {
        self.state != LeaseState::Lost && self.next_renewal <= now + self.duration() / SLACK
    }
}

/// The next work of the thread.
enum Round {
    /// Renew these leases, by their duration in seconds.
    Renew(BTreeMap<i64, Vec<Key>>),
    /// Give all leases back.
    Release,
}

impl Leases {
    pub(super) fn new(pool: Arc<Pool>) -> Self {
        Self(Arc::new(Shared {
            pool,
            workers: WorkerPool::new("chatkeep-lease", 1),
            in_flight: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Keeps a lease that began just now.
    ///
    /// # Errors
    /// `Unavailable` when the store is closed, or when no thread can be started.
    pub(super) fn keep(&self, task_id: &str, token: &str, lease_seconds: i64) -> Result<()> {
        let (now, key) = (Instant::now(), (task_id.to_owned(), token.to_owned()));
        let mut kept = Kept { lease_seconds, state: LeaseState::Held, next_renewal: now, end: now };
        kept.renewed(now);
        let mut state = self.0.lock();
        if state.closed {
            let error = Error::new(ErrorKind::Unavailable, "this Chatkeep is closed");
            return Err(error.with_retryable(false));
        }
        state.leases.insert(key.clone(), kept);
        if state.guard.is_some() {
            drop(state);
            self.0.changed.notify_all();
            return Ok(());
        }
        state.guard = Some(self.0.in_flight.begin());
        drop(state);
        let mut run = Run { shared: Arc::clone(&self.0), finished: false };
        let started = self.0.workers.submit(Box::new(move || run.run()));
        if started.is_err() {
            self.0.lock().leases.remove(&key);
        }
        started
    }

    /// Returns the state of a lease. One that is not kept is lost.
    pub(super) fn state(&self, task_id: &str, token: &str) -> LeaseState {
        let state = self.0.lock();
        let kept = state.leases.get(&(task_id.to_owned(), token.to_owned()));
        kept.map_or(LeaseState::Lost, |kept| kept.state)
    }

    /// Stops keeping a lease.
    pub(super) fn forget(&self, task_id: &str, token: &str) {
        self.0.lock().leases.remove(&(task_id.to_owned(), token.to_owned()));
    }

    /// Records that a cancellation of a task was requested.
    pub(super) fn cancel_requested(&self, task_id: &str) {
        let mut state = self.0.lock();
        for ((id, _), kept) in &mut state.leases {
            if id == task_id && kept.state == LeaseState::Held {
                kept.state = LeaseState::CancelRequested;
            }
        }
    }

    /// Gives all leases back, and stops keeping them. Returns the number of those given back.
    ///
    /// # Errors
    /// `OutcomeUnknown` or another error of the database. The other leases are not renewed either.
    pub(super) fn release_all(&self) -> Result<u64> {
        self.0.release_all()
    }

    /// Gives all leases back, and keeps no further ones. Tasks whose leases cannot be given back
    /// are queued when these end.
    pub(super) fn close(&self) {
        self.0.lock().closed = true;
        let _ = self.0.release_all();
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        self.0.lock().is_dropped = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        while let Some(round) = self.next_round() {
            match round {
                Round::Renew(groups) => {
                    for (lease_seconds, keys) in groups {
                        keys.chunks(MAX_LEASES).for_each(|keys| self.renew(lease_seconds, keys));
                    }
                }
                // The store is not used any more, so there is no caller for an error.
                Round::Release => drop(self.release_all()),
            }
        }
    }

    /// Waits for the next work. `None` ends the thread, because there are no leases to renew.
    fn next_round(&self) -> Option<Round> {
        let mut state = self.lock();
        loop {
            let held = state.leases.values().filter(|kept| kept.state != LeaseState::Lost);
            let Some(next) = held.map(|kept| kept.next_renewal).min() else {
                state.guard = None;
                return None;
            };
            if state.is_dropped || is_exiting() {
                return Some(Round::Release);
            }
            let now = Instant::now();
            if next <= now {
                let mut groups = BTreeMap::<i64, Vec<Key>>::new();
                for (key, kept) in state.leases.iter().filter(|(_, kept)| kept.is_due(now)) {
                    groups.entry(kept.lease_seconds).or_default().push(key.clone());
                }
                return Some(Round::Renew(groups));
            }
            let waited = self.changed.wait_timeout(state, (next - now).min(TICK));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn renew(&self, lease_seconds: i64, keys: &[Key]) {
        let pairs: Vec<_> = keys.iter().map(|(id, token)| (id.as_str(), token.as_str())).collect();
        let start = Instant::now();
        let renewed =
            with_retry(&self.pool, |connection| tasks::renew(connection, &pairs, lease_seconds));
        let is_requested: Option<HashMap<Key, bool>> = renewed.ok().map(|renewed| {
            let lease = |lease: tasks::RenewedLease| {
                ((lease.task_id, lease.lease_token), lease.is_cancel_requested)
            };
            renewed.into_iter().map(lease).collect()
        });
        let mut state = self.lock();
        let now = Instant::now();
        for key in keys {
            // The worker may have finished the task since.
            let Some(kept) = state.leases.get_mut(key) else { continue };
            match is_requested.as_ref().map(|requested| requested.get(key)) {
                Some(Some(is_requested)) => {
                    kept.renewed(start);
                    if *is_requested {
                        kept.state = LeaseState::CancelRequested;
                    }
                }
                Some(None) => kept.state = LeaseState::Lost,
                None if kept.end <= now => kept.state = LeaseState::Lost,
                None => {
                    let pause = kept.duration() / (2 * SLACK);
                    kept.next_renewal = now + pause.min(LONGEST_PAUSE);
                }
            }
        }
    }

    fn release_all(&self) -> Result<u64> {
        let leases = std::mem::take(&mut self.lock().leases);
        let mut released = 0;
        for ((id, token), kept) in leases {
            if kept.state == LeaseState::Lost {
                continue;
            }
            match with_retry(&self.pool, |connection| tasks::release(connection, &id, &token)) {
                Ok(_) => released += 1,
                Err(error) if is_lost(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(released)
    }
}

/// A run of the thread. Dropped before it has finished, it allows the next run.
struct Run {
    shared: Arc<Shared>,
    finished: bool,
}

impl Run {
    fn run(&mut self) {
        self.shared.run();
        self.finished = true;
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if !self.finished {
            let guard = self.shared.lock().guard.take();
            drop(guard);
        }
    }
}

/// Returns whether an error means that the worker does not have the task.
pub(super) fn is_lost(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.field() == Some("lease_token")
}
