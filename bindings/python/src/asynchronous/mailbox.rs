//! Where the outcomes of an event loop's calls lie until the loop fetches them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chatkeep::{MessageSink, Result};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyString;
use pyo3::{PyTraverseError, PyVisit};

use super::bell::Bell;
use crate::door;
use crate::errors::raise;

/// So many futures are settled at a time; then the loop may turn to something else.
const AT_A_TIME: usize = 256;

/// The attribute of a loop that its mailbox hangs on, so that the two live and die together.
pub(super) fn name(py: Python<'_>) -> &Bound<'_, PyString> {
    intern!(py, "_chatkeep_mailbox")
}

/// The mailbox of an event loop. All but `post` happens on the loop's own thread.
#[pyclass(frozen, module = "chatkeep._native")]
pub(super) struct Mailbox {
    slot: Arc<Slot>,
    expected: Mutex<Expected>,
}

/// Futures that await an outcome, by their number.
#[derive(Default)]
struct Expected {
    last: u64,
    futures: HashMap<u64, Py<PyAny>>,
}

/// The side of it that other threads see. Nothing in it belongs to the interpreter, but for the bell of odd loops.
pub(super) struct Slot {
    posted: Mutex<Posted>,
    bell: Bell,
}

#[derive(Default)]
struct Posted {
    outcomes: VecDeque<(u64, Outcome)>,
    /// The bell was rung, and the loop has not yet emptied this.
    is_rung: bool,
}

/// What became of a call.
pub(super) enum Outcome {
    Logged(Result<i64>),
    /// The result, to be converted on the loop's thread.
    Answered(Answer),
}

pub(super) type Answer = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// A future that was made, and the number that its outcome is posted under.
pub(super) struct Promise<'py> {
    pub(super) number: u64,
    pub(super) future: Bound<'py, PyAny>,
    pub(super) mailbox: Bound<'py, Mailbox>,
}

impl Mailbox {
    /// The mailbox of the loop that runs on this thread; made when it is first asked for.
    fn of<'py>(event_loop: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Self>> {
        let py = event_loop.py();
        if let Some(known) = event_loop.getattr_opt(name(py))? {
            return Ok(known.cast_into::<Self>()?);
        }
        let slot = Arc::new(Slot { posted: Mutex::default(), bell: Bell::new(event_loop)? });
        let made = Bound::new(py, Self { slot: Arc::clone(&slot), expected: Mutex::default() })?;
        event_loop.setattr(name(py), &made)?;
        slot.bell.connect(event_loop, &made.getattr(intern!(py, "drain"))?)?;
        Ok(made)
    }

    /// Makes a future of the loop that runs on this thread.
    pub(super) fn expect(py: Python<'_>) -> PyResult<Promise<'_>> {
        static RUNNING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let event_loop = RUNNING.import(py, "asyncio", "get_running_loop")?.call0()?;
        let mailbox = Self::of(&event_loop)?;
        let future = event_loop.call_method0(intern!(py, "create_future"))?;
        let number = {
            let mut expected = lock(&mailbox.get().expected);
            expected.last += 1;
            let number = expected.last;
            expected.futures.insert(number, future.clone().unbind());
            number
        };
        Ok(Promise { number, future, mailbox })
    }

    fn settle(&self, py: Python<'_>, number: u64, outcome: Outcome) -> PyResult<()> {
        let future = lock(&self.expected).futures.remove(&number);
        let Some(future) = future.map(|future| future.into_bound(py)) else { return Ok(()) };
        // Whoever stopped waiting is told nothing; what was to be stored is stored all the same.
        if future.call_method0(intern!(py, "done"))?.is_truthy()? {
            return Ok(());
        }
        let result = match outcome {
            Outcome::Logged(outcome) => outcome
                .map_err(|error| raise(py, &error))
                .and_then(|id| Ok(id.into_pyobject(py)?.into_any())),
            Outcome::Answered(convert) => {
                door::guarded(py, "asyncio", || convert(py).map(|value| value.into_bound(py)))
            }
        };
        let told = match result {
            Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
            Err(error) => {
                future.call_method1(intern!(py, "set_exception"), (error.into_value(py),))
            }
        };
        told.map(|_| ())
    }
}

#[pymethods]
impl Mailbox {
    /// Settles the futures whose outcomes lie here. Called by the loop when the bell has rung.
    fn drain(slf: &Bound<'_, Self>) {
        let (py, this) = (slf.py(), slf.get());
        let (outcomes, more) = this.slot.fetch();
        if more && matches!(this.slot.bell, Bell::Loop(_)) {
            // A socket that was not emptied wakes the loop by itself.
            this.slot.bell.ring();
        }
        for (number, outcome) in outcomes {
            if let Err(error) = this.settle(py, number, outcome) {
                error.write_unraisable(py, Some(slf));
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> std::result::Result<(), PyTraverseError> {
        match self.expected.try_lock() {
            Ok(expected) => expected.futures.values().try_for_each(|future| visit.call(future)),
            Err(_) => Ok(()),
        }
    }

    fn __clear__(&self) {
        let futures = std::mem::take(&mut lock(&self.expected).futures);
        drop(futures);
    }
}

impl Promise<'_> {
    pub(super) fn slot(&self) -> Arc<Slot> {
        Arc::clone(&self.mailbox.get().slot)
    }

    /// There will be no outcome.
    pub(super) fn forget(self) {
        let future = lock(&self.mailbox.get().expected).futures.remove(&self.number);
        drop(future);
    }
}

impl Slot {
    /// Lays outcomes in, and wakes the loop unless it is about to look anyway.
    pub(super) fn post(&self, outcomes: impl IntoIterator<Item = (u64, Outcome)>) {
        let must_ring = {
            let mut posted = lock(&self.posted);
            posted.outcomes.extend(outcomes);
            !std::mem::replace(&mut posted.is_rung, true)
        };
        if must_ring {
            self.bell.ring();
        }
    }

    /// Takes the next outcomes out. Whether there are more.
    fn fetch(&self) -> (Vec<(u64, Outcome)>, bool) {
        let mut posted = lock(&self.posted);
        let count = posted.outcomes.len().min(AT_A_TIME);
        let outcomes = posted.outcomes.drain(..count).collect();
        let more = !posted.outcomes.is_empty();
        if !more {
            // Under the lock, so that the next one rings after this.
            self.bell.silence();
            posted.is_rung = false;
        }
        (outcomes, more)
    }
}

impl MessageSink for Slot {
    fn settle(&self, outcomes: Vec<(u64, Result<i64>)>) {
        self.post(outcomes.into_iter().map(|(number, outcome)| (number, Outcome::Logged(outcome))));
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().unwrap_or_else(PoisonError::into_inner)
}
