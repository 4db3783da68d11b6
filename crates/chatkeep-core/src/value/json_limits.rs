//! Limits of JSON values, within which every engine returns the stored value.

use serde_json::{Number, Value};

use super::strict_json::oversized_integer;
use crate::error::{Error, Result};

/// Maximum nesting depth of objects and lists, including the outermost one. MariaDB's `JSON_VALID`
/// does not accept deeper ones.
pub(super) const MAX_DEPTH: usize = 30;
/// Maximum length of a key in bytes (MySQL's limit).
pub(super) const MAX_KEY_BYTES: usize = 65_535;

/// Parses a JSON text. `expected` describes a valid text, for errors.
///
/// # Errors
/// `InvalidInput` with the field.
pub(super) fn parse_json(field: &'static str, expected: &str, text: &str) -> Result<Value> {
    // serde_json stops at 128 levels, so no input can exhaust the stack.
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let cause = error.to_string();
        let hint = if cause.starts_with("recursion limit") {
            format!("nests deeper than {MAX_DEPTH} levels")
        } else if cause.contains("hex escape") || cause.contains("surrogate") {
            format!("contains a lone surrogate, which is not a character ({cause})")
        } else {
            format!("must be {expected} ({cause})")
        };
        Error::invalid_input(field, hint)
    })?;
    if let Some(literal) = oversized_integer(text) {
        // A literal can be arbitrarily long; the start is enough to find it.
        let shown: String = literal.chars().take(24).collect();
        return Err(Error::invalid_input(
            field,
            format!("the integer {shown} does not fit in 64 bits"),
        ));
    }
    Ok(value)
}

/// Checks the limits of a value, and normalises its numbers.
///
/// # Errors
/// `InvalidInput` with the field.
pub(super) fn check_json(field: &'static str, value: &mut Value) -> Result<()> {
    check_at(field, value, 1)
}

/// `depth` is the depth of this value; the outermost one has depth 1.
fn check_at(field: &'static str, value: &mut Value, depth: usize) -> Result<()> {
    match value {
        Value::Object(_) | Value::Array(_) if depth > MAX_DEPTH => {
            Err(Error::invalid_input(field, format!("nests deeper than {MAX_DEPTH} levels")))
        }
        Value::Object(map) => {
            for (key, value) in map {
                if key.len() > MAX_KEY_BYTES {
                    return Err(Error::invalid_input(
                        field,
                        format!("a key is longer than {MAX_KEY_BYTES} bytes"),
                    ));
                }
                refuse_nul(field, key)?;
                check_at(field, value, depth + 1)?;
            }
            Ok(())
        }
        Value::Array(values) => {
            values.iter_mut().try_for_each(|value| check_at(field, value, depth + 1))
        }
        Value::String(text) => refuse_nul(field, text),
        Value::Number(number) => normalise(number),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn refuse_nul(field: &'static str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid_input(
            field,
            "contains a NUL character (U+0000), which databases cannot store",
        ));
    }
    Ok(())
}

/// Replaces negative zero by zero, because PostgreSQL's JSON cannot represent it.
///
/// Integral doubles of 2^64 and more need no change. An engine that expands their exponent returns
/// an integer of more than 64 bits, which parses to the same double.
fn normalise(number: &mut Number) -> Result<()> {
    if number.as_f64() == Some(0.0) && number.is_f64() {
        *number = Number::from_f64(0.0).ok_or_else(|| Error::internal("zero is a number"))?;
    }
    Ok(())
}
