//! Cached results of `verify_token` and `check_token`.

use chatkeep::SharedHandle;
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::answers;
use crate::arguments::{optional_text, text};
use crate::call::enter_nonblocking;
use crate::errors::{ArgError, ArgResult};
use crate::operation::Entry;

/// Returns whether a token is valid, if that is cached or the token is malformed.
pub(super) fn verify_cached<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let is_valid = enter_nonblocking(py, entry.name(), || {
        presented(entry, given, |token| Ok(handle.chat()?.tokens().verify_cached(token)))
    })?;
    is_valid.map(|is_valid| is_valid.into_bound_py_any(py)).transpose()
}

/// Returns the check of a token, if that is cached or the token is malformed.
pub(super) fn check_cached<'py>(
    py: Python<'py>,
    handle: &SharedHandle,
    entry: &'static Entry,
    given: &Bound<'py, PyTuple>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let check = enter_nonblocking(py, entry.name(), || {
        // A required scope, whose errors the generic call reports.
        let scope = given.get_borrowed_item(1)?;
        let scope = optional_text(entry.fields[1].name, &scope)?;
        presented(entry, given, |token| Ok(handle.chat()?.tokens().check_cached(token, scope)))
    })?;
    check.map(|check| answers::to_python(py, &check)).transpose()
}

/// Passes on the token that a client presented. A string with a lone surrogate is passed on as an
/// empty one.
///
/// Python decodes bytes that are not valid text to lone surrogates. Such a token is malformed, and
/// is not an error of the application.
fn presented<T>(
    entry: &Entry,
    given: &Bound<'_, PyTuple>,
    check: impl FnOnce(&str) -> ArgResult<T>,
) -> ArgResult<T> {
    let token = given.get_borrowed_item(0)?;
    match text(entry.fields[0].name, &token) {
        Err(ArgError::Input(_)) => check(""),
        token => check(token?),
    }
}
