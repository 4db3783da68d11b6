//! Metadata and JSON values, converted from Python objects in one pass.

use chatkeep::{JsonValue, MAX_ROW_BYTES, Metadata, MetadataFilter};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use super::integer::index;
use super::{PyArg, text};
use crate::errors::{ArgError, ArgResult};

/// The name that errors contain until the caller's is known.
const FIELD: &str = "metadata";

/// Converts metadata.
pub(super) fn metadata(field: &str, given: PyArg<'_, '_>) -> ArgResult<Metadata> {
    let convert = || Ok(Metadata::from_map(object(given)?)?);
    convert().map_err(|error: ArgError| error.map_field(|_| field.to_owned()))
}

/// Converts any JSON value.
pub(super) fn json(field: &str, given: PyArg<'_, '_>) -> ArgResult<JsonValue> {
    let convert = || {
        let value = Reader { bytes_left: MAX_ROW_BYTES }.value(given, 0)?;
        Ok(JsonValue::from_value(value)?)
    };
    convert().map_err(|error: ArgError| error.map_field(|_| field.to_owned()))
}

/// Converts required metadata.
pub(super) fn metadata_filter(field: &str, given: PyArg<'_, '_>) -> ArgResult<Vec<MetadataFilter>> {
    let convert = || {
        let filters = object(given)?.into_iter();
        Ok(filters.map(|(key, value)| MetadataFilter::new(key, value)).collect::<Result<_, _>>()?)
    };
    convert().map_err(|error: ArgError| error.map_field(|_| field.to_owned()))
}

/// Converts a `dict` to a JSON object.
fn object(given: PyArg<'_, '_>) -> ArgResult<Map<String, Value>> {
    let dict = given.cast::<PyDict>();
    let dict = dict.map_err(|_| ArgError::wrong_type(FIELD, "a dict or None", given))?;
    Reader { bytes_left: MAX_ROW_BYTES }.object(dict, 1)
}

/// Converts nested objects, limited in depth and size.
///
/// The depth limit rejects an object that contains itself. The size limit rejects one that contains
/// another object many times. Both are rejected before they exhaust memory.
struct Reader {
    /// Remaining bytes of JSON. The count is approximate, but never rejects metadata that fits.
    bytes_left: u64,
}

impl Reader {
    fn object(&mut self, given: &Bound<'_, PyDict>, depth: usize) -> ArgResult<Map<String, Value>> {
        check_depth(depth)?;
        let mut map = Map::new();
        for (key, value) in given {
            if !key.is_instance_of::<PyString>() {
                return Err(ArgError::wrong_type(FIELD, "a dict whose keys are all str", &key));
            }
            let name = text(FIELD, &key)?;
            self.spend(name.len() + 3)?;
            map.insert(name.to_owned(), self.value(&value, depth)?);
        }
        Ok(map)
    }

    fn list<'py>(
        &mut self,
        given: impl Iterator<Item = Bound<'py, PyAny>>,
        depth: usize,
    ) -> ArgResult<Value> {
        check_depth(depth)?;
        given
            .map(|value| self.value(&value, depth))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    }

    /// Converts a value in a container at this depth, or at depth 0 in none.
    fn value(&mut self, given: PyArg<'_, '_>, depth: usize) -> ArgResult<Value> {
        // Size of the shortest value and its comma.
        self.spend(2)?;
        if given.is_instance_of::<PyString>() {
            let text = text(FIELD, given)?;
            self.spend(text.len())?;
            return Ok(Value::String(text.to_owned()));
        }
        if given.is_none() {
            return Ok(Value::Null);
        }
        if let Ok(given) = given.cast::<PyBool>() {
            return Ok(Value::Bool(given.is_true()));
        }
        if let Ok(given) = given.cast::<PyInt>() {
            return integer(given).map(Value::Number);
        }
        if let Ok(given) = given.cast::<PyFloat>() {
            let number = Number::from_f64(given.value());
            let invalid = || {
                ArgError::invalid(FIELD, "contains NaN or an infinity, which JSON cannot represent")
            };
            return number.map(Value::Number).ok_or_else(invalid);
        }
        if let Ok(given) = given.cast::<PyDict>() {
            return self.object(given, depth + 1).map(Value::Object);
        }
        if let Ok(given) = given.cast::<PyList>() {
            return self.list(given.iter(), depth + 1);
        }
        if let Ok(given) = given.cast::<PyTuple>() {
            return self.list(given.iter(), depth + 1);
        }
        if let Some(given) = index(given)? {
            return integer(&given).map(Value::Number);
        }
        Err(ArgError::wrong_type(
            FIELD,
            "made of dict, list, tuple, str, int, float, bool and None",
            given,
        ))
    }

    fn spend(&mut self, bytes: usize) -> ArgResult<()> {
        self.bytes_left = self.bytes_left.checked_sub(bytes as u64).ok_or_else(|| {
            ArgError::invalid(
                FIELD,
                format!("is too large: the maximum size of a message is {MAX_ROW_BYTES} bytes"),
            )
        })?;
        Ok(())
    }
}

fn check_depth(depth: usize) -> ArgResult<()> {
    let limit = Metadata::MAX_DEPTH;
    if depth > limit {
        Err(ArgError::invalid(FIELD, format!("nests deeper than {limit} levels")))
    } else {
        Ok(())
    }
}

fn integer(given: &Bound<'_, PyInt>) -> ArgResult<Number> {
    let signed = given.extract::<i64>().map(Number::from);
    let number = signed.or_else(|_| given.extract::<u64>().map(Number::from));
    number.map_err(|_| ArgError::invalid(FIELD, "contains an integer that does not fit in 64 bits"))
}
