//! Durations, in seconds, as in chatkeep's settings in every language.

use std::time::Duration;

use napi::{JsValue as _, ValueType};

use super::{ArgError, ArgResult, JsArg, is_given};

/// Maximum duration: ten years.
const MAX_SECONDS: f64 = 10.0 * 365.0 * 86_400.0;

/// Converts a number of seconds.
pub(crate) fn seconds(field: &str, arg: &JsArg<'_>) -> ArgResult<Duration> {
    let seconds = number(field, arg)?;
    if !(0.0..=MAX_SECONDS).contains(&seconds) {
        return Err(ArgError::input(
            field,
            format!("must be a number of seconds from 0 to {MAX_SECONDS}, not {seconds}"),
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}

/// Converts a number of seconds, if there is one.
pub(crate) fn optional_seconds(field: &str, arg: &JsArg<'_>) -> ArgResult<Option<Duration>> {
    if is_given(arg)? { seconds(field, arg).map(Some) } else { Ok(None) }
}

/// Returns a number of seconds without a range check.
pub(super) fn number(field: &str, arg: &JsArg<'_>) -> ArgResult<f64> {
    if arg.get_type()? != ValueType::Number {
        return Err(ArgError::wrong_type(field, "a number of seconds", arg));
    }
    Ok(arg.coerce_to_number()?.get_double()?)
}
