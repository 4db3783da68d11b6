//! The class `MessageIterator`.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::{MessageIter, SharedHandle};
use pyo3::prelude::*;

use crate::answers;
use crate::asynchronous::submit;
use crate::call::enter;
use crate::operation::Entry;

/// Iterator over messages, returned by ``MessageLogger.iter_messages``.
#[pyclass(frozen, module = "chatkeep")]
pub(crate) struct MessageIterator {
    handle: SharedHandle,
    entry: &'static Entry,
    /// Locked only by threads that are detached from the interpreter, because the thread that holds
    /// the lock may be fetching a page.
    messages: Arc<Mutex<MessageIter>>,
}

impl MessageIterator {
    pub(crate) fn new(handle: SharedHandle, entry: &'static Entry, messages: MessageIter) -> Self {
        Self { handle, entry, messages: Arc::new(Mutex::new(messages)) }
    }
}

#[pymethods]
impl MessageIterator {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let next = || self.messages.lock().unwrap_or_else(PoisonError::into_inner).next();
        enter(
            py,
            &self.handle,
            self.entry.name(),
            || Ok(()),
            |_, ()| next().transpose().map_err(|error| self.entry.rename(error)),
            |py, found| found.map(|found| answers::to_python(py, &found)).transpose(),
        )
    }

    /// Returns a future of the next page, which is empty after the last message.
    fn _next_page<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let (messages, entry) = (Arc::clone(&self.messages), self.entry);
        let fetch = move |_: &chatkeep::Chatkeep, ()| {
            let page = messages.lock().unwrap_or_else(PoisonError::into_inner).next_page();
            page.map_err(|error| entry.rename(error))
        };
        submit(
            py,
            &self.handle,
            entry.name(),
            || Ok(()),
            fetch,
            |py, page| answers::to_python(py, &page),
        )
    }
}
