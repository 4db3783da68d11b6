//! Handing in a call whose result is awaited.

use std::sync::Arc;

use chatkeep::{Chatkeep, Error, ErrorKind, Result};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;

use super::mailbox::{Answer, Mailbox, Outcome, Slot};
use crate::door::{guarded, panicked};
use crate::errors::{Refusal, raise};
use chatkeep::Handle;

/// Makes a future of a call, as [`crate::door::enter`] makes a call.
pub(super) fn submit<'py, A, T, R>(
    py: Python<'py>,
    handle: &Handle,
    operation: &'static str,
    take: impl FnOnce() -> std::result::Result<A, Refusal>,
    work: impl FnOnce(&Chatkeep, A) -> Result<T> + Send + 'static,
    give: impl for<'a> FnOnce(Python<'a>, T) -> PyResult<Bound<'a, R>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>>
where
    A: Send + 'static,
    T: Send + 'static,
{
    guarded(py, operation, || {
        let refused = |refusal: Refusal| refusal.raise(py, operation);
        let arguments = take().map_err(refused)?;
        let chat = handle.chat().map_err(|error| refused(error.into()))?;
        let convert =
            |py: Python<'_>, value| give(py, value).map(|value| value.into_any().unbind());
        promise(py, operation, |reply| {
            chat.hand_in(move |chat| reply.send(work(chat, arguments), convert))
        })
    })
}

/// A future of something that waits for other calls, and so has a thread of its own.
pub(super) fn submit_waiting<'py, A: Send + 'static>(
    py: Python<'py>,
    operation: &'static str,
    take: impl FnOnce() -> std::result::Result<A, Refusal>,
    find: impl FnOnce() -> Option<Arc<Chatkeep>>,
    work: impl FnOnce(&Chatkeep, A) -> Result<()> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, operation, || {
        let arguments = take().map_err(|refusal| refusal.raise(py, operation))?;
        let found = find();
        promise(py, operation, |reply| {
            let wait = move || {
                reply.send(found.map_or(Ok(()), |chat| work(&chat, arguments)), |py, ()| {
                    Ok(py.None())
                });
            };
            let started = std::thread::Builder::new().name("chatkeep-wait".to_owned()).spawn(wait);
            started.map(|_| ()).map_err(|cause| {
                Error::new(ErrorKind::Unavailable, "no thread could be started").with_source(cause)
            })
        })
    })
}

/// A future that is settled by the reply, or an exception when the call could not begin.
fn promise<'py>(
    py: Python<'py>,
    operation: &'static str,
    begin: impl FnOnce(Reply) -> Result<()>,
) -> PyResult<Bound<'py, PyAny>> {
    let promise = Mailbox::expect(py)?;
    let reply = Reply { slot: promise.slot(), number: promise.number, operation, is_sent: false };
    match begin(reply) {
        Ok(()) => Ok(promise.future),
        Err(error) => {
            promise.forget();
            Err(raise(py, &error.with_operation(operation)))
        }
    }
}

/// Somebody awaits the outcome, so there is one in any case.
struct Reply {
    slot: Arc<Slot>,
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
        self.post(Box::new(move |py| match outcome {
            Ok(value) => convert(py, value),
            Err(error) => Err(raise(py, &error.with_operation(operation))),
        }));
    }

    fn post(&self, answer: Answer) {
        self.slot.post([(self.number, Outcome::Answered(answer))]);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if !self.is_sent {
            let error = panicked(self.operation);
            self.post(Box::new(move |py| Err(raise(py, &error))));
        }
    }
}

/// For results that are no rows.
pub(super) fn plain<'py>(
    py: Python<'py>,
    value: impl IntoPyObjectExt<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    value.into_bound_py_any(py)
}
