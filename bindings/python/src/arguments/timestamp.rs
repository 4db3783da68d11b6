//! Timestamps: a `datetime`, a `date`, or an ISO 8601 string. Values without a UTC offset are UTC.

use chatkeep::Timestamp;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use super::{PyArg, text};
use crate::errors::{ArgError, ArgResult};

const EXPECTED: &str = "a datetime, a date, a str in ISO 8601, or None";
const MICROSECONDS_PER_SECOND: i64 = 1_000_000;

/// Converts a timestamp.
pub(super) fn timestamp(field: &str, given: PyArg<'_, '_>) -> ArgResult<Timestamp> {
    let timestamp = if given.is_instance_of::<PyString>() {
        Timestamp::parse(text(field, given)?).map_err(ArgError::Input)
    } else {
        from_datetime(field, given)
    };
    timestamp.map_err(|error| error.map_field(|_| field.to_owned()))
}

/// Classes of the `datetime` module, and the epoch as a value of each.
struct DatetimeTypes {
    datetime: Py<PyType>,
    date: Py<PyType>,
    naive_epoch: Py<PyAny>,
    utc_epoch: Py<PyAny>,
    date_epoch: Py<PyAny>,
}

impl DatetimeTypes {
    fn get(py: Python<'_>) -> PyResult<&Self> {
        static TYPES: PyOnceLock<DatetimeTypes> = PyOnceLock::new();
        TYPES.get_or_try_init(py, || {
            let module = py.import("datetime")?;
            let datetime = module.getattr("datetime")?.cast_into::<PyType>()?;
            let date = module.getattr("date")?.cast_into::<PyType>()?;
            let utc = module.getattr("timezone")?.getattr("utc")?;
            Ok(Self {
                naive_epoch: datetime.call1((1970, 1, 1))?.unbind(),
                utc_epoch: datetime.call1((1970, 1, 1, 0, 0, 0, 0, utc))?.unbind(),
                date_epoch: date.call1((1970, 1, 1))?.unbind(),
                datetime: datetime.unbind(),
                date: date.unbind(),
            })
        })
    }
}

/// Converts a `datetime` or `date` by subtracting the epoch.
///
/// Subtraction is exact, and Python defines it for every time zone and on both sides of a clock
/// change.
fn from_datetime(field: &str, given: PyArg<'_, '_>) -> ArgResult<Timestamp> {
    let py = given.py();
    let types = DatetimeTypes::get(py)?;
    let epoch = if given.is_instance(types.datetime.bind(py))? {
        // pandas' NaT is a datetime that does not equal itself.
        if given.ne(given)? {
            return Err(ArgError::invalid(
                field,
                "is not a valid time (NaT); pass None for a missing time",
            ));
        }
        let is_naive = given.call_method0("utcoffset")?.is_none();
        if is_naive && !given.getattr("tzinfo")?.is_none() {
            return Err(ArgError::invalid(field, "has a time zone without a UTC offset"));
        }
        if is_naive { &types.naive_epoch } else { &types.utc_epoch }
    } else if given.is_instance(types.date.bind(py))? {
        &types.date_epoch
    } else {
        return Err(ArgError::wrong_type(field, EXPECTED, given));
    };
    let since = given.sub(epoch.bind(py))?;
    let component = |name: &str| since.getattr(name)?.extract::<i64>();
    // Python's years are 1 to 9999, so nothing here overflows.
    let seconds = component("days")? * 86_400 + component("seconds")?;
    Ok(Timestamp::from_microsecond(seconds * MICROSECONDS_PER_SECOND + component("microseconds")?)?)
}
