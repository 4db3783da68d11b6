//! Any JSON value, identical on every engine.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::canonical_form::is_canonical;
use super::canonical_json::{canonical_json, canonical_text};
use super::json_limits::{check_json, parse_json};
use crate::error::{Error, ErrorKind, Result};
use crate::schema::Json;

/// The name that errors contain until the caller's is known.
const FIELD: &str = "value";

/// A JSON value in canonical form: an object, a list, a string, a number, a boolean or null.
///
/// It has the form and the limits of [`Metadata`](super::Metadata), which is always an object. Keys
/// are sorted, and the last of duplicate keys is kept. Integers are exact within 64 bits.
///
/// ```
/// use chatkeep_core::JsonValue;
///
/// let value = JsonValue::parse(r#"[ 1, {"b": null, "a": "x"} ]"#)?;
/// assert_eq!(value.as_json(), r#"[1,{"a":"x","b":null}]"#);
/// assert_eq!(JsonValue::text("dark")?.as_json(), r#""dark""#);
/// assert_eq!(JsonValue::parse("[1").unwrap_err().field(), Some("value"));
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Json)]
pub struct JsonValue(String);

impl JsonValue {
    /// Parses a JSON text.
    ///
    /// # Errors
    /// `InvalidInput` with the field `value` when the text is not JSON, or exceeds a limit of
    /// [`Metadata::parse`](super::Metadata::parse).
    pub fn parse(text: &str) -> Result<Self> {
        parse_json(FIELD, "valid JSON", text).and_then(Self::from_value)
    }

    /// Validates a value that is already parsed.
    ///
    /// # Errors
    /// `InvalidInput` with the field `value` when the value exceeds a limit of
    /// [`Metadata::parse`](super::Metadata::parse).
    pub fn from_value(mut value: Value) -> Result<Self> {
        check_json(FIELD, &mut value)?;
        Ok(Self(canonical_text(&value)))
    }

    /// Creates a JSON string.
    ///
    /// # Errors
    /// `InvalidInput` with the field `value` when the text contains a NUL character.
    pub fn text(text: &str) -> Result<Self> {
        Self::from_value(Value::from(text))
    }

    /// Returns the null value.
    pub fn null() -> Self {
        Self("null".to_owned())
    }

    /// Returns the value as canonical JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Returns the parsed value.
    pub fn to_value(&self) -> Value {
        // The text was validated when this value was created, so parsing it cannot fail.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// Converts the text of a column to canonical form. Other programs may have written it: invalid
    /// JSON is an error, while values outside the limits are accepted.
    pub(crate) fn from_stored(text: &str) -> Result<Self> {
        if is_canonical(text) {
            return Ok(Self(text.to_owned()));
        }
        canonical_json(text).map(Self).map_err(|error| {
            Error::new(ErrorKind::Corrupt, format!("a stored value is not valid JSON: {error}"))
        })
    }
}

impl From<bool> for JsonValue {
    fn from(value: bool) -> Self {
        Self(value.to_string())
    }
}

impl From<i64> for JsonValue {
    fn from(value: i64) -> Self {
        Self(value.to_string())
    }
}

impl fmt::Display for JsonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JsonValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for JsonValue {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_has_a_canonical_text() {
        for (text, canonical) in [
            ("null", "null"),
            (" true ", "true"),
            ("-0", "0.0"),
            ("-0.0", "0.0"),
            ("1e2", "100.0"),
            ("18446744073709551615", "18446744073709551615"),
            (r#""\u0041'\"""#, r#""A'\"""#),
            ("[ ]", "[]"),
            (r#"{"b":1,"a":[2,{}],"b":3}"#, r#"{"a":[2,{}],"b":3}"#),
        ] {
            assert_eq!(JsonValue::parse(text).unwrap().as_json(), canonical, "{text}");
            assert_eq!(JsonValue::from_stored(text).unwrap().as_json(), canonical, "{text}");
        }
    }

    #[test]
    fn other_texts_and_values_beyond_the_limits_are_rejected() {
        let deep = format!("{}{}", "[".repeat(31), "]".repeat(31));
        for (text, message) in [
            ("", "must be valid JSON"),
            ("dark", "must be valid JSON"),
            ("1 2", "must be valid JSON"),
            ("NaN", "must be valid JSON"),
            ("18446744073709551616", "64 bits"),
            ("1e400", "out of range"),
            (r#""\ud800""#, "surrogate"),
            (r#""\u0000""#, "NUL"),
            (&deep, "30 levels"),
        ] {
            let error = JsonValue::parse(text).expect_err(text);
            assert_eq!(error.field(), Some("value"), "{text}");
            assert!(error.message().contains(message), "{text}: {error}");
        }
        assert!(JsonValue::parse(&deep[1..61]).is_ok());
    }
}
