//! Lists of values.

use chatkeep::operation::{Type, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyString};

use super::record::ResultKeys;
use super::{PyArg, value};
use crate::errors::{ArgError, ArgResult};

/// Converts an iterable of values of a type.
pub(super) fn list(
    name: &str,
    element: &Type,
    given: PyArg<'_, '_>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    let mut values = Vec::new();
    for (index, entry) in entries(name, "an iterable", given)?.enumerate() {
        values.push(value(&format!("{name}[{index}]"), element, &entry?, keys)?);
    }
    Ok(Value::List(values))
}

/// Returns the entries of an iterable. A dict and a str are iterable too, but passing one is a
/// mistake.
pub(super) fn entries<'py>(
    name: &str,
    expected: &str,
    given: PyArg<'_, 'py>,
) -> ArgResult<Bound<'py, PyIterator>> {
    let is_single = given.is_instance_of::<PyDict>() || given.is_instance_of::<PyString>();
    let entries = given.try_iter().ok().filter(|_| !is_single);
    entries.ok_or_else(|| ArgError::wrong_type(name, expected, given))
}
