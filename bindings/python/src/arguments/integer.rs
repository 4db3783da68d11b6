//! Whole numbers.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

use super::Given;
use crate::errors::Refusal;

/// The largest whole number up to which floats are exact: 2^53 - 1.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// A whole number of 64 bits: an `int`, what Python can use as one (numpy's integers), or a `float` such as 1.0, as
/// pandas and JSON have it.
pub(crate) fn integer(field: &str, given: Given<'_, '_>) -> Result<i64, Refusal> {
    required(field, given, "an int")
}

/// A whole number or nothing.
pub(crate) fn optional_integer(field: &str, given: Given<'_, '_>) -> Result<Option<i64>, Refusal> {
    if given.is_none() { Ok(None) } else { required(field, given, "an int or None").map(Some) }
}

fn required(field: &str, given: Given<'_, '_>, wanted: &str) -> Result<i64, Refusal> {
    if let Some(number) = index(given)? {
        // Python's own words for it would write all its digits out.
        return number.extract().map_err(|_| Refusal::input(field, "does not fit 64 bits"));
    }
    let float = given.cast::<PyFloat>().map_err(|_| Refusal::wrong_type(field, wanted, given))?;
    exact(field, float.value())
}

/// The `int` that this is to Python; `None` when it cannot be used as one. `True` cannot, although Python counts it as 1.
pub(super) fn index<'py>(given: Given<'_, 'py>) -> PyResult<Option<Bound<'py, PyInt>>> {
    if let Ok(number) = given.cast::<PyInt>() {
        return Ok((!number.is_instance_of::<PyBool>()).then(|| number.clone()));
    }
    let name = intern!(given.py(), "__index__");
    // On the class, where Python itself looks.
    if !given.get_type().hasattr(name)? {
        return Ok(None);
    }
    match given.call_method0(name) {
        Ok(number) => Ok(number.cast_into::<PyInt>().ok()),
        // An array that is not a single integer.
        Err(error) if error.is_instance_of::<PyTypeError>(given.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

fn exact(field: &str, number: f64) -> Result<i64, Refusal> {
    if number.fract() != 0.0 {
        // NaN and the infinities as well.
        return Err(Refusal::input(field, format!("must be a whole number, not {number}")));
    }
    if number.abs() > LARGEST_EXACT {
        let reason =
            format!("{number:e} is beyond 2^53 - 1, where floats are not exact; pass an int");
        return Err(Refusal::input(field, reason));
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within 2^53")]
    let number = number as i64;
    Ok(number)
}
