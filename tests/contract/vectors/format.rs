//! The format of vector files.

use std::path::Path;

use chatkeep_testkit::scenarios::expand;
use serde::Deserialize;
use serde_json::{Map, Value};

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
    expand(value, &Map::new()).expect("a well-formed vector")
}
