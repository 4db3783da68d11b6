//! Values of arguments as parsed JSON.

use std::time::Duration;

use chatkeep_core::described::{Field, Type, Value};
use chatkeep_core::{Bytes, Cursor, Error, MetadataFilter, Result, Timestamp};
use serde_json::Value as Json;

pub(super) fn unknown_argument(fields: &[Field], name: String) -> Error {
    let known: Vec<_> = fields.iter().map(|field| field.name).collect();
    let known = if known.is_empty() { "no arguments".to_owned() } else { known.join(", ") };
    Error::invalid_input(name, format!("is not an argument; expected {known}"))
}

/// Converts a JSON value to a value of the type. Metadata, JSON values, and the elements of lists, maps
/// and records are parsed from their own text before.
///
/// # Errors
/// - `InvalidInput` with the field `name`: the value has the wrong type.
pub(super) fn value_from_json(name: &str, ty: &Type, json: Json) -> Result<Value> {
    let invalid = |error: Error| {
        let field = if error.field().is_none_or(|field| !field.contains(['[', '.'])) {
            name.to_owned()
        } else {
            error.field().unwrap_or_default().to_owned()
        };
        error.with_field(field)
    };
    let wrong = |expected: &str, json: &Json| {
        Error::invalid_input(name.to_owned(), format!("must be {expected}, not {}", kind(json)))
    };
    match (ty, json) {
        (Type::Optional(_), Json::Null) => Ok(Value::Nothing),
        (Type::Optional(inner), json) => value_from_json(name, inner, json),
        (Type::Bool, Json::Bool(value)) => Ok(Value::Bool(value)),
        (Type::Bool, json) => Err(wrong("a boolean", &json)),
        (Type::Integer | Type::WideInteger, Json::Number(number)) => match number.as_i64() {
            Some(value) => Ok(Value::Integer(value)),
            None => Err(Error::invalid_input(
                name.to_owned(),
                format!("must be a 64-bit integer, not {number}"),
            )),
        },
        (Type::Integer | Type::WideInteger, json) => Err(wrong("an integer", &json)),
        (Type::Float, Json::Number(number)) => {
            Ok(Value::Float(number.as_f64().unwrap_or(f64::INFINITY)))
        }
        (Type::Float, json) => Err(wrong("a number", &json)),
        (Type::Seconds, Json::Number(number)) => {
            let seconds = number.as_f64().unwrap_or(f64::INFINITY);
            Duration::try_from_secs_f64(seconds).map(Value::Seconds).map_err(|_| {
                Error::invalid_input(
                    name.to_owned(),
                    format!("must be 0 or more seconds, not {number}"),
                )
            })
        }
        (Type::Seconds, json) => Err(wrong("a number of seconds", &json)),
        (Type::Text | Type::Secret | Type::Enum(_), Json::String(text)) => Ok(Value::Text(text)),
        (Type::Text | Type::Secret | Type::Enum(_), json) => Err(wrong("a string", &json)),
        (Type::Path, Json::String(text)) => Ok(Value::Path(text.into())),
        (Type::Path, json) => Err(wrong("a path", &json)),
        (Type::Timestamp, Json::String(text)) => {
            Timestamp::parse(&text).map(Value::Timestamp).map_err(invalid)
        }
        (Type::Timestamp, json) => Err(wrong("a string in ISO 8601", &json)),
        (Type::Bytes, Json::String(text)) => {
            Bytes::from_base64(&text).map(Value::Bytes).map_err(invalid)
        }
        (Type::Bytes, json) => Err(wrong("base64 text", &json)),
        (Type::MetadataFilter, Json::Null) => Ok(Value::Nothing),
        (Type::MetadataFilter, Json::Object(map)) => {
            let filters = map.into_iter().map(|(key, value)| MetadataFilter::new(key, value));
            filters.collect::<Result<_>>().map(Value::MetadataFilter).map_err(invalid)
        }
        (Type::MetadataFilter, json) => Err(wrong("a JSON object", &json)),
        (Type::Cursor, Json::String(text)) => {
            text.parse::<Cursor>().map(Value::Cursor).map_err(invalid)
        }
        (Type::Cursor, json) => Err(wrong("a cursor", &json)),
        (Type::List(_), json) => Err(wrong("a list", &json)),
        (Type::Map(_) | Type::Record(_), json) => Err(wrong("a JSON object", &json)),
        _ => Err(Error::internal(format!("{name} has a type that is not an argument's"))),
    }
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}
