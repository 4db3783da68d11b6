//! Conversion of optional arguments, and their default values.

use std::str::FromStr as _;

use chatkeep::{FineTuningFormat, Order, Timestamp};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::{PyArg, integer, optional_timestamp, text};
use crate::errors::{ArgError, ArgResult};

/// Default `limit` of `get_messages`.
pub(crate) const PAGE_SIZE: i64 = 100;
/// Default `limit` of `search_messages`.
pub(crate) const SEARCH_PAGE_SIZE: i64 = 50;
/// Default age, in days, above which messages are old.
const MAX_AGE_DAYS: i64 = 30;

pub(crate) fn order(oldest_first: Option<PyArg<'_, '_>>) -> ArgResult<Order> {
    let Some(given) = oldest_first else { return Ok(Order::NewestFirst) };
    let given = given
        .cast::<PyBool>()
        .map_err(|_| ArgError::wrong_type("oldest_first", "a bool", given))?;
    Ok(if given.is_true() { Order::OldestFirst } else { Order::NewestFirst })
}

type DateRange = (Option<Timestamp>, Option<Timestamp>);

pub(crate) fn date_range(
    start: Option<PyArg<'_, '_>>,
    end: Option<PyArg<'_, '_>>,
) -> ArgResult<DateRange> {
    let timestamp =
        |field, given: Option<_>| given.map_or(Ok(None), |given| optional_timestamp(field, given));
    Ok((timestamp("start_date", start)?, timestamp("end_date", end)?))
}

pub(crate) fn max_age_days(days: Option<PyArg<'_, '_>>) -> ArgResult<i64> {
    days.map_or(Ok(MAX_AGE_DAYS), |given| integer("days", given))
}

pub(crate) fn fine_tuning_format(format: Option<PyArg<'_, '_>>) -> ArgResult<FineTuningFormat> {
    let Some(given) = format else { return Ok(FineTuningFormat::default()) };
    Ok(FineTuningFormat::from_str(text("format", given)?)?)
}
