//! Records, and lists of them, such as the messages of `log_messages`.

use chatkeep::Error;
use chatkeep::operation::{DefaultValue, Field, Record, Value};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::list::entries;
use super::{PyArg, text, value};
use crate::errors::{ArgError, ArgResult};

/// The keys that callers spelled as in a result, by the position of the record in its list.
///
/// A message returned by a query can be logged again. It has `user_message` where an argument is
/// named `message`, and errors must contain the caller's key.
#[derive(Default)]
pub(crate) struct ResultKeys(Vec<(Option<usize>, &'static Field)>);

impl ResultKeys {
    /// Returns the error with its field as the caller spelled it.
    pub(crate) fn respell(&self, error: Error) -> Error {
        let Some(field) = error.field() else { return error };
        let respelled = self.0.iter().find_map(|(index, key)| {
            let record = field.strip_suffix(key.name)?;
            let is_same = match index {
                Some(index) => record.ends_with(&format!("[{index}].")),
                None => record.ends_with('.') && !record.ends_with("]."),
            };
            is_same.then(|| format!("{record}{}", key.source))
        });
        match respelled {
            Some(field) => error.with_field(field),
            None => error,
        }
    }
}

/// Converts an iterable of `dict`s.
pub(super) fn records(
    name: &str,
    record: &'static Record,
    given: PyArg<'_, '_>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    let entries = entries(name, "an iterable of dicts", given)?;
    let mut values = Vec::new();
    for (index, entry) in entries.enumerate() {
        let value = from_dict(record, &entry?, Some(index), keys)
            .map_err(|error| in_record(&format!("{name}[{index}]"), error));
        values.push(value?);
    }
    Ok(Value::List(values))
}

/// Converts a `dict`.
pub(super) fn record(
    name: &str,
    record: &'static Record,
    given: PyArg<'_, '_>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    from_dict(record, given, None, keys).map_err(|error| in_record(name, error))
}

/// Adds the record's name to the field of an error, which is empty if the whole record is invalid.
fn in_record(name: &str, error: ArgError) -> ArgError {
    let dot = |field: &str| if field.is_empty() { "" } else { "." };
    error.map_field(|field| format!("{name}{}{field}", dot(field)))
}

fn from_dict(
    record: &'static Record,
    given: PyArg<'_, '_>,
    index: Option<usize>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    let entry = given.cast::<PyDict>().map_err(|_| ArgError::wrong_type("", "a dict", given))?;
    let mut entries: Vec<Option<(&'static str, Bound<'_, PyAny>)>> =
        vec![None; record.fields.len()];
    for (key, value) in entry {
        let key = text("", &key)?;
        let found = record.fields.iter().position(|field| field.name == key || field.source == key);
        let Some(at) = found else {
            // A record returned by a query has an id; the database assigns a new one.
            if key == "id" {
                continue;
            }
            return Err(unknown_key(record, key));
        };
        let field = &record.fields[at];
        let name = if field.name == key { field.name } else { field.source };
        if entries[at].replace((name, value)).is_some() {
            return Err(ArgError::invalid(name, "is given twice, under two names"));
        }
        if name != field.name {
            keys.0.push((index, field));
        }
    }
    let values = record.fields.iter().zip(&entries).map(|(field, entry)| match entry {
        Some((name, given)) => value(name, &field.ty, given, keys),
        None if field.default == DefaultValue::Required => {
            Err(ArgError::invalid(field.name, "is missing"))
        }
        None => Ok(Value::Missing),
    });
    values.collect::<Result<_, _>>().map(Value::Record)
}

fn unknown_key(record: &Record, key: &str) -> ArgError {
    let shown: String = key.chars().take(40).collect();
    let valid: Vec<_> = record.fields.iter().map(|field| field.name).collect();
    ArgError::invalid(&shown, format!("is not a valid key; valid keys are {}", valid.join(", ")))
}
