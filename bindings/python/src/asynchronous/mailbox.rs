//! Delivers the outcomes of calls to the futures of an event loop.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatkeep::{MessageSink, Result};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::loop_waker::LoopWaker;
use crate::call;
use crate::errors::to_py_err;
use crate::operation;

/// Maximum number of futures to resolve per wake-up, so that the loop can run other callbacks.
const BATCH_SIZE: usize = 256;

/// Returns the attribute of the loop that holds its mailbox, so that both have the same lifetime.
pub(super) fn attribute_name(py: Python<'_>) -> &Bound<'_, PyString> {
    intern!(py, "_chatkeep_mailbox")
}

/// The mailbox of an event loop. It is used only on the thread of the loop.
///
/// Other threads use its [`CompletionQueue`].
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct Mailbox {
    queue: Arc<CompletionQueue>,
    waiting: Mutex<WaitingFutures>,
}

/// Futures without an outcome, by number.
#[derive(Default)]
struct WaitingFutures {
    last_number: u64,
    futures: HashMap<u64, Py<PyAny>>,
}

/// Outcomes pushed by other threads.
///
/// It contains no Python objects, except in the waker of a loop that cannot watch sockets.
pub(crate) struct CompletionQueue {
    pending: Mutex<Pending>,
    waker: LoopWaker,
}

#[derive(Default)]
struct Pending {
    outcomes: VecDeque<(u64, Outcome)>,
    /// Whether the loop was woken and has not drained the queue since.
    is_woken: bool,
}

/// Outcome of a call.
pub(super) enum Outcome {
    Logged(Result<i64>),
    /// The result of another call, converted on the thread of the loop.
    Other(Convert),
}

/// Converts a result to a Python object.
pub(super) type Convert = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// A future without an outcome, and the number of its outcome in the queue.
pub(crate) struct PendingFuture<'py> {
    pub(crate) number: u64,
    pub(crate) future: Bound<'py, PyAny>,
    mailbox: Bound<'py, Mailbox>,
}

impl Mailbox {
    /// Returns the mailbox of an event loop, which is created at its first use.
    fn of<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        if let Some(mailbox) = event_loop.getattr_opt(attribute_name(py))? {
            return Ok(mailbox.cast_into::<Self>()?);
        }
        let waker = LoopWaker::new(event_loop)?;
        let queue = Arc::new(CompletionQueue { pending: Mutex::default(), waker });
        let created = Self { queue: Arc::clone(&queue), waiting: Mutex::default() };
        let mailbox = Bound::new(py, created)?;
        event_loop.setattr(attribute_name(py), &mailbox)?;
        queue.waker.register(event_loop, &mailbox.getattr(intern!(py, "drain"))?)?;
        Ok(mailbox)
    }

    /// Creates a future of the running event loop.
    pub(crate) fn new_future(py: Python<'_>) -> PyResult<PendingFuture<'_>> {
        static GET_RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let event_loop = GET_RUNNING_LOOP.import(py, "asyncio", "get_running_loop")?.call0()?;
        let mailbox = Self::of(&event_loop)?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let number = {
            let mut waiting = lock(&mailbox.get().waiting);
            waiting.last_number += 1;
            let number = waiting.last_number;
            waiting.futures.insert(number, future.clone().unbind());
            number
        };
        Ok(PendingFuture { number, future, mailbox })
    }

    fn resolve(&self, py: Python<'_>, number: u64, outcome: Outcome) -> PyResult<()> {
        let future = lock(&self.waiting).futures.remove(&number);
        let Some(future) = future.map(|future| future.into_bound(py)) else { return Ok(()) };
        // Cancelling the future discards only the outcome. A submitted write is stored regardless.
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(());
        }
        let result = match outcome {
            Outcome::Logged(outcome) => outcome
                .map_err(|error| to_py_err(py, &operation::log_message().rename(error)))
                .and_then(|id| Ok(id.into_pyobject(py)?.into_any())),
            Outcome::Other(convert) => {
                call::catch_panics(py, "asyncio", || convert(py).map(|value| value.into_bound(py)))
            }
        };
        let resolved = match result {
            Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
            Err(error) => {
                future.call_method1(intern!(py, "set_exception"), (error.into_value(py),))
            }
        };
        resolved.map(|_| ())
    }
}

#[pymethods]
impl Mailbox {
    /// Resolves the futures whose outcomes are in the queue. Called by the loop on a wake-up.
    fn drain(slf: &Bound<'_, Self>) {
        let (py, this) = (slf.py(), slf.get());
        let (outcomes, has_more) = this.queue.take_batch();
        if has_more && matches!(this.queue.waker, LoopWaker::Loop(_)) {
            // A socket that was not cleared wakes the loop again.
            this.queue.waker.wake();
        }
        for (number, outcome) in outcomes {
            if let Err(error) = this.resolve(py, number, outcome) {
                error.write_unraisable(py, Some(slf));
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        match self.waiting.try_lock() {
            Ok(waiting) => waiting.futures.values().try_for_each(|future| visit.call(future)),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let futures = std::mem::take(&mut lock(&self.waiting).futures);
        drop(futures);
    }
}

impl PendingFuture<'_> {
    pub(crate) fn queue(&self) -> Arc<CompletionQueue> {
        Arc::clone(&self.mailbox.get().queue)
    }

    /// Removes the future from the mailbox, because it will have no outcome.
    pub(crate) fn discard(self) {
        let future = lock(&self.mailbox.get().waiting).futures.remove(&self.number);
        drop(future);
    }
}

impl CompletionQueue {
    /// Adds outcomes, and wakes the loop unless a wake-up is already pending.
    pub(super) fn push(&self, outcomes: impl IntoIterator<Item = (u64, Outcome)>) {
        let must_wake = {
            let mut pending = lock(&self.pending);
            pending.outcomes.extend(outcomes);
            !std::mem::replace(&mut pending.is_woken, true)
        };
        if must_wake {
            self.waker.wake();
        }
    }

    /// Removes the next batch of outcomes, and returns it with whether more are queued.
    fn take_batch(&self) -> (Vec<(u64, Outcome)>, bool) {
        let mut pending = lock(&self.pending);
        let count = pending.outcomes.len().min(BATCH_SIZE);
        let outcomes = pending.outcomes.drain(..count).collect();
        let has_more = !pending.outcomes.is_empty();
        if !has_more {
            // Cleared under the lock, so that it cannot clear the wake-up of a later outcome.
            self.waker.clear();
            pending.is_woken = false;
        }
        (outcomes, has_more)
    }
}

impl MessageSink for CompletionQueue {
    fn complete(&self, outcomes: Vec<(u64, Result<i64>)>) {
        self.push(outcomes.into_iter().map(|(number, outcome)| (number, Outcome::Logged(outcome))));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
