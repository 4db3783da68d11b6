//! Strings.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::PyArg;
use crate::errors::{ArgError, ArgResult};

/// Converts a string.
///
/// A `str` may contain lone surrogates. They are not valid characters, and databases reject them.
pub(crate) fn text<'a>(field: &str, given: PyArg<'a, '_>) -> ArgResult<&'a str> {
    let text = given.cast::<PyString>().map_err(|_| ArgError::wrong_type(field, "a str", given))?;
    text.to_str().map_err(|_| {
        ArgError::invalid(field, "contains a lone surrogate, which is not a valid character")
    })
}

/// Converts a string or `None`.
pub(crate) fn optional_text<'a>(field: &str, given: PyArg<'a, '_>) -> ArgResult<Option<&'a str>> {
    if given.is_none() {
        return Ok(None);
    }
    match text(field, given) {
        Err(ArgError::Type(_)) => Err(ArgError::wrong_type(field, "a str or None", given)),
        parsed => parsed.map(Some),
    }
}
