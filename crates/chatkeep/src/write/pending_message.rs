//! A message that waits to be written, and how its caller receives the outcome.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chatkeep_core::interrupt::{self, WaitOutcome};
use chatkeep_core::{Error, NewMessage, Result};
use tokio::sync::oneshot;

use super::last_batch::LastBatch;
use crate::background::InFlightGuard;

/// Receives the outcomes of messages submitted with
/// [`MessageLogger::submit`](crate::MessageLogger::submit).
///
/// Language bindings implement it. All outcomes of one commit arrive in one call, so that a binding
/// enters its interpreter once per commit.
pub trait MessageSink: Send + Sync {
    /// Receives outcomes, each with the number that its message was submitted with.
    ///
    /// It is called on the thread that writes messages, so it should pass the outcomes on and
    /// return quickly.
    fn complete(&self, outcomes: Vec<(u64, Result<i64>)>);
}

/// A queued message and its completion handle. Dropping it unresolved completes it with an error.
pub(super) struct PendingMessage {
    message: NewMessage,
    size: usize,
    /// Start of the call.
    since: Instant,
    /// `None` once the caller has its outcome.
    caller: Option<Caller>,
    /// Dropped together with the pending message, after the caller has its outcome.
    _in_flight: InFlightGuard,
}

/// The receiver of a message's outcome.
pub(super) enum Caller {
    /// A blocked thread, which may become the leader.
    Blocked(Arc<Waiter>),
    /// A future, which may have been dropped.
    Future(oneshot::Sender<Result<i64>>),
    /// A sink, with the number that the message was submitted with.
    Sink(Arc<dyn MessageSink>, u64),
}

/// Synchronization with a blocked caller.
pub(super) struct Waiter {
    /// Whether the caller may lead. An interruptible caller must not write the messages of others.
    can_lead: bool,
    wakeup: Mutex<Option<Wakeup>>,
    woken: Condvar,
}

/// The reason for waking a blocked caller.
pub(super) enum Wakeup {
    /// Its message is complete.
    Completed(Result<i64>),
    /// It becomes the leader and writes these messages. The first one is its own.
    Lead(LastBatch, Vec<PendingMessage>),
}

impl PendingMessage {
    pub(super) fn new(message: NewMessage, caller: Caller, in_flight: InFlightGuard) -> Self {
        let size = usize::try_from(message.size_in_bytes()).unwrap_or(usize::MAX);
        let since = Instant::now();
        Self { message, size, since, caller: Some(caller), _in_flight: in_flight }
    }

    /// Returns the start of the call.
    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Returns the message's size in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Moves the message out, to be written.
    pub(super) fn take_message(&mut self) -> NewMessage {
        std::mem::take(&mut self.message)
    }

    /// Returns the waiter of a blocked caller, or `None` for a future or a sink.
    pub(super) fn waiter(&self) -> Option<&Arc<Waiter>> {
        match &self.caller {
            Some(Caller::Blocked(waiter)) => Some(waiter),
            _ => None,
        }
    }

    /// Drops the message without completing it, because the caller returns the outcome itself.
    pub(super) fn dismiss(mut self) {
        self.caller = None;
    }
}

impl Drop for PendingMessage {
    fn drop(&mut self) {
        let Some(caller) = self.caller.take() else { return };
        let lost = Error::internal(
            "internal error: the thread that wrote this message panicked; please report this",
        );
        match caller {
            Caller::Blocked(waiter) => waiter.wake(Wakeup::Completed(Err(lost))),
            Caller::Future(sender) => {
                let _ = sender.send(Err(lost));
            }
            Caller::Sink(sink, number) => {
                sink.complete(vec![(number, Err(lost.with_operation("log_message")))]);
            }
        }
    }
}

/// Completes each message with its outcome. Each sink receives all of its outcomes in one call.
pub(super) fn complete(outcomes: impl Iterator<Item = (PendingMessage, Result<i64>)>) {
    struct Batch {
        sink: Arc<dyn MessageSink>,
        outcomes: Vec<(u64, Result<i64>)>,
        /// In flight until the sink has returned.
        messages: Vec<PendingMessage>,
    }
    let mut batches: Vec<Batch> = Vec::new();
    for (mut message, outcome) in outcomes {
        match message.caller.take() {
            Some(Caller::Blocked(waiter)) => waiter.wake(Wakeup::Completed(outcome)),
            Some(Caller::Future(sender)) => {
                // The future may have been dropped. The message is stored all the same.
                let _ = sender.send(outcome);
            }
            Some(Caller::Sink(sink, number)) => {
                let outcome = outcome.map_err(|error| error.with_operation("log_message"));
                if let Some(batch) =
                    batches.iter_mut().find(|batch| Arc::ptr_eq(&batch.sink, &sink))
                {
                    batch.outcomes.push((number, outcome));
                    batch.messages.push(message);
                } else {
                    batches.push(Batch {
                        sink,
                        outcomes: vec![(number, outcome)],
                        messages: vec![message],
                    });
                }
            }
            None => {}
        }
    }
    for batch in batches {
        batch.sink.complete(batch.outcomes);
        drop(batch.messages);
    }
}

impl Waiter {
    /// Creates a waiter for the current thread.
    pub(super) fn of_this_thread() -> Arc<Self> {
        let can_lead = !interrupt::is_interruptible();
        Arc::new(Self { can_lead, wakeup: Mutex::default(), woken: Condvar::new() })
    }

    pub(super) fn can_lead(&self) -> bool {
        self.can_lead
    }

    /// Waits until the caller is woken, at most for `timeout`, if there is one. The error is the
    /// reason why the wait ended early.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> Result<Wakeup, WaitOutcome> {
        let wakeup = self.lock();
        let missing = |wakeup: &mut Option<_>| wakeup.is_none();
        let (mut wakeup, waited) =
            interrupt::wait_while(&self.woken, &self.wakeup, wakeup, timeout, missing);
        wakeup.take().ok_or(waited)
    }

    pub(super) fn wake(&self, wakeup: Wakeup) {
        *self.lock() = Some(wakeup);
        self.woken.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Wakeup>> {
        self.wakeup.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
