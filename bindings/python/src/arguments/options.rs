//! What a call may be told, and what it does where it is told nothing.

use std::str::FromStr as _;

use chatkeep::{FineTuningFormat, Order};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use super::{Given, integer, optional_moment, text};
use crate::errors::Refusal;

/// The page of `get_messages`, and of `search_messages`, where nothing else is said.
pub(crate) const MESSAGES: i64 = 100;
pub(crate) const SEARCHED: i64 = 50;
/// How old messages get where nothing else is said.
const DAYS: i64 = 30;

pub(crate) fn order(oldest_first: Option<Given<'_, '_>>) -> Result<Order, Refusal> {
    let Some(given) = oldest_first else { return Ok(Order::NewestFirst) };
    let given =
        given.cast::<PyBool>().map_err(|_| Refusal::wrong_type("oldest_first", "a bool", given))?;
    Ok(if given.is_true() { Order::OldestFirst } else { Order::NewestFirst })
}

type Span = (Option<chatkeep::Timestamp>, Option<chatkeep::Timestamp>);

pub(crate) fn span(
    start: Option<Given<'_, '_>>,
    end: Option<Given<'_, '_>>,
) -> Result<Span, Refusal> {
    let moment =
        |field, given: Option<_>| given.map_or(Ok(None), |given| optional_moment(field, given));
    Ok((moment("start_date", start)?, moment("end_date", end)?))
}

pub(crate) fn age(days: Option<Given<'_, '_>>) -> Result<i64, Refusal> {
    days.map_or(Ok(DAYS), |given| integer("days", given))
}

pub(crate) fn fine_tuning(format: Option<Given<'_, '_>>) -> Result<FineTuningFormat, Refusal> {
    let Some(given) = format else { return Ok(FineTuningFormat::default()) };
    Ok(FineTuningFormat::from_str(text("format", given)?)?)
}
