//! Serialized values, decoded for reading. No object is ever constructed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::numbers::bytes;
use crate::text::{safe_json, visible_line};

/// Maximum size of a value that is decoded. It limits the memory, which is a multiple of the size.
const MAX_BYTES: usize = 16 << 20;
/// Maximum depth of nested lists and maps, as in serde_json.
const MAX_DEPTH: usize = 128;

/// A decoded value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// Binary data of this size.
    Binary(u64),
    /// An extension type of MessagePack: its code and content.
    Extension(i8, Vec<u8>),
    List(Vec<Node>),
    Map(Entries),
}

/// Entries of a map, in their order.
pub(super) type Entries = Vec<(Node, Node)>;

/// Decodes a serialized value. `None` if it is invalid, larger than 16 MiB, or of another format.
pub(super) fn decode(format: &str, data: &[u8]) -> Option<Node> {
    match format {
        _ if data.len() > MAX_BYTES => None,
        "json" => serde_json::from_slice(data).ok(),
        "msgpack" => message_pack(data),
        "null" if data.is_empty() => Some(Node::Null),
        _ => None,
    }
}

/// Decodes a value of MessagePack, such as the content of an extension.
pub(super) fn message_pack(mut data: &[u8]) -> Option<Node> {
    let mut deserializer = rmp_serde::Deserializer::new(&mut data);
    deserializer.set_max_depth(MAX_DEPTH);
    let node = Node::deserialize(&mut deserializer).ok()?;
    data.is_empty().then_some(node)
}

/// Formats a serialized value as text that is similar to JSON, or as its format and size.
pub(super) fn describe(format: &str, data: &[u8], columns: usize) -> String {
    match decode(format, data) {
        Some(node) => node.to_text(columns),
        None => format!("<{}, {}>", visible_line(format, 64), bytes(data.len() as u64)),
    }
}

impl Node {
    /// Formats the value. Lists and maps that fit have one line.
    pub(super) fn to_text(&self, columns: usize) -> String {
        let mut out = String::new();
        self.write(&mut out, columns, 0, 0);
        out
    }

    /// Formats the value as one line.
    pub(super) fn to_line(&self) -> String {
        let mut out = String::new();
        self.write_line(&mut out, usize::MAX);
        out
    }

    /// Returns the text, if the value is one.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the entries, if the value is a map.
    pub(super) fn as_map(&self) -> Option<&Entries> {
        match self {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Writes the value after `used` columns of a line that has this indentation.
    fn write(&self, out: &mut String, columns: usize, indent: usize, used: usize) {
        let start = out.len();
        if self.write_line(out, start + columns.saturating_sub(used)) {
            return;
        }
        out.truncate(start);
        let inner = indent + 2;
        let begin_line = |out: &mut String| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', inner));
        };
        let end_line =
            |out: &mut String, is_last: bool| out.push_str(if is_last { "" } else { "," });
        match self {
            Self::List(items) if !items.is_empty() => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    begin_line(out);
                    item.write(out, columns, inner, inner + 1);
                    end_line(out, index + 1 == items.len());
                }
                out.push_str(&format!("\n{:indent$}]", ""));
            }
            Self::Map(entries) if !entries.is_empty() => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    begin_line(out);
                    let key = key.to_line() + ": ";
                    out.push_str(&key);
                    value.write(out, columns, inner, inner + key.len() + 1);
                    end_line(out, index + 1 == entries.len());
                }
                out.push_str(&format!("\n{:indent$}}}", ""));
            }
            other => {
                other.write_line(out, usize::MAX);
            }
        }
    }

    /// Writes the value on one line. Returns false as soon as the text has more than `limit` bytes.
    fn write_line(&self, out: &mut String, limit: usize) -> bool {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => out.push_str(&value.to_string()),
            Self::Integer(value) => out.push_str(&value.to_string()),
            Self::Float(value) if value.is_finite() => out.push_str(&format!("{value:?}")),
            Self::Float(value) if value.is_nan() => out.push_str("NaN"),
            Self::Float(value) => out.push_str(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::Text(text) if text.len() > limit.saturating_sub(out.len()) => return false,
            Self::Text(text) => out.push_str(&quoted(text)),
            Self::Binary(size) => out.push_str(&format!("<{}>", bytes(*size))),
            Self::Extension(code, data) => {
                out.push_str(&format!("<extension {code}, {}>", bytes(data.len() as u64)));
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    if !item.write_line(out, limit) {
                        return false;
                    }
                }
                out.push(']');
            }
            Self::Map(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { ", " });
                    if !key.write_line(out, limit) {
                        return false;
                    }
                    out.push_str(": ");
                    if !value.write_line(out, limit) {
                        return false;
                    }
                }
                out.push('}');
            }
        }
        out.len() <= limit
    }
}

