//! The class `MessageIterator`.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::MessageIter;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::call;
use crate::rows;
use chatkeep::SharedHandle;

/// Iterator over messages, returned by ``MessageLogger.iter_messages``.
#[pyclass(frozen, module = "chatkeep")]
pub(crate) struct MessageIterator {
    handle: SharedHandle,
    /// Locked only by threads that are detached from the interpreter, because the thread that holds
    /// the lock may be fetching a page.
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
        call::enter(
            py,
            &self.handle,
            "iter_messages",
            || Ok(()),
            |_, ()| self.messages.lock().unwrap_or_else(PoisonError::into_inner).next().transpose(),
            rows::optional_message,
        )
    }
}
