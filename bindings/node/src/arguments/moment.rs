//! Moments: a `Date`, or a text in ISO 8601, which is UTC where it names no offset.

use chatkeep::Timestamp;
use napi::{JsValue as _, ValueType};

use super::{Given, Refusal, Taken, is_given, text};

const WANTED: &str = "a Date, a string in ISO 8601, or null";
const MILLISECOND: f64 = 1000.0;

/// A moment or nothing.
pub(crate) fn optional_moment(field: &str, given: &Given<'_>) -> Taken<Option<Timestamp>> {
    if !is_given(given)? {
        return Ok(None);
    }
    let moment = if given.get_type()? == ValueType::String {
        Timestamp::parse(&text(field, given)?).map_err(Refusal::Input)
    } else if given.is_date()? {
        of_date(field, given.coerce_to_number()?.get_double()?)
    } else {
        Err(Refusal::wrong_type(field, WANTED, given))
    };
    moment.map(Some).map_err(|refusal| refusal.about(|_| field.to_owned()))
}

fn of_date(field: &str, milliseconds: f64) -> Taken<Timestamp> {
    if milliseconds.is_nan() {
        return Err(Refusal::input(field, "is an invalid Date"));
    }
    // Dates reach to 8.64e15 ms, and 64 bits of microseconds to a little more.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "dates are whole milliseconds, and a cast goes no further than 64 bits"
    )]
    let microseconds = (milliseconds * MILLISECOND) as i64;
    Ok(Timestamp::from_microsecond(microseconds)?)
}
