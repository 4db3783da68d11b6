//! Values of the described types.

use chatkeep::Error;
use chatkeep::operation::{Type, Value};
use pyo3::prelude::*;

use super::PyArg;
use super::boolean::boolean;
use super::bytes::{bytes, optional_bytes};
use super::cursor::cursor;
use super::integer::{integer, optional_integer};
use super::list::list;
use super::map::map;
use super::metadata::{json, metadata, metadata_filter};
use super::path::{optional_path, path};
use super::record::{ResultKeys, record, records};
use super::text::{optional_text, text};
use super::timeout::{number, seconds};
use super::timestamp::timestamp;
use crate::errors::{ArgError, ArgResult};

/// Converts an argument, or a value of a record, to its type.
pub(crate) fn value(
    name: &str,
    ty: &Type,
    given: PyArg<'_, '_>,
    keys: &mut ResultKeys,
) -> ArgResult<Value> {
    match ty {
        Type::Optional(_) | Type::MetadataFilter if given.is_none() => Ok(Value::Nothing),
        // The errors of these name `None` as a valid value.
        Type::Optional(Type::Integer | Type::WideInteger) => {
            Ok(optional_integer(name, given)?.map_or(Value::Nothing, Value::Integer))
        }
        Type::Optional(Type::Text | Type::Secret | Type::Enum(_)) => {
            let text = optional_text(name, given)?.map(str::to_owned);
            Ok(text.map_or(Value::Nothing, Value::Text))
        }
        Type::Optional(Type::Bytes) => {
            Ok(optional_bytes(name, given)?.map_or(Value::Nothing, Value::Bytes))
        }
        Type::Optional(Type::Path) => {
            Ok(optional_path(name, given)?.map_or(Value::Nothing, Value::Path))
        }
        Type::Optional(inner) => value(name, inner, given, keys),
        Type::Bool => boolean(name, given).map(Value::Bool),
        Type::Integer | Type::WideInteger => integer(name, given).map(Value::Integer),
        Type::Float => number(name, given).map(Value::Float),
        Type::Seconds => seconds(name, given).map(Value::Seconds),
        Type::Text | Type::Secret | Type::Enum(_) => {
            text(name, given).map(|text| Value::Text(text.to_owned()))
        }
        Type::Path => path(name, given).map(Value::Path),
        Type::Timestamp => timestamp(name, given).map(Value::Timestamp),
        Type::Bytes => bytes(name, given).map(Value::Bytes),
        Type::Metadata => metadata(name, given).map(Value::Metadata),
        Type::Json => json(name, given).map(Value::Json),
        Type::MetadataFilter => metadata_filter(name, given).map(Value::MetadataFilter),
        Type::Cursor => cursor(name, given).map(Value::Cursor),
        Type::List(Type::Record(described)) => records(name, described, given, keys),
        Type::List(element) => list(name, element, given, keys),
        Type::Map(element) => map(name, element, given, keys),
        Type::Record(described) => record(name, described, given, keys),
        _ => Err(ArgError::Input(Error::internal(format!("{name} has a type without arguments")))),
    }
}
