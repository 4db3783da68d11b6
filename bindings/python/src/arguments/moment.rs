//! Moments: a `datetime`, a `date`, or a text in ISO 8601. Without an offset they are UTC.

use chatkeep::Timestamp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::{Given, text};
use crate::errors::Refusal;

const WANTED: &str = "a datetime, a date, a str in ISO 8601, or None";
const SECOND: i64 = 1_000_000;

/// A moment or nothing.
pub(crate) fn optional_moment(
    field: &str,
    given: Given<'_, '_>,
) -> Result<Option<Timestamp>, Refusal> {
    if given.is_none() {
        return Ok(None);
    }
    let moment = if given.is_instance_of::<PyString>() {
        Timestamp::parse(text(field, given)?).map_err(Refusal::Input)
    } else {
        of_calendar(field, given)
    };
    moment.map(Some).map_err(|refusal| refusal.about(|_| field.to_owned()))
}

/// The classes of `datetime`, and the moments that count as the beginning.
struct Calendar {
    datetime: Py<PyType>,
    date: Py<PyType>,
    beginning: Py<PyAny>,
    beginning_in_utc: Py<PyAny>,
    first_day: Py<PyAny>,
}

impl Calendar {
    fn of(py: Python<'_>) -> PyResult<&Self> {
        static CALENDAR: PyOnceLock<Calendar> = PyOnceLock::new();
        CALENDAR.get_or_try_init(py, || {
            let module = py.import("datetime")?;
            let datetime = module.getattr("datetime")?.cast_into::<PyType>()?;
            let date = module.getattr("date")?.cast_into::<PyType>()?;
            let utc = module.getattr("timezone")?.getattr("utc")?;
            Ok(Self {
                beginning: datetime.call1((1970, 1, 1))?.unbind(),
                beginning_in_utc: datetime.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind(),
                first_day: date.call1((1970, 1, 1))?.unbind(),
                datetime: datetime.unbind(),
                date: date.unbind(),
            })
        })
    }
}

/// By subtraction, which is exact, and which Python defines for every zone and for both sides of a change of clocks.
fn of_calendar(field: &str, given: Given<'_, '_>) -> Result<Timestamp, Refusal> {
    let py = given.py();
    let calendar = Calendar::of(py)?;
    let beginning = if given.is_instance(calendar.datetime.bind(py))? {
        // pandas' NaT is a datetime that is not equal to itself.
        if given.ne(given)? {
            return Err(Refusal::input(field, "is not a time; pass None where there is none"));
        }
        let is_naive = given.call_method0("utcoffset")?.is_none();
        if is_naive && !given.getattr("tzinfo")?.is_none() {
            return Err(Refusal::input(field, "has a time zone that does not say its offset"));
        }
        if is_naive { &calendar.beginning } else { &calendar.beginning_in_utc }
    } else if given.is_instance(calendar.date.bind(py))? {
        &calendar.first_day
    } else {
        return Err(Refusal::wrong_type(field, WANTED, given));
    };
    let since = given.sub(beginning.bind(py))?;
    let part = |name: &str| since.getattr(name)?.extract::<i64>();
    // Python's years are 1 to 9999, so nothing here overflows.
    let seconds = part("days")? * 86_400 + part("seconds")?;
    Ok(Timestamp::from_microsecond(seconds * SECOND + part("microseconds")?)?)
}
