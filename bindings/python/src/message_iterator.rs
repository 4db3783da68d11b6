//! All messages, one by one.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::MessageIter;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::door;
use crate::rows;
use chatkeep::SharedHandle;

/// Messages one by one; see ``MessageLogger.iter_messages``.
#[pyclass(frozen, module = "chatkeep")]
pub(crate) struct MessageIterator {
    handle: SharedHandle,
    /// Locked only by threads that are not attached to the interpreter: one of them may fetch a page meanwhile.
    messages: Arc<Mutex<MessageIter>>,
}

impl MessageIterator {
    pub(crate) fn new(handle: SharedHandle, messages: MessageIter) -> Self {
        Self { handle, messages: Arc::new(Mutex::new(messages)) }
    }
}

#[pymethods]
impl MessageIterator {
    /// Returns:
    ///     MessageIterator: This object.
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    /// Returns:
    ///     Message: The next message.
    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        door::enter(
            py,
            &self.handle,
            "iter_messages",
            || Ok(()),
            |_, ()| self.messages.lock().unwrap_or_else(PoisonError::into_inner).next().transpose(),
            rows::optional_message,
        )
    }
}
