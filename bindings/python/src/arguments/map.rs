//! Values by name.

use std::collections::BTreeMap;

use chatkeep::operation::{Type, Value};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use super::record::ResultKeys;
use super::{PyArg, text, value};
use crate::errors::{ArgError, ArgResult};

/// Converts a `dict` whose keys are text. The error of a value is `values[theme]`, for example.
pub(super) fn map(
    name: &str,
    element: &Type,
    given: PyArg<'_, '_>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    let dict = given.cast::<PyDict>();
    let dict = dict.map_err(|_| ArgError::wrong_type(name, "a dict", given))?;
    let mut values = BTreeMap::new();
    for (key, entry) in dict {
        if !key.is_instance_of::<PyString>() {
            return Err(ArgError::wrong_type(name, "a dict whose keys are all str", &key));
        }
        let key = text(name, &key)?.to_owned();
        let converted = value(&format!("{name}[{key}]"), element, &entry, keys)?;
        values.insert(key, converted);
    }
    Ok(Value::Map(values))
}
