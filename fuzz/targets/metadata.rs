//! Metadata: each value has one canonical text, also when it is read from a column.

#![no_main]

use chatkeep_core::{ErrorKind, Metadata, fuzzing};
use chatkeep_fuzz::{check_error, check_field};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Metadata::parse(text) {
        Ok(metadata) => {
            is_canonical(&metadata);
            has_equal_value(text, &metadata);
            assert_eq!(fuzzing::stored_metadata(text).ok().as_ref(), Some(&metadata), "{text:?}");
        }
        Err(error) => check_field(&error, "metadata"),
    }
    match fuzzing::stored_metadata(text) {
        // Metadata stored by other programs may exceed our limits, but is returned in the canonical
        // form.
        Ok(stored) => {
            let again = fuzzing::stored_metadata(stored.as_json());
            assert_eq!(again.ok().as_ref(), Some(&stored), "{text:?}");
        }
        Err(error) => check_error(&error, &[ErrorKind::Corrupt]),
    }
});

fn is_canonical(metadata: &Metadata) {
    let text = metadata.as_json();
    assert_eq!(Metadata::parse(text).ok().as_ref(), Some(metadata), "{text:?}");
    assert_eq!(Metadata::from_map(metadata.to_map()).ok().as_ref(), Some(metadata), "{text:?}");
    assert_eq!(serde_json::to_value(metadata).ok(), serde_json::from_str(text).ok(), "{text:?}");
    let value: Value = serde_json::from_str(text).expect("the canonical text is JSON");
    assert!(value.is_object(), "{text:?}");
    assert!(depth(&value) <= Metadata::MAX_DEPTH, "{text:?}");
    assert!(!text.contains(['\0', '\n']) && !has_nul(&value), "{text:?}");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || has_nul(value)),
        Value::Array(values) => values.iter().any(has_nul),
        Value::String(text) => text.contains('\0'),
        _ => false,
    }
}

/// Asserts that the value equals that of the text; -0.0 equals 0.0.
fn has_equal_value(text: &str, metadata: &Metadata) {
    let expected: Value = serde_json::from_str(text).expect("the text was accepted as JSON");
    assert_eq!(expected, Value::Object(metadata.to_map()), "{text:?}");
}
