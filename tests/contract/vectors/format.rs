//! The form of a file of vectors.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    messages: Vec<Value>,
    cases: Vec<WrittenCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCase {
    name: String,
    call: String,
    arguments: Value,
    // A case that expects null has the key all the same.
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<WrittenError>,
    #[serde(default, rename = "text_only")]
    _text_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenError {
    kind: String,
    field: String,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A file of vectors.
pub(super) struct VectorFile {
    /// What is logged before the first case.
    pub(super) messages: Vec<Value>,
    pub(super) cases: Vec<Case>,
}

/// A call, and what must come of it.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) call: String,
    pub(super) arguments: Value,
    pub(super) expected: Expected,
}

pub(super) enum Expected {
    Answer(Value),
    Error { kind: String, field: String },
}

impl VectorFile {
    pub(super) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let written: Written = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let messages = written.messages.into_iter().map(spelled_out).collect();
        Self { messages, cases: written.cases.into_iter().map(Case::from).collect() }
    }
}

impl From<WrittenCase> for Case {
    fn from(written: WrittenCase) -> Self {
        let expected = match (written.expect, written.error) {
            (Some(answer), None) => Expected::Answer(spelled_out(answer)),
            (None, Some(WrittenError { kind, field })) => Expected::Error { kind, field },
            _ => panic!("{:?} must have either expect or error", written.name),
        };
        Self {
            name: written.name,
            call: written.call,
            arguments: spelled_out(written.arguments),
            expected,
        }
    }
}

/// The value with `{"$repeat": …}` and `{"$concat": …}` replaced by the texts that they stand for.
fn spelled_out(value: Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("$repeat") => {
            let (text, times): (String, usize) = serde_json::from_value(map["$repeat"].clone())
                .expect("$repeat takes a text and a number");
            Value::String(text.repeat(times))
        }
        Value::Object(map) if map.len() == 1 && map.contains_key("$concat") => {
            let parts: Vec<Value> =
                serde_json::from_value(map["$concat"].clone()).expect("$concat takes a list");
            let parts = parts.into_iter().map(spelled_out);
            Value::String(
                parts.map(|part| part.as_str().expect("$concat takes texts").to_owned()).collect(),
            )
        }
        Value::Object(map) => {
            map.into_iter().map(|(key, value)| (key, spelled_out(value))).collect()
        }
        Value::Array(values) => values.into_iter().map(spelled_out).collect(),
        other => other,
    }
}
