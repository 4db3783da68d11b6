//! `log_message`, submitted to the write path.

use chatkeep::operation::Arguments;
use chatkeep::{NewMessage, SharedHandle};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::arguments::ResultKeys;
use crate::asynchronous::Mailbox;
use crate::call::enter_nonblocking;
use crate::errors::to_py_err;
use crate::operation::Entry;

/// Submits a message, and returns a future of its id.
///
/// The write path completes all messages of a commit at once, and needs no worker thread per
/// message.
pub(super) fn submit<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let (chat, message) = enter_nonblocking(py, entry.name(), || {
        let values = entry.values(given, &mut ResultKeys::default())?;
        let message: NewMessage =
            Arguments::new(&entry.fields, values).group(entry.fields.len())?;
        Ok((handle.chat()?, message))
    })?;
    let pending = Mailbox::new_future(py)?;
    // This never blocks: if the write queue is full, the message waits instead of the caller.
    match chat.messages().submit(message, pending.queue(), pending.number) {
        Ok(()) => Ok(pending.future),
        Err(error) => {
            pending.discard();
            Err(to_py_err(py, &entry.rename(error)))
        }
    }
}
