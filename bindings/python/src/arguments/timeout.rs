//! Spans of time, in seconds.

use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt};

use super::Given;
use crate::errors::Refusal;

/// Nobody waits for longer: ten years.
const LONGEST: f64 = 10.0 * 365.0 * 86_400.0;

/// A number of seconds.
pub(crate) fn seconds(field: &str, given: Given<'_, '_>) -> Result<Duration, Refusal> {
    let is_number = given.is_instance_of::<PyFloat>() || given.is_instance_of::<PyInt>();
    if !is_number || given.is_instance_of::<PyBool>() {
        return Err(Refusal::wrong_type(field, "a number of seconds", given));
    }
    // An int too large for a float is too long as well.
    let seconds = given.extract::<f64>().ok().filter(|seconds| (0.0..=LONGEST).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| Refusal::input(field, format!("must be a number of seconds from 0 to {LONGEST}")))
}

/// A number of seconds, if it is given.
pub(crate) fn optional_seconds(field: &str, given: Given<'_, '_>) -> Result<Option<Duration>, Refusal> {
    if given.is_none() { Ok(None) } else { seconds(field, given).map(Some) }
}
