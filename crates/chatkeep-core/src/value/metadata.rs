//! Message metadata: a JSON object, identical on every engine.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::canonical_form::is_canonical;
use super::canonical_json::{canonical_json, canonical_text};
use super::json_limits::{MAX_DEPTH, MAX_KEY_BYTES, check_json, parse_json};
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
    pub const MAX_DEPTH: usize = MAX_DEPTH;
    /// Maximum length of a key in bytes (MySQL's limit).
    pub const MAX_KEY_BYTES: usize = MAX_KEY_BYTES;

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
        match parse_json(FIELD, "a JSON object", text)? {
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
    /// `InvalidInput` with the field `metadata` when a value, the depth or a key is not allowed;
    /// see [`Metadata::parse`].
    pub fn from_map(map: Map<String, Value>) -> Result<Self> {
        let mut value = Value::Object(map);
        check_json(FIELD, &mut value)?;
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
