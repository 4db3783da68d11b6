//! Message metadata: a JSON object, identical on every engine.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Number, Value};

use super::canonical_form::is_canonical;
use super::canonical_json::{canonical_json, canonical_text};
use super::strict_json::oversized_integer;
use crate::error::{Error, Result};
use crate::schema::Json;

const FIELD: &str = "metadata";

/// The metadata of a message: a validated JSON object in canonical form.
///
/// Engines store JSON differently: PostgreSQL reorders keys and expands exponents, MySQL converts
/// numbers to doubles, SQLite and MariaDB keep the text. Therefore the text is converted to a
/// canonical form before it is stored and after it is read. Keys are sorted, and the last of
/// duplicate keys is kept. Integers are exact within 64 bits, and negative zero becomes zero.
///
/// ```
/// use chatkeep_core::Metadata;
///
/// let metadata = Metadata::parse(r#"{"turn": 2, "id": "q-81", "turn": 3}"#)?;
/// assert_eq!(metadata.as_json(), r#"{"id":"q-81","turn":3}"#);
/// assert_eq!(Metadata::parse("[1]").unwrap_err().field(), Some("metadata"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Json)]
pub struct Metadata(String);

impl Metadata {
    /// Maximum nesting depth of objects and lists, including the outermost object. MariaDB's
    /// `JSON_VALID` does not accept deeper ones.
    pub const MAX_DEPTH: usize = 30;
    /// Maximum length of a key in bytes (MySQL's limit).
    pub const MAX_KEY_BYTES: usize = 65_535;

    /// Parses a JSON object.
    ///
    /// # Errors
    /// `InvalidInput` with the field `metadata` when the text:
    /// - is not a JSON object,
    /// - nests deeper than [`Metadata::MAX_DEPTH`],
    /// - contains an integer that does not fit in 64 bits, or a number outside a double's range,
    /// - contains a NUL character or a lone surrogate,
    /// - or contains a key longer than [`Metadata::MAX_KEY_BYTES`].
    pub fn parse(text: &str) -> Result<Self> {
        // serde_json stops at 128 levels, so no input can exhaust the stack.
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let cause = error.to_string();
            let hint = if cause.starts_with("recursion limit") {
                format!("nests deeper than {} levels", Self::MAX_DEPTH)
            } else if cause.contains("hex escape") || cause.contains("surrogate") {
                format!("contains a lone surrogate, which is not a character ({cause})")
            } else {
                format!("must be a JSON object ({cause})")
            };
            Error::invalid_input(FIELD, hint)
        })?;
        if let Some(literal) = oversized_integer(text) {
            // A literal can be arbitrarily long; the start is enough to find it.
            let shown: String = literal.chars().take(24).collect();
            return Err(Error::invalid_input(
                FIELD,
                format!("the integer {shown} does not fit in 64 bits"),
            ));
        }
        match value {
            Value::Object(map) => Self::from_map(map),
            other => Err(Error::invalid_input(
                FIELD,
                format!("must be a JSON object, not {}", kind(&other)),
            )),
        }
    }

    /// Validates an object that is already parsed.
    ///
    /// # Errors
    /// `InvalidInput`, for the same reasons as [`Metadata::parse`].
    pub fn from_map(map: Map<String, Value>) -> Result<Self> {
        let mut value = Value::Object(map);
        check(&mut value, 1)?;
        Ok(Self(canonical_text(&value)))
    }

    /// Returns the object as canonical JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Returns the object as a map.
    pub fn to_map(&self) -> Map<String, Value> {
        // The text was validated when this value was created, so parsing it cannot fail.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Converts the text of a column to canonical form. Other programs may have written it: invalid
    /// JSON is an error, while values outside chatkeep's limits are accepted.
    pub(crate) fn from_stored(text: &str) -> Result<Self> {
        if is_canonical(text) && text.starts_with('{') {
            return Ok(Self(text.to_owned()));
        }
        canonical_json(text).map(Self).map_err(|error| {
            Error::new(crate::ErrorKind::Corrupt, format!("metadata is not valid JSON: {error}"))
        })
    }
}

/// Checks the limits of [`Metadata::parse`], and normalises numbers. `depth` is the depth of this
/// value; the outermost object has depth 1.
fn check(value: &mut Value, depth: usize) -> Result<()> {
    match value {
        Value::Object(_) | Value::Array(_) if depth > Metadata::MAX_DEPTH => {
            Err(Error::invalid_input(
                FIELD,
                format!("nests deeper than {} levels", Metadata::MAX_DEPTH),
            ))
        }
        Value::Object(map) => {
            for (key, value) in map {
                if key.len() > Metadata::MAX_KEY_BYTES {
                    let limit = Metadata::MAX_KEY_BYTES;
                    return Err(Error::invalid_input(
                        FIELD,
                        format!("a key is longer than {limit} bytes"),
                    ));
                }
                refuse_nul(key)?;
                check(value, depth + 1)?;
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| check(value, depth + 1)),
        Value::String(text) => refuse_nul(text),
        Value::Number(number) => normalise(number),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn refuse_nul(text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::invalid_input(
            FIELD,
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

/// Returns the JSON type of a value, for errors.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Metadata {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_map().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_map(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let error = Metadata::parse(text).expect_err(text);
        assert_eq!(error.field(), Some("metadata"));
        error.message().to_owned()
    }

    #[test]
    fn non_objects_and_invalid_values_are_rejected() {
        assert_eq!(refused("[1]"), "must be a JSON object, not a list");
        assert_eq!(refused("\"a\""), "must be a JSON object, not a string");
        assert!(refused("{\"a\": NaN}").starts_with("must be a JSON object ("));
        assert!(refused("{\"a\": 1e400}").contains("out of range"));
        assert!(refused(r#"{"a": "\ud800"}"#).contains("surrogate"));
        assert!(refused(r#"{"a": "b\u0000"}"#).contains("NUL"));
        assert!(refused(r#"{"a\u0000": 1}"#).contains("NUL"));
    }

    #[test]
    fn nesting_beyond_the_limit_is_rejected_at_any_depth() {
        let nested =
            |depth: usize| format!("{{\"a\":{}1{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Metadata::parse(&nested(Metadata::MAX_DEPTH)).is_ok());
        for depth in [Metadata::MAX_DEPTH + 1, 127, 128, 10_000] {
            assert_eq!(refused(&nested(depth)), "nests deeper than 30 levels");
        }
    }

    #[test]
    fn integers_are_exact_within_64_bits_and_rejected_beyond() {
        let text = r#"{"a":9007199254740993,"b":9223372036854775807,"c":18446744073709551615}"#;
        assert_eq!(Metadata::parse(text).unwrap().as_json(), text);
        assert!(refused(r#"{"a": 18446744073709551616}"#).contains("18446744073709551616"));
    }

    #[test]
    fn doubles_round_trip_through_every_engine() {
        let metadata =
            Metadata::parse(r#"{"a": 5e18, "b": -0.0, "c": 1e300, "d": 0.1, "e": 100.0}"#).unwrap();
        assert_eq!(
            metadata.as_json(),
            r#"{"a":5000000000000000000.0,"b":0.0,"c":1e+300,"d":0.1,"e":100.0}"#
        );
        let expanded = format!(r#"{{"c": 1{}, "a": 5000000000000000000.0}}"#, "0".repeat(300));
        assert_eq!(
            Metadata::from_stored(&expanded).unwrap().as_json(),
            r#"{"a":5000000000000000000.0,"c":1e+300}"#
        );
    }
}
