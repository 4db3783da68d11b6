//! The class `AsyncMessagePages`.

use std::sync::{Arc, Mutex, PoisonError};

use chatkeep::MessageIter;
use pyo3::prelude::*;

use super::submit::submit;
use crate::rows;
use chatkeep::SharedHandle;

/// Pages of messages, returned by ``AsyncMessageLogger.iter_messages``.
#[pyclass(frozen, module = "chatkeep._native")]
pub(crate) struct AsyncMessagePages {
    handle: SharedHandle,
    messages: Arc<Mutex<MessageIter>>,
}

impl AsyncMessagePages {
    pub(super) fn new(handle: SharedHandle, messages: MessageIter) -> Self {
        Self { handle, messages: Arc::new(Mutex::new(messages)) }
    }
}

#[pymethods]
impl AsyncMessagePages {
    /// Returns a future of the next page, which is empty after the last message.
    ///
    /// Returns:
    ///     Future[list[Message]]: The messages of the page.
    fn next_page<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let messages = Arc::clone(&self.messages);
        let fetch = move |_: &chatkeep::Chatkeep, ()| {
            messages.lock().unwrap_or_else(PoisonError::into_inner).next_page()
        };
        submit(py, &self.handle, "iter_messages", || Ok(()), fetch, rows::messages)
    }
}
