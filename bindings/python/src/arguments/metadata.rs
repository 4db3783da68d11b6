//! Metadata: from a `dict` to a JSON object, in one pass.

use chatkeep::{MAX_ROW_BYTES, Metadata};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use serde_json::{Map, Number, Value};

use super::integer::index;
use super::{Given, text};
use crate::errors::Refusal;

pub(super) const FIELD: &str = "metadata";

/// Metadata or nothing.
pub(super) fn optional_metadata(given: Given<'_, '_>) -> Result<Option<Metadata>, Refusal> {
    if given.is_none() {
        return Ok(None);
    }
    let map = object(
        given.cast::<PyDict>().map_err(|_| Refusal::wrong_type(FIELD, "a dict or None", given))?,
    )?;
    Ok(Some(Metadata::from_map(map)?))
}

/// The `dict` as a JSON object.
pub(super) fn object(given: &Bound<'_, PyDict>) -> Result<Map<String, Value>, Refusal> {
    Reader { left: MAX_ROW_BYTES }.object(given, 1)
}

/// Reads objects inside each other. One that holds itself ends at the limit of depth, and one that holds another in many
/// places at the limit of size, so both are refused before they fill the memory.
struct Reader {
    /// Bytes of JSON that the rest may have, roughly, but never too few.
    left: u64,
}

impl Reader {
    fn object(
        &mut self,
        given: &Bound<'_, PyDict>,
        depth: usize,
    ) -> Result<Map<String, Value>, Refusal> {
        check_depth(depth)?;
        let mut map = Map::new();
        for (key, value) in given {
            if !key.is_instance_of::<PyString>() {
                return Err(Refusal::wrong_type(FIELD, "a dict whose keys are all str", &key));
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
    ) -> Result<Value, Refusal> {
        check_depth(depth)?;
        given
            .map(|value| self.value(&value, depth))
            .collect::<Result<Vec<_>, _>>()
            .map(Value::Array)
    }

    /// What lies in a container of this depth.
    fn value(&mut self, given: Given<'_, '_>, depth: usize) -> Result<Value, Refusal> {
        // What the shortest value and its comma take.
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
            let wrong =
                || Refusal::input(FIELD, "holds NaN or an infinity, which JSON has no number for");
            return number.map(Value::Number).ok_or_else(wrong);
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
        Err(Refusal::wrong_type(
            FIELD,
            "made of dict, list, tuple, str, int, float, bool and None",
            given,
        ))
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.left = self.left.checked_sub(bytes as u64).ok_or_else(|| {
            Refusal::input(
                FIELD,
                format!("is too large: a message has at most {MAX_ROW_BYTES} bytes"),
            )
        })?;
        Ok(())
    }
}

fn check_depth(depth: usize) -> Result<(), Refusal> {
    let limit = Metadata::MAX_DEPTH;
    if depth > limit {
        Err(Refusal::input(FIELD, format!("nests deeper than {limit} levels")))
    } else {
        Ok(())
    }
}

fn integer(given: &Bound<'_, PyInt>) -> Result<Number, Refusal> {
    let signed = given.extract::<i64>().map(Number::from);
    let number = signed.or_else(|_| given.extract::<u64>().map(Number::from));
    number.map_err(|_| Refusal::input(FIELD, "holds an integer that does not fit 64 bits"))
}
