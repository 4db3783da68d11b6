//! Durations in seconds.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyFloat;

use super::PyArg;
use super::integer::index;
use crate::errors::{ArgError, ArgResult};

/// Maximum duration: ten years.
const MAX_SECONDS: f64 = 10.0 * 365.0 * 86_400.0;

/// Converts a number of seconds.
pub(super) fn seconds(field: &str, given: PyArg<'_, '_>) -> ArgResult<Duration> {
    let seconds = number(field, given)?;
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(ArgError::invalid(
            field,
            format!("must be a number of seconds from 0 to {MAX_SECONDS}"),
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Converts a number of seconds without a range check.
pub(super) fn number(field: &str, given: PyArg<'_, '_>) -> ArgResult<f64> {
    if let Ok(float) = given.cast::<PyFloat>() {
        return Ok(float.value());
    }
    let number =
        index(given)?.ok_or_else(|| ArgError::wrong_type(field, "a number of seconds", given))?;
    // An int that is too large for a float exceeds every limit too.
    Ok(number.extract().unwrap_or(f64::INFINITY))
}
