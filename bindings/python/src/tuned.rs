//! Operations with a body of their own, where the generic one would be slower or does not fit.

mod iter_messages;
mod log_message;
mod tokens;
mod waits;

use chatkeep::SharedHandle;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::operation::Entry;

/// A function that runs or submits an operation.
pub(crate) type Run = for<'py> fn(
    Python<'py>,
    &SharedHandle,
    &'static Entry,
    &Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>>;

/// A function that returns a cached result.
pub(crate) type Cached = for<'py> fn(
    Python<'py>,
    &SharedHandle,
    &'static Entry,
    &Bound<'py, PyTuple>,
) -> PyResult<Option<Bound<'py, PyAny>>>;

/// The code that runs an operation.
#[derive(Clone, Copy)]
pub(crate) enum Body {
    /// The code that all operations share.
    Generic,
    /// This function if it finds a cached result, otherwise the generic code.
    Cached(Cached),
    /// These functions, for a blocking and for an awaited call. The generic code replaces `None`.
    Own { call: Option<Run>, submit: Option<Run> },
}

/// Returns the body of an operation.
pub(crate) fn body(interface: &str, name: &str) -> Body {
    match (interface, name) {
        ("messages", "log_message") => Body::Own { call: None, submit: Some(log_message::submit) },
        ("messages", "iter_messages") => {
            Body::Own { call: Some(iter_messages::call), submit: None }
        }
        ("tokens", "verify_token") => Body::Cached(tokens::verify_cached),
        ("tokens", "check_token") => Body::Cached(tokens::check_cached),
        ("store", "flush") => {
            Body::Own { call: Some(waits::flush), submit: Some(waits::submit_flush) }
        }
        ("store", "close") => {
            Body::Own { call: Some(waits::close), submit: Some(waits::submit_close) }
        }
        _ => Body::Generic,
    }
}
