//! The canonical text of a JSON value.
//!
//! It has no whitespace, sorted keys and only the last of duplicate keys. Floating-point numbers
//! have a form that stays floating-point in PostgreSQL's `numeric`.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Returns the canonical text of a value.
pub(crate) fn canonical_text(value: &Value) -> String {
    serialize(value, 64)
}

/// Converts a JSON text to its canonical form. It is called for every message that is read, so it
/// avoids copies.
pub(super) fn canonical_json(text: &str) -> serde_json::Result<String> {
    let node: Node<'_> = serde_json::from_str(text)?;
    Ok(serialize(&node, text.len()))
}

fn serialize(value: &impl Serialize, capacity: usize) -> String {
    let mut out = Vec::with_capacity(capacity);
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, CanonicalNumbers);
    // Writing to memory cannot fail: the keys are strings and the numbers are finite.
    let result = value.serialize(&mut serializer);
    debug_assert!(result.is_ok());
    String::from_utf8(out).unwrap_or_default()
}

/// A JSON value that borrows its strings from the parsed text.
enum Node<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    /// Sorted by key, with unique keys.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'de> Deserialize<'de> for Node<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Signed(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node<'de>, E> {
        Ok(Node::Float(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node<'de>, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        while let Some((Key(key), value)) = map.next_entry()? {
            members.push((key, value));
        }
        if !members.is_sorted_by(|(one, _), (next, _)| one < next) {
            // The sort is stable, so the last of equal keys is the last one in the text.
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            members.dedup_by(|later, kept| {
                let is_same = later.0 == kept.0;
                if is_same {
                    std::mem::swap(later, kept);
                }
                is_same
            });
        }
        Ok(Node::Object(members))
    }
}

/// A key, borrowed if possible. Serde's `Cow` never borrows by default.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_str(NodeVisitor)? {
            Node::Text(text) => Ok(Self(text)),
            _ => Err(serde::de::Error::custom("a key must be a string")),
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(nodes) => serializer.collect_seq(nodes),
            Self::Object(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

/// Writes integral doubles as `5000000000000000000.0`, not as `5e18`. PostgreSQL prints the number
/// without an exponent, so `5e18` would be read back as an integer, which is a different value.
struct CanonicalNumbers;

impl serde_json::ser::Formatter for CanonicalNumbers {
    fn write_f64<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        number: f64,
    ) -> std::io::Result<()> {
        if number == 0.0 {
            writer.write_all(b"0.0")
        } else if number.fract() == 0.0 && number.abs() < 1e21 {
            write!(writer, "{number:.1}")
        } else {
            write!(writer, "{}", Value::from(number))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_parsed_value_have_the_same_canonical_form() {
        for text in [
            "{}",
            r#" { "b" : [ 1 , -2, 3.5, 1e300, 5e18, -0.0, null, true, false, {} ], "a" : "x" } "#,
            r#"{"a":1,"b":2,"a":{"c":1,"c":2},"":"\u0041\n\ud83d\ude00 \u001f / \/"}"#,
            r#"{"\u0061":1,"a":2,"ä":3,"Z":4,"18446744073709551615":18446744073709551615}"#,
            r#"{"z":1,"m":-9223372036854775808}"#,
            "[[[]]]",
            r#""text""#,
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(canonical_json(text).unwrap(), canonical_text(&value), "{text}");
        }
        assert_eq!(canonical_json(r#"{"b":1,"a":2,"b":3}"#).unwrap(), r#"{"a":2,"b":3}"#);
        for text in ["", "{", r#"{"a":}"#, r#"{"a":1} x"#, r#"{1:2}"#] {
            assert!(canonical_json(text).is_err(), "{text}");
        }
    }
}
