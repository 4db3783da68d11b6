//! The single entry point from Python into chatkeep. Every call passes through this module.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use chatkeep::{Chatkeep, Error, Handle};
use pyo3::prelude::*;

use crate::errors::{ArgError, ArgResult, to_py_err};

/// Runs an operation on the store of `handle`.
///
/// `parse` converts the arguments and `encode` converts the result. `work` runs in between, while
/// other Python threads run. Ctrl-C on the main thread interrupts the wait with
/// `KeyboardInterrupt`.
///
/// # Errors
///
/// Raises the error of `parse`, `work` or `encode`, and `chatkeep.InternalError` after a panic.
pub(crate) fn enter<'py, A: Send, T: Send, R>(
    py: Python<'py>,
    handle: &Handle,
    operation: &'static str,
    parse: impl FnOnce() -> ArgResult<A>,
    work: impl FnOnce(&Chatkeep, A) -> chatkeep::Result<T> + Send,
    encode: impl FnOnce(Python<'py>, T) -> PyResult<R>,
) -> PyResult<R> {
    catch_panics(py, operation, || {
        let invalid = |error: ArgError| error.into_py_err(py, operation);
        let arguments = parse().map_err(invalid)?;
        let chat = handle.chat().map_err(|error| invalid(error.into()))?;
        encode(py, run_detached(py, operation, || work(&chat, arguments))?)
    })
}

/// Runs an operation on the store that `find` returns. Does nothing if it returns `None`.
pub(crate) fn enter_if_open<A: Send>(
    py: Python<'_>,
    operation: &'static str,
    parse: impl FnOnce() -> ArgResult<A>,
    find: impl FnOnce() -> Option<Arc<Chatkeep>>,
    work: impl FnOnce(&Chatkeep, A) -> chatkeep::Result<()> + Send,
) -> PyResult<()> {
    catch_panics(py, operation, || {
        let arguments = parse().map_err(|error| error.into_py_err(py, operation))?;
        let Some(chat) = find() else { return Ok(()) };
        run_detached(py, operation, || work(&chat, arguments))
    })
}

/// Runs `work` detached from the interpreter.
fn run_detached<T: Send>(
    py: Python<'_>,
    operation: &'static str,
    work: impl FnOnce() -> chatkeep::Result<T> + Send,
) -> PyResult<T> {
    let on_main_thread = is_main_thread(py)?;
    let (outcome, raised) =
        py.detach(|| if on_main_thread { interruptible(work) } else { (work(), None) });
    if let Some(raised) = raised {
        // The error of the operation becomes the cause. It shows whether the operation took effect,
        // or that this is unknown.
        let cause = outcome.err().map(|error| to_py_err(py, &error.with_operation(operation)));
        raised.set_cause(py, cause);
        return Err(raised);
    }
    outcome.map_err(|error| to_py_err(py, &error.with_operation(operation)))
}

/// Runs an operation that never blocks, without detaching from the interpreter.
pub(crate) fn enter_nonblocking<R>(
    py: Python<'_>,
    operation: &'static str,
    call: impl FnOnce() -> ArgResult<R>,
) -> PyResult<R> {
    catch_panics(py, operation, || call().map_err(|error| error.into_py_err(py, operation)))
}

/// Converts a panic to `chatkeep.InternalError`.
///
/// The panic message is written to standard error only, because it may quote user data.
pub(crate) fn catch_panics<R>(
    py: Python<'_>,
    operation: &'static str,
    call: impl FnOnce() -> PyResult<R>,
) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(to_py_err(py, &panic_error(operation))))
}

/// Returns the error of an operation that panicked.
pub(crate) fn panic_error(operation: &'static str) -> Error {
    Error::internal("internal error: the operation panicked; please report this")
        .with_operation(operation)
}

/// Runs `work` and handles pending Python signals while it waits.
///
/// If a signal handler raises, as Python's own does on Ctrl-C, the wait is interrupted. The raised
/// exception is returned together with the outcome.
fn interruptible<T>(work: impl FnOnce() -> T) -> (T, Option<PyErr>) {
    let raised = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&raised);
    let check = move || {
        let handled = Python::attach(|py| py.check_signals());
        handled.is_err_and(|error| {
            *slot.borrow_mut() = Some(error);
            true
        })
    };
    let outcome = chatkeep::interruptible(check, work);
    (outcome, raised.take())
}

/// Returns whether Python handles signals on this thread.
///
/// Calls on other threads need not check for signals. Only such calls may write the queued messages
/// of other callers, because the interruption of a call must not affect other callers.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    thread_local! {
        /// Process id and result. A forked child looks up the result again, because its main thread
        /// is the thread that forked.
        static CACHED: Cell<Option<(u32, bool)>> = const { Cell::new(None) };
    }
    let process = std::process::id();
    if let Some((_, is_main)) = CACHED.get().filter(|(cached, _)| *cached == process) {
        return Ok(is_main);
    }
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    let is_main = threading.call_method0("get_ident")?.eq(main)?;
    CACHED.set(Some((process, is_main)));
    Ok(is_main)
}
