//! What a call may be told, and what it does where it is told nothing.

use std::str::FromStr as _;

use chatkeep::{FineTuningFormat, Order};
use napi::{JsValue as _, ValueType};

use super::{Given, Refusal, Taken, integer, is_given, text};

/// The page of `getMessages`, and of `searchMessages`, where nothing else is said.
pub(crate) const MESSAGES: i64 = 100;
pub(crate) const SEARCHED: i64 = 50;
/// How old messages get where nothing else is said.
const DAYS: i64 = 30;

/// Yes, no, or nothing.
pub(crate) fn switch(field: &str, given: &Given<'_>) -> Taken<Option<bool>> {
    if !is_given(given)? {
        return Ok(None);
    }
    if given.get_type()? != ValueType::Boolean {
        return Err(Refusal::wrong_type(field, "a boolean", given));
    }
    Ok(Some(given.coerce_to_bool()?))
}

pub(crate) fn order(oldest_first: &Given<'_>) -> Taken<Order> {
    let is_oldest_first = switch("oldest_first", oldest_first)?.unwrap_or_default();
    Ok(if is_oldest_first { Order::OldestFirst } else { Order::NewestFirst })
}

/// Null is no number of days: whoever computed one that is missing must not delete by the default.
pub(crate) fn age(days: &Given<'_>) -> Taken<i64> {
    if days.get_type()? == ValueType::Undefined { Ok(DAYS) } else { integer("days", days) }
}

pub(crate) fn fine_tuning(format: &Given<'_>) -> Taken<FineTuningFormat> {
    if !is_given(format)? {
        return Ok(FineTuningFormat::default());
    }
    Ok(FineTuningFormat::from_str(&text("format", format)?)?)
}