fn quoted(text: &str) -> String {
    safe_json(serde_json::Value::from(text).to_string())
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Integer(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    /// Visits binary data, or text that is not UTF-8.
    fn visit_bytes<E: Error>(self, data: &[u8]) -> Result<Node, E> {
        Ok(Node::Binary(data.len() as u64))
    }

    /// Visits an extension type, which rmp-serde presents as a pair of code and content.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, pair: D) -> Result<Node, D::Error> {
        let (code, Content(data)) = Deserialize::deserialize(pair)?;
        Ok(Node::Extension(code, data))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Node::Map(map))
    }
}

/// The content of an extension.
struct Content(Vec<u8>);

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl Visitor<'_> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("binary data")
            }

            fn visit_bytes<E: Error>(self, data: &[u8]) -> Result<Content, E> {
                Ok(Content(data.to_vec()))
            }
        }
        deserializer.deserialize_bytes(ContentVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_its_order_and_its_large_numbers() {
        let json = r#"{"b": 18446744073709551615, "a": [1.0, -2, null, true, "\u001b[31m"]}"#;
        assert_eq!(describe("json", json.as_bytes(), 80), json);
        let expected = r#"{
  "b": 18446744073709551615,
  "a": [
    1.0,
    -2,
    null,
    true,
    "\u001b[31m"
  ]
}"#;
        assert_eq!(describe("json", json.as_bytes(), 30), expected);
        assert_eq!(
            describe("json", b"{\"a\": [], \"b\": {}}", 8),
            "{\n  \"a\": [],\n  \"b\": {}\n}"
        );
    }

    #[test]
    fn message_pack_is_decoded_without_objects() {
        // {7: [1.5, NaN, bin(2), "a"], "x": ext(5, 3 bytes)}, and text that is not UTF-8.
        let data = [
            &[0x82, 7, 0x94, 0xca, 0x3f, 0xc0, 0, 0, 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0][..],
            &[0xc4, 2, 1, 2, 0xa1, b'a', 0xa1, b'x', 0xc7, 3, 5, 1, 2, 3],
        ]
        .concat();
        let text = r#"{7: [1.5, NaN, <2 bytes>, "a"], "x": <extension 5, 3 bytes>}"#;
        assert_eq!(describe("msgpack", &data, 80), text);
        assert_eq!(describe("msgpack", &[0xa1, 0xff], 80), "<1 byte>");
        assert_eq!(describe("msgpack", &[0xd4, 0xff, 0], 80), "<extension -1, 1 byte>");
    }

    #[test]
    fn other_values_are_shown_by_format_and_size() {
        let deep = [vec![0x91; 10_000], vec![0xc0]].concat();
        let deep_json = "[".repeat(10_000) + &"]".repeat(10_000);
        let cases: [(&str, &[u8], &str); 9] = [
            ("pickle", b"\x80\x04.", "<pickle, 3 bytes>"),
            ("null", b"", "null"),
            ("json", b"NaN", "<json, 3 bytes>"),
            ("json", b"1 2", "<json, 3 bytes>"),
            ("json", deep_json.as_bytes(), "<json, 20.0 kB>"),
            ("msgpack", &[1, 2], "<msgpack, 2 bytes>"),
            ("msgpack", &[0xdd, 255, 255, 255, 255, 1], "<msgpack, 6 bytes>"),
            ("msgpack", &[0xc9, 255, 255, 255, 255, 5], "<msgpack, 6 bytes>"),
            ("msgpack", &deep, "<msgpack, 10.0 kB>"),
        ];
        for (format, data, text) in cases {
            assert_eq!(describe(format, data, 80), text);
        }
        assert_eq!(describe("msgpack", &vec![0xc0; MAX_BYTES + 1], 80), "<msgpack, 16.8 MB>");
    }
}
