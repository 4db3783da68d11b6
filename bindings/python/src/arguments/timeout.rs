//! Spans of time, in seconds.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyFloat;

use super::Given;
use super::integer::index;
use crate::errors::Refusal;

/// Nobody waits for longer: ten years.
pub(super) const LONGEST: f64 = 10.0 * 365.0 * 86_400.0;

/// A number of seconds.
pub(crate) fn seconds(field: &str, given: Given<'_, '_>) -> Result<Duration, Refusal> {
    let seconds = number(field, given)?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(Refusal::input(
            field,
            format!("must be a number of seconds from 0 to {LONGEST}"),
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A number of seconds as it is given, whatever its size.
pub(super) fn number(field: &str, given: Given<'_, '_>) -> Result<f64, Refusal> {
    if let Ok(float) = given.cast::<PyFloat>() {
        return Ok(float.value());
    }
    let number =
        index(given)?.ok_or_else(|| Refusal::wrong_type(field, "a number of seconds", given))?;
    // An int too large for a float is too long as well.
    Ok(number.extract().unwrap_or(f64::INFINITY))
}
