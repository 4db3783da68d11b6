//! The shared state of the write path: pending messages, active leaders, and worker threads.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::{Error, ErrorKind, Result};
use chatkeep_pool::OfProcess;

use super::admission_queue::AdmissionQueue;
use super::clock::Clock;
use super::last_batch::LastBatch;
use super::pending_message::{PendingMessage, complete};
use super::storage::Storage;
use crate::background::{InFlight, WorkerPool};

/// The queue of messages to be written, shared by callers, leaders and workers.
pub(super) struct Queue {
    pub(super) storage: Storage,
    /// Maximum number of concurrent leaders.
    pub(super) max_leaders: u32,
    /// Workers that lead when no blocked caller can.
    pub(super) workers: WorkerPool,
    pub(super) in_flight: Arc<InFlight>,
    state: Mutex<State>,
    /// Notified when the queue has reached the length that a leader waits for.
    is_long_enough: Condvar,
}

/// Leaders keep the queue alive while they lead.
pub(super) type SharedQueue = Arc<OfProcess<Queue>>;

#[derive(Default)]
pub(super) struct State {
    /// Number of active leaders.
    pub(super) leaders: u32,
    pub(super) pending: AdmissionQueue,
    pub(super) clock: Clock,
    pub(super) last_batch: LastBatch,
    /// Queue length that a leader waits for.
    awaited: Option<usize>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(storage: Storage, max_leaders: u32) -> Self {
        let workers = WorkerPool::new("chatkeep-write", max_leaders as usize);
        let (in_flight, state, is_long_enough) = Default::default();
        Self { storage, max_leaders, workers, in_flight, state, is_long_enough }
    }

    /// Queues a message. Returns whether it was admitted, rather than waiting for space.
    pub(super) fn push(&self, state: &mut State, message: PendingMessage) -> bool {
        let is_admitted = state.pending.push(message);
        if state.awaited.is_some_and(|awaited| state.pending.len() >= awaited) {
            self.is_long_enough.notify_all();
        }
        is_admitted
    }

    /// Waits until `awaited` messages are queued, at most for `longest`. Returns immediately if
    /// another leader is already waiting.
    pub(super) fn wait_for_batch(&self, awaited: usize, longest: Duration) {
        let mut state = self.lock();
        if state.awaited.is_some() {
            return;
        }
        state.awaited = Some(awaited);
        let too_few = |state: &mut State| state.pending.len() < awaited && !state.closed;
        let (mut state, _) = self
            .is_long_enough
            .wait_timeout_while(state, longest, too_few)
            .unwrap_or_else(PoisonError::into_inner);
        state.awaited = None;
    }

    /// Waits until `until` for the messages submitted before this call. Returns the number of
    /// messages that are still in flight.
    pub(super) fn wait(&self, until: Instant) -> usize {
        self.in_flight.wait(until)
    }

    /// Stops accepting messages.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.is_long_enough.notify_all();
    }

    /// Fails all queued messages.
    pub(super) fn reject_pending(&self) {
        let pending = self.lock().pending.take_all();
        complete(pending.into_iter().map(|message| (message, Err(closed()))));
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_awaited(&self) -> bool {
        self.lock().awaited.is_some()
    }
}

impl State {
    pub(super) fn check_open(&self) -> Result<()> {
        if self.closed { Err(closed()) } else { Ok(()) }
    }
}

/// Returns the error of a message for which there was no space in time.
pub(super) fn queue_full(pending: usize, longest: Duration) -> Error {
    let seconds = longest.as_secs_f64();
    Error::new(
        ErrorKind::PoolTimeout,
        format!(
            "write queue is full ({pending} pending); timed out after {seconds} s \
             (DB_POOL_TIMEOUT)"
        ),
    )
}

/// Returns the error of a message that was queued for too long.
pub(super) fn expired(longest: Duration) -> Error {
    let seconds = longest.as_secs_f64();
    Error::new(
        ErrorKind::PoolTimeout,
        format!(
            "the message was not sent: timed out after {seconds} s in the write queue (the longer \
             of DB_POOL_TIMEOUT and DB_CONNECT_TIMEOUT)"
        ),
    )
}

fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "this Chatkeep is closed")
}
