//! Options of calls, and their defaults.

use std::str::FromStr as _;

use chatkeep::{FineTuningFormat, Order};
use napi::{JsValue as _, ValueType};

use super::{ArgError, ArgResult, JsArg, integer, is_given, text};

/// Default page size of `getMessages`.
pub(crate) const DEFAULT_LIMIT: i64 = 100;
/// Default page size of `searchMessages`.
pub(crate) const DEFAULT_SEARCH_LIMIT: i64 = 50;
/// Default age of old messages, in days.
const DEFAULT_DAYS: i64 = 30;

/// Converts a boolean, if there is one.
pub(crate) fn optional_bool(field: &str, arg: &JsArg<'_>) -> ArgResult<Option<bool>> {
    if !is_given(arg)? {
        return Ok(None);
    }
    if arg.get_type()? != ValueType::Boolean {
        return Err(ArgError::wrong_type(field, "a boolean", arg));
    }
    Ok(Some(arg.coerce_to_bool()?))
}

pub(crate) fn order(oldest_first: &JsArg<'_>) -> ArgResult<Order> {
    let is_oldest_first = optional_bool("oldest_first", oldest_first)?.unwrap_or_default();
    Ok(if is_oldest_first { Order::OldestFirst } else { Order::NewestFirst })
}

/// Converts a number of days. The default applies only to `undefined`: a `null` from a failed
/// computation must not delete messages.
pub(crate) fn days_or_default(days: &JsArg<'_>) -> ArgResult<i64> {
    if days.get_type()? == ValueType::Undefined { Ok(DEFAULT_DAYS) } else { integer("days", days) }
}

pub(crate) fn fine_tuning_format(format: &JsArg<'_>) -> ArgResult<FineTuningFormat> {
    if !is_given(format)? {
        return Ok(FineTuningFormat::default());
    }
    Ok(FineTuningFormat::from_str(&text("format", format)?)?)
}
