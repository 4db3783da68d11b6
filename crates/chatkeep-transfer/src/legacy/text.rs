//! Conversion of column values of any type to text and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chatkeep_core::legacy::{BrokenText, RawValue};
use serde_json::{Map, Value, json};

use super::problem::Fault;

/// Original values that could not be stored unchanged, by column name.
pub(super) type Originals = Map<String, Value>;

/// Conversion of a row's values, with the faults found and the originals to keep.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) faults: Vec<Fault>,
    pub(super) originals: Originals,
}

impl Reading {
    pub(super) fn fault(
        &mut self,
        field: &'static str,
        reason: impl Into<String>,
        original: Value,
    ) {
        self.faults.push(Fault::new(field, reason));
        self.originals.insert(field.to_owned(), original);
    }

    /// Returns a column's value as text. Other types are converted; invalid text is repaired and
    /// recorded as a fault.
    pub(super) fn text(&mut self, field: &'static str, value: &RawValue) -> Option<String> {
        match value {
            RawValue::Null => None,
            RawValue::Integer(number) => Some(number.to_string()),
            RawValue::Real(number) => Some(number.to_string()),
            RawValue::Text(text) if !text.contains('\0') => Some(text.clone()),
            RawValue::Text(text) => Some(self.repair_text(
                field,
                "contains a NUL character \
                    (U+0000)",
                text.as_bytes(),
                text,
            )),
            RawValue::BrokenText(broken) => {
                Some(self.repair_text(field, why_broken(broken), &broken.bytes, &broken.readable))
            }
            RawValue::Blob(bytes) => {
                let readable = String::from_utf8_lossy(bytes);
                Some(self.repair_text(field, "is binary data, not text", bytes, &readable))
            }
        }
    }

    fn repair_text(
        &mut self,
        field: &'static str,
        reason: impl Into<String>,
        bytes: &[u8],
        readable: &str,
    ) -> String {
        self.fault(field, reason, in_base64(bytes));
        readable.replace('\0', "\u{fffd}")
    }

    /// Keeps the value of an unknown column.
    pub(super) fn add_original(&mut self, column: &str, value: &RawValue) {
        let value = match value {
            RawValue::Blob(bytes) => in_base64(bytes),
            other => as_json(other),
        };
        self.originals.insert(column.to_owned(), value);
    }

    /// Returns a column's value as text, truncated to `max_length` characters.
    pub(super) fn name(
        &mut self,
        field: &'static str,
        value: &RawValue,
        max_length: usize,
    ) -> Option<String> {
        let text = self.text(field, value)?;
        let length = text.chars().count();
        if length <= max_length {
            return Some(text);
        }
        let reason = format!("has {length} characters; the maximum is {max_length}");
        if self.originals.contains_key(field) {
            self.faults.push(Fault::new(field, reason));
        } else {
            self.fault(field, reason, Value::String(text.clone()));
        }
        Some(text.chars().take(max_length).collect())
    }
}

/// Converts a value to JSON. Bytes that are not text become base64.
pub(super) fn as_json(value: &RawValue) -> Value {
    match value {
        RawValue::Null => Value::Null,
        RawValue::Integer(number) => json!(number),
        RawValue::Real(number) if number.is_finite() => json!(number),
        // JSON has no infinite numbers.
        RawValue::Real(number) => Value::String(number.to_string()),
        RawValue::Text(text) => text_or_base64(Some(text), text.as_bytes()),
        RawValue::BrokenText(broken) => in_base64(&broken.bytes),
        RawValue::Blob(bytes) => text_or_base64(std::str::from_utf8(bytes).ok(), bytes),
    }
}

fn text_or_base64(text: Option<&str>, bytes: &[u8]) -> Value {
    match text {
        Some(text) if !text.contains('\0') => Value::String(text.to_owned()),
        _ => in_base64(bytes),
    }
}

fn in_base64(bytes: &[u8]) -> Value {
    json!({ "base64": STANDARD.encode(bytes) })
}

/// Describes why a text is invalid, for error messages.
pub(super) fn why_broken(text: &BrokenText) -> String {
    format!("is not valid {} from byte {} on", text.encoding, text.valid_up_to + 1)
}

/// Names the type of a value, for error messages.
pub(super) fn kind(value: &RawValue) -> &'static str {
    match value {
        RawValue::Null => "missing",
        RawValue::Integer(_) | RawValue::Real(_) => "a number",
        RawValue::Text(_) => "text",
        RawValue::BrokenText(_) => "invalid text",
        RawValue::Blob(_) => "binary data",
    }
}
