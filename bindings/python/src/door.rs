//! The one door between Python and chatkeep. Every call goes through it.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use chatkeep::{Chatkeep, Error};
use pyo3::prelude::*;

use crate::errors::{Refusal, raise};
use chatkeep::Handle;

/// Makes a call: `take` converts the arguments, `work` is done while other Python threads run, `give` converts the result.
///
/// Ctrl-C ends the wait of the main thread with `KeyboardInterrupt`. A panic becomes `chatkeep.InternalError`.
pub(crate) fn enter<'py, A: Send, T: Send, R>(
    py: Python<'py>,
    handle: &Handle,
    operation: &'static str,
    take: impl FnOnce() -> Result<A, Refusal>,
    work: impl FnOnce(&Chatkeep, A) -> chatkeep::Result<T> + Send,
    give: impl FnOnce(Python<'py>, T) -> PyResult<R>,
) -> PyResult<R> {
    guarded(py, operation, || {
        let refused = |refusal: Refusal| refusal.raise(py, operation);
        let arguments = take().map_err(refused)?;
        let chat = handle.chat().map_err(|error| refused(error.into()))?;
        give(py, pass(py, operation, || work(&chat, arguments))?)
    })
}

/// A call that is for the store that `find` finds, and that has nothing to do where there is none.
pub(crate) fn enter_if_open<A: Send>(
    py: Python<'_>,
    operation: &'static str,
    take: impl FnOnce() -> Result<A, Refusal>,
    find: impl FnOnce() -> Option<Arc<Chatkeep>>,
    work: impl FnOnce(&Chatkeep, A) -> chatkeep::Result<()> + Send,
) -> PyResult<()> {
    guarded(py, operation, || {
        let arguments = take().map_err(|refusal| refusal.raise(py, operation))?;
        let Some(chat) = find() else { return Ok(()) };
        pass(py, operation, || work(&chat, arguments))
    })
}

/// Through the door and back.
fn pass<T: Send>(
    py: Python<'_>,
    operation: &'static str,
    work: impl FnOnce() -> chatkeep::Result<T> + Send,
) -> PyResult<T> {
    let on_main_thread = is_main_thread(py)?;
    let (outcome, raised) =
        py.detach(|| if on_main_thread { interruptible(work) } else { (work(), None) });
    if let Some(raised) = raised {
        // What became of the call: its outcome may not be known.
        raised
            .set_cause(py, outcome.err().map(|error| raise(py, &error.with_operation(operation))));
        return Err(raised);
    }
    outcome.map_err(|error| raise(py, &error.with_operation(operation)))
}

/// A call that never waits: it is made without letting other threads run.
pub(crate) fn enter_at_once<R>(
    py: Python<'_>,
    operation: &'static str,
    call: impl FnOnce() -> Result<R, Refusal>,
) -> PyResult<R> {
    guarded(py, operation, || call().map_err(|refusal| refusal.raise(py, operation)))
}

/// Makes an error of a panic. What the panic says stays on standard error: it may quote what it stumbled over.
pub(crate) fn guarded<R>(
    py: Python<'_>,
    operation: &'static str,
    call: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(raise(py, &panicked(operation))))
}

/// The error of a call that panicked.
pub(crate) fn panicked(operation: &'static str) -> Error {
    Error::internal("the call ended in a panic, which is a fault of chatkeep's")
        .with_operation(operation)
}

/// Does the work. While it waits, signals that have come are handled as the interpreter would: when a handler raises, as
/// Python's own does on Ctrl-C, the wait ends, and what was raised comes back beside the outcome.
fn interruptible<T>(work: impl FnOnce() -> T) -> (T, Option<PyErr>) {
    let raised = Rc::new(RefCell::new(None));
    let theirs = Rc::clone(&raised);
    let check = move || {
        let handled = Python::attach(|py| py.check_signals());
        handled.is_err_and(|error| {
            *theirs.borrow_mut() = Some(error);
            true
        })
    };
    let outcome = chatkeep::interruptible(check, work);
    (outcome, raised.take())
}

/// Whether this is the thread on which Python handles signals. Other threads need not look for them, and may write
/// messages for each other, which a call that can be interrupted must not.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    thread_local! {
        /// With the process: in a child of a fork it is the thread that forked.
        static KNOWN: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
    }
    let process = std::process::id();
    if let Some((_, is_main)) = KNOWN.get().filter(|(known, _)| *known == process) {
        return Ok(is_main);
    }
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let is_main = threading.call_method0("get_ident")?.eq(main)?;
    KNOWN.set(Some((process, is_main)));
    Ok(is_main)
}
