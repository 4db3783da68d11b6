//! The format of vector files.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    messages: Vec<Value>,
    cases: Vec<RawCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    call: String,
    arguments: Value,
    // Distinguishes an expected null from a missing key.
    #[serde(default, deserialize_with = "present")]
    expect: Option<Value>,
    error: Option<RawError>,
    #[serde(default, rename = "text_only")]
    _text_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    kind: String,
    field: String,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A file of vectors.
pub(super) struct VectorFile {
    /// Messages that are logged before the first case.
    pub(super) messages: Vec<Value>,
    pub(super) cases: Vec<Case>,
}

/// A call and its expected outcome.
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
        let raw: RawFile = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let messages = raw.messages.into_iter().map(expanded).collect();
        Self { messages, cases: raw.cases.into_iter().map(Case::from).collect() }
    }
}

impl From<RawCase> for Case {
    fn from(raw: RawCase) -> Self {
        let expected = match (raw.expect, raw.error) {
            (Some(answer), None) => Expected::Answer(expanded(answer)),
            (None, Some(RawError { kind, field })) => Expected::Error { kind, field },
            _ => panic!("{:?} must have either expect or error", raw.name),
        };
        Self { name: raw.name, call: raw.call, arguments: expanded(raw.arguments), expected }
    }
}

/// Expands `{"$repeat": …}` and `{"$concat": …}` in a value.
fn expanded(value: Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("$repeat") => {
            let (text, times): (String, usize) = serde_json::from_value(map["$repeat"].clone())
                .expect("$repeat takes a text and a number");
            Value::String(text.repeat(times))
        }
        Value::Object(map) if map.len() == 1 && map.contains_key("$concat") => {
            let parts: Vec<Value> =
                serde_json::from_value(map["$concat"].clone()).expect("$concat takes a list");
            let parts = parts.into_iter().map(expanded);
            Value::String(
                parts.map(|part| part.as_str().expect("$concat takes texts").to_owned()).collect(),
            )
        }
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, expanded(value))).collect(),
        Value::Array(values) => values.into_iter().map(expanded).collect(),
        other => other,
    }
}
