//! Spans of time, in seconds, as chatkeep's settings have them in every language.

use std::time::Duration;

use napi::{JsValue as _, ValueType};

use super::{Given, Refusal, Taken, is_given};

/// Nobody waits for longer: ten years.
pub(super) const LONGEST: f64 = 10.0 * 365.0 * 86_400.0;

/// A number of seconds.
pub(crate) fn seconds(field: &str, given: &Given<'_>) -> Taken<Duration> {
    let seconds = number(field, given)?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(Refusal::input(
            field,
            format!("must be a number of seconds from 0 to {LONGEST}, not {seconds}"),
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// A number of seconds, if it is given.
pub(crate) fn optional_seconds(field: &str, given: &Given<'_>) -> Taken<Option<Duration>> {
    if is_given(given)? { seconds(field, given).map(Some) } else { Ok(None) }
}

/// A number of seconds as it is given, whatever its size.
pub(super) fn number(field: &str, given: &Given<'_>) -> Taken<f64> {
    if given.get_type()? != ValueType::Number {
        return Err(Refusal::wrong_type(field, "a number of seconds", given));
    }
    Ok(given.coerce_to_number()?.get_double()?)
}
