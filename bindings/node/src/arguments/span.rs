//! Spans of time, in milliseconds.

use std::time::Duration;

use napi::{JsValue as _, ValueType};

use super::{Given, Refusal, Taken, is_given};

/// Nobody waits for longer: ten years.
const LONGEST: f64 = 10.0 * 365.0 * 86_400_000.0;

/// A number of milliseconds.
pub(crate) fn milliseconds(field: &str, given: &Given<'_>) -> Taken<Duration> {
    if given.get_type()? != ValueType::Number {
        return Err(Refusal::wrong_type(field, "a number of milliseconds", given));
    }
    let number = given.coerce_to_number()?.get_double()?;
    if !(0.0..=LONGEST).contains(&number) {
        let said = format!("must be a number of milliseconds from 0 to {LONGEST}, not {number}");
        return Err(Refusal::input(field, said));
    }
    Ok(Duration::from_secs_f64(number / 1000.0))
}

/// A number of milliseconds, if it is given.
pub(crate) fn optional_milliseconds(field: &str, given: &Given<'_>) -> Taken<Option<Duration>> {
    if is_given(given)? { milliseconds(field, given).map(Some) } else { Ok(None) }
}
