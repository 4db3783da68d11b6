//! Booleans.

use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::PyArg;
use crate::errors::{ArgError, ArgResult};

/// Converts a boolean. Other objects have a truth value, too, but passing one is a mistake.
pub(super) fn boolean(field: &str, given: PyArg<'_, '_>) -> ArgResult<bool> {
    required(field, given, "a bool")
}

/// Converts a boolean or `None`.
pub(super) fn optional_boolean(field: &str, given: PyArg<'_, '_>) -> ArgResult<Option<bool>> {
    if given.is_none() { Ok(None) } else { required(field, given, "a bool or None").map(Some) }
}

fn required(field: &str, given: PyArg<'_, '_>, expected: &str) -> ArgResult<bool> {
    let boolean = given.cast::<PyBool>();
    Ok(boolean.map_err(|_| ArgError::wrong_type(field, expected, given))?.is_true())
}
