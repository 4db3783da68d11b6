//! Arguments as JSON text.

use std::collections::BTreeMap;

use chatkeep_core::described::{Field, Type, Value};
use chatkeep_core::{Error, Metadata, Result};
use serde_json::value::RawValue;

use super::json::{unknown_argument, value_from_json};

/// Converts the text of a JSON object with the arguments' names as keys to the values of `fields`.
///
/// Metadata is parsed from its own text. An integer beyond 64 bits is therefore an error, as on
/// every other way into the log, and not a rounded number.
///
/// # Errors
/// - `InvalidInput`: the text is not an object, a key is unknown, or a value has the wrong type. The
///   error's field is the key. The message does not quote the text.
pub fn arguments_from_json_text(fields: &[Field], text: &str) -> Result<Vec<Value>> {
    object_values("arguments", "", fields, text)
}

fn object_values(name: &str, prefix: &str, fields: &[Field], text: &str) -> Result<Vec<Value>> {
    let mut object: BTreeMap<String, &RawValue> = parse(name, text)?;
    let value = |field: &Field| match object.remove(field.name) {
        None => Ok(Value::Missing),
        Some(raw) => value_from_text(&format!("{prefix}{}", field.name), &field.ty, raw.get()),
    };
    let values = fields.iter().map(value).collect::<Result<_>>()?;
    match object.keys().next() {
        Some(unknown) => Err(unknown_argument(fields, format!("{prefix}{unknown}"))),
        None => Ok(values),
    }
}

fn value_from_text(name: &str, ty: &Type, text: &str) -> Result<Value> {
    match ty {
        Type::Optional(inner) if text != "null" => value_from_text(name, inner, text),
        Type::Metadata => {
            let parsed = Metadata::parse(text).map(Value::Metadata);
            parsed.map_err(|error| error.with_field(name.to_owned()))
        }
        Type::List(element) if text.starts_with('[') => {
            let elements: Vec<&RawValue> = parse(name, text)?;
            let value = |(index, element_text): (usize, &&RawValue)| {
                value_from_text(&format!("{name}[{index}]"), element, element_text.get())
            };
            elements.iter().enumerate().map(value).collect::<Result<_>>().map(Value::List)
        }
        Type::Record(record) if text.starts_with('{') => {
            object_values(name, &format!("{name}."), record.fields, text).map(Value::Record)
        }
        _ => value_from_json(name, ty, parse(name, text)?),
    }
}

fn parse<'a, T: serde::Deserialize<'a>>(name: &str, text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = format!("is not valid JSON at line {line}, column {column}");
        Error::invalid_input(name.to_owned(), message)
    })
}

#[cfg(test)]
mod tests {
    use chatkeep_core::NewMessage;
    use chatkeep_core::described::Described as _;

    use super::*;

    #[test]
    fn metadata_is_checked_as_its_own_text() {
        let Type::Record(record) = NewMessage::TYPE else { panic!("a message is a record") };
        let error = |text: &str| arguments_from_json_text(record.fields, text).unwrap_err();
        for metadata in ["18446744073709551616", "1e400", "\"\\ud800\""] {
            let text = format!("{{\"message\":\"a\",\"metadata\":{{\"n\":{metadata}}}}}");
            assert_eq!(error(&text).field(), Some("metadata"), "{metadata}");
        }
        let text = error("[\"secret\"]").to_string();
        assert!(text.starts_with("arguments: ") && !text.contains("secret"), "{text}");
        assert_eq!(error("{\"text\":1}").field(), Some("text"));
        let good = arguments_from_json_text(record.fields, "{\"message\":\"a\",\"metadata\":null}");
        assert_eq!(good.unwrap()[..1], [Value::Text("a".to_owned())]);
    }
}
