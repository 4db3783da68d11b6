//! Arguments as JSON text.

use std::collections::BTreeMap;

use chatkeep_core::described::{Field, Type, Value};
use chatkeep_core::{Error, JsonValue, Metadata, Result};
use serde_json::value::RawValue;

use super::json::{unknown_argument, value_from_json};

/// Converts the text of a JSON object with the arguments' names as keys to the values of `fields`.
///
/// Metadata and JSON values are parsed from their own text. An integer beyond 64 bits is therefore an error, as on
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
        Type::Json => {
            let parsed = JsonValue::parse(text).map(Value::Json);
            parsed.map_err(|error| error.with_field(name.to_owned()))
        }
        Type::Map(element) if text.starts_with('{') => {
            let entries: BTreeMap<String, &RawValue> = parse(name, text)?;
            let entry = |(key, element_text): (String, &RawValue)| {
                let field = format!("{name}[{key}]");
                Ok((key, value_from_text(&field, element, element_text.get())?))
            };
            entries.into_iter().map(entry).collect::<Result<_>>().map(Value::Map)
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
    use chatkeep_core::described::{DefaultValue, Described as _, Placement};

    use super::*;

    #[test]
    fn json_values_and_maps_are_parsed_from_their_own_text() {
        let field = |name, ty| Field {
            name,
            source: name,
            documentation: "",
            ty,
            default: DefaultValue::Nothing,
            placement: Placement::Automatic,
        };
        let fields = [
            field("value", Type::Json),
            field("default", Type::Optional(&Type::Json)),
            field("values", Type::Map(&Type::Json)),
        ];
        let parse = |text: &str| arguments_from_json_text(&fields, text);
        let json = |text: &str| Value::Json(JsonValue::parse(text).unwrap());
        let text = r#"{"value":null,"default":null,"values":{"b":[1,{"y":2,"x":5e18}],"a":null}}"#;
        let entries = [("a", "null"), ("b", r#"[1,{"x":5e18,"y":2}]"#)];
        let map = entries.map(|(key, text)| (key.to_owned(), json(text)));
        let expected = [json("null"), Value::Nothing, Value::Map(map.into())];
        assert_eq!(parse(text).unwrap(), expected);
        for (text, name) in [
            (r#"{"value":18446744073709551616}"#, "value"),
            (r#"{"default":"\u0000"}"#, "default"),
            (r#"{"values":{"a":1e400}}"#, "values[a]"),
            (r#"{"values":[1]}"#, "values"),
            (r#"{"values":null}"#, "values"),
        ] {
            assert_eq!(parse(text).unwrap_err().field(), Some(name), "{text}");
        }
    }

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
