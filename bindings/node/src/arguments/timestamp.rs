//! Timestamps: a `Date`, or an ISO 8601 string, which is in UTC if it has no offset.

use chatkeep::Timestamp;
use napi::{JsValue as _, ValueType};

use super::{ArgError, ArgResult, JsArg, text};

const EXPECTED: &str = "a Date, a string in ISO 8601, or null";
const MICROS_PER_MILLI: f64 = 1000.0;

/// Converts a timestamp.
pub(super) fn timestamp(field: &str, arg: &JsArg<'_>) -> ArgResult<Timestamp> {
    let timestamp = if arg.get_type()? == ValueType::String {
        Timestamp::parse(&text(field, arg)?).map_err(ArgError::Invalid)
    } else if arg.is_date()? {
        from_date(field, arg.coerce_to_number()?.get_double()?)
    } else {
        Err(ArgError::wrong_type(field, EXPECTED, arg))
    };
    timestamp.map_err(|error| error.map_field(|_| field.to_owned()))
}

fn from_date(field: &str, milliseconds: f64) -> ArgResult<Timestamp> {
    if milliseconds.is_nan() {
        return Err(ArgError::input(field, "is an invalid Date"));
    }
    // A `Date` is limited to 8.64e15 ms, which is within the range of 64-bit microseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "dates are whole milliseconds, and the cast saturates at 64 bits"
    )]
    let microseconds = (milliseconds * MICROS_PER_MILLI) as i64;
    Ok(Timestamp::from_microsecond(microseconds)?)
}
