//! Integers.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

use super::PyArg;
use crate::errors::{ArgError, ArgResult};

/// Largest integer up to which floats are exact: 2^53 - 1.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// Converts a 64-bit integer.
///
/// Accepts an `int`, an object with `__index__` such as numpy integers, or a whole `float` such as
/// 1.0, which pandas and JSON produce.
pub(super) fn integer(field: &str, given: PyArg<'_, '_>) -> ArgResult<i64> {
    required(field, given, "an int")
}

/// Converts an integer or `None`.
pub(super) fn optional_integer(field: &str, given: PyArg<'_, '_>) -> ArgResult<Option<i64>> {
    if given.is_none() { Ok(None) } else { required(field, given, "an int or None").map(Some) }
}

fn required(field: &str, given: PyArg<'_, '_>, expected: &str) -> ArgResult<i64> {
    if let Some(number) = index(given)? {
        // The error of Python would contain all digits of the number.
        return number.extract().map_err(|_| ArgError::invalid(field, "does not fit in 64 bits"));
    }
    let float =
        given.cast::<PyFloat>().map_err(|_| ArgError::wrong_type(field, expected, given))?;
    exact(field, float.value())
}

/// Returns the value as an `int`, or `None` if it is not usable as one.
///
/// `True` is not an integer here, although Python treats it as 1.
pub(super) fn index<'py>(given: PyArg<'_, 'py>) -> PyResult<Option<Bound<'py, PyInt>>> {
    if let Ok(number) = given.cast::<PyInt>() {
        return Ok((!number.is_instance_of::<PyBool>()).then(|| number.clone()));
    }
    let name = intern!(given.py(), "__index__");
    // Looked up on the class, as Python does.
    if !given.get_type().hasattr(name)? {
        return Ok(None);
    }
    match given.call_method0(name) {
        Ok(number) => Ok(number.cast_into::<PyInt>().ok()),
        // For example an array that does not hold a single integer.
        Err(error) if error.is_instance_of::<PyTypeError>(given.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn exact(field: &str, number: f64) -> ArgResult<i64> {
    if number.fract() != 0.0 {
        // Also true for NaN and the infinities.
        return Err(ArgError::invalid(field, format!("must be a whole number, not {number}")));
    }
    if number.abs() > LARGEST_EXACT {
        let reason =
            format!("{number:e} is beyond 2^53 - 1, where floats are not exact; pass an int");
        return Err(ArgError::invalid(field, reason));
    }
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and within 2^53")]
    let number = number as i64;
    Ok(number)
}
