//! Whole numbers.

use chatkeep::Error;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt};

use super::Given;
use crate::errors::Refusal;

/// A whole number of 64 bits. `True` is none, although Python counts it as one.
pub(crate) fn integer(field: &str, given: Given<'_, '_>) -> Result<i64, Refusal> {
    let number = given.cast::<PyInt>().ok().filter(|_| !given.is_instance_of::<PyBool>());
    let number = number.ok_or_else(|| Refusal::wrong_type(field, "an int", given))?;
    // Python's own words for it would write all its digits out.
    number.extract().map_err(|_| Refusal::input(field, "does not fit 64 bits"))
}

/// A whole number or nothing.
pub(crate) fn optional_integer(field: &str, given: Given<'_, '_>) -> Result<Option<i64>, Refusal> {
    if given.is_none() {
        return Ok(None);
    }
    match integer(field, given) {
        Err(Refusal::Type(_)) => Err(Refusal::wrong_type(field, "an int or None", given)),
        taken => taken.map(Some),
    }
}

/// A setting that counts something, if it is given.
pub(crate) fn count(field: &str, given: Given<'_, '_>) -> Result<Option<u32>, Refusal> {
    let Some(number) = optional_integer(field, given)? else { return Ok(None) };
    let wrong = || {
        Error::configuration(format!("must be a whole number of 0 or more, not {number}"))
            .with_field(field.to_owned())
    };
    u32::try_from(number).map(Some).map_err(|_| Refusal::Input(wrong()))
}
