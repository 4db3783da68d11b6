//! Submits calls and returns futures of their results.

use std::sync::Arc;

use chatkeep::{Chatkeep, Error, ErrorKind, Handle, Result};
use pyo3::prelude::*;

use super::mailbox::{CompletionQueue, Convert, Mailbox, Outcome};
use crate::call::{catch_panics, panic_error};
use crate::errors::{ArgError, ArgResult, to_py_err};

/// Submits an operation and returns a future; the counterpart of [`crate::call::enter`].
pub(crate) fn submit<'py, A, T>(
    py: Python<'py>,
    handle: &Handle,
    operation: &'static str,
    parse: impl FnOnce() -> ArgResult<A>,
    work: impl FnOnce(&Chatkeep, A) -> Result<T> + Send + 'static,
    encode: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, PyAny>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    A: Send + 'static,
    T: Send + 'static,
{
    catch_panics(py, operation, || {
        let invalid = |error: ArgError| error.into_py_err(py, operation);
        let arguments = parse().map_err(invalid)?;
        let chat = handle.chat().map_err(|error| invalid(error.into()))?;
        let convert = |py: Python<'_>, value| encode(py, value).map(Bound::unbind);
        future(py, operation, |reply| {
            chat.submit(move |chat| reply.send(work(chat, arguments), convert))
        })
    })
}

/// Runs an operation that waits for other calls on a thread of its own, and returns a future.
///
/// The future resolves to `None` immediately if `find` returns no store.
pub(crate) fn submit_waiting<'py, A: Send + 'static>(
    py: Python<'py>,
    operation: &'static str,
    parse: impl FnOnce() -> ArgResult<A>,
    find: impl FnOnce() -> Option<Arc<Chatkeep>>,
    work: impl FnOnce(&Chatkeep, A) -> Result<()> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    catch_panics(py, operation, || {
        let arguments = parse().map_err(|error| error.into_py_err(py, operation))?;
        let store = find();
        future(py, operation, |reply| {
            let wait = move || {
                reply.send(store.map_or(Ok(()), |chat| work(&chat, arguments)), |py, ()| {
                    Ok(py.None())
                });
            };
            let started = std::thread::Builder::new().name("chatkeep-wait".to_owned()).spawn(wait);
            started.map(|_| ()).map_err(|cause| {
                Error::new(ErrorKind::Unavailable, "failed to start a thread").with_source(cause)
            })
        })
    })
}

/// Returns a future that `start` resolves through its reply.
///
/// # Errors
///
/// Raises the error of `start`.
fn future<'py>(
    py: Python<'py>,
    operation: &'static str,
    start: impl FnOnce(Reply) -> Result<()>,
) -> PyResult<Bound<'py, PyAny>> {
    let pending = Mailbox::new_future(py)?;
    let reply = Reply { queue: pending.queue(), number: pending.number, operation, is_sent: false };
    match start(reply) {
        Ok(()) => Ok(pending.future),
        Err(error) => {
            pending.discard();
            Err(to_py_err(py, &error.with_operation(operation)))
        }
    }
}

/// Resolves a future. Dropping it unsent resolves the future with an error.
struct Reply {
    queue: Arc<CompletionQueue>,
    number: u64,
    operation: &'static str,
    is_sent: bool,
}

impl Reply {
    fn send<T: Send + 'static>(
        mut self,
        outcome: Result<T>,
        convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) {
        self.is_sent = true;
        let operation = self.operation;
        self.push(Box::new(move |py| match outcome {
            Ok(value) => convert(py, value),
            Err(error) => Err(to_py_err(py, &error.with_operation(operation))),
        }));
    }

    fn push(&self, convert: Convert) {
        self.queue.push([(self.number, Outcome::Other(convert))]);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_sent {
            let error = panic_error(self.operation);
            self.push(Box::new(move |py| Err(to_py_err(py, &error))));
        }
    }
}
