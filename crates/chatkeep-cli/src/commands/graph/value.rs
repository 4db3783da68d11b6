//! Serialized values, decoded for reading. No object is ever constructed.

use rmpv::Value;
use serde::Deserialize as _;

use crate::numbers::bytes;
use crate::text::{safe_json, visible_line};

/// Maximum size of a value that is decoded. It limits the memory, which is a multiple of the size.
const MAX_BYTES: usize = 16 << 20;
/// Maximum depth of nested lists and maps, as in serde_json.
const MAX_DEPTH: usize = 128;

/// Decodes a serialized value. `None` if it is invalid, larger than 16 MiB, or of another format.
pub(super) fn decode(format: &str, data: &[u8]) -> Option<Value> {
    match format {
        _ if data.len() > MAX_BYTES => None,
        "json" => serde_json::from_slice(data).ok(),
        "msgpack" => message_pack(data),
        "null" if data.is_empty() => Some(Value::Nil),
        _ => None,
    }
}

/// Decodes a value of MessagePack, such as the content of an extension.
pub(super) fn message_pack(mut data: &[u8]) -> Option<Value> {
    let mut deserializer = rmp_serde::Deserializer::new(&mut data);
    deserializer.set_max_depth(MAX_DEPTH);
    let value = Value::deserialize(&mut deserializer).ok()?;
    data.is_empty().then_some(value)
}

/// Formats a serialized value as text that is similar to JSON, or as its format and size.
pub(super) fn describe(format: &str, data: &[u8], columns: usize) -> String {
    match decode(format, data) {
        Some(value) => {
            let mut out = String::new();
            write(&value, &mut out, columns, 0, 0);
            out
        }
        None => format!("<{}, {}>", visible_line(format, 64), bytes(data.len() as u64)),
    }
}

/// Formats a value as one line.
pub(super) fn to_line(value: &Value) -> String {
    let mut out = String::new();
    write_line(value, &mut out, usize::MAX);
    out
}

/// Writes a value after `used` columns of a line that has this indentation. Lists and maps that fit
/// have one line.
fn write(value: &Value, out: &mut String, columns: usize, indent: usize, used: usize) {
    let start = out.len();
    if write_line(value, out, start + columns.saturating_sub(used)) {
        return;
    }
    out.truncate(start);
    let inner = indent + 2;
    let begin_line = |out: &mut String| {
        out.push('\n');
        out.extend(std::iter::repeat_n(' ', inner));
    };
    let end_line = |out: &mut String, is_last: bool| out.push_str(if is_last { "" } else { "," });
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                begin_line(out);
                write(item, out, columns, inner, inner + 1);
                end_line(out, index + 1 == items.len());
            }
            out.push_str(&format!("\n{:indent$}]", ""));
        }
        Value::Map(entries) if !entries.is_empty() => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                begin_line(out);
                let key = to_line(key) + ": ";
                out.push_str(&key);
                write(value, out, columns, inner, inner + key.len() + 1);
                end_line(out, index + 1 == entries.len());
            }
            out.push_str(&format!("\n{:indent$}}}", ""));
        }
        other => {
            write_line(other, out, usize::MAX);
        }
    }
}

/// Writes a value on one line. Returns false as soon as the text has more than `limit` bytes.
fn write_line(value: &Value, out: &mut String, limit: usize) -> bool {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Boolean(value) => out.push_str(&value.to_string()),
        Value::Integer(value) => out.push_str(&value.to_string()),
        Value::F32(value) => out.push_str(&float((*value).into())),
        Value::F64(value) => out.push_str(&float(*value)),
        Value::String(text) => match text.as_str() {
            Some(text) if text.len() > limit.saturating_sub(out.len()) => return false,
            Some(text) => out.push_str(&quoted(text)),
            None => out.push_str(&binary(text.as_bytes())),
        },
        Value::Binary(data) => out.push_str(&binary(data)),
        Value::Ext(code, data) => {
            out.push_str(&format!("<extension {code}, {}>", bytes(data.len() as u64)));
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                if !write_line(item, out, limit) {
                    return false;
                }
            }
            out.push(']');
        }
        Value::Map(entries) => {
            out.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                if !write_line(key, out, limit) {
                    return false;
                }
                out.push_str(": ");
                if !write_line(value, out, limit) {
                    return false;
                }
            }
            out.push('}');
        }
    }
    out.len() <= limit
}

/// Formats a number as Python's JSON does, which has names for the values that JSON lacks.
fn float(value: f64) -> String {
    if value.is_finite() {
        format!("{value:?}")
    } else if value.is_nan() {
        "NaN".to_owned()
    } else {
        (if value > 0.0 { "Infinity" } else { "-Infinity" }).to_owned()
    }
}

fn binary(data: &[u8]) -> String {
    format!("<{}>", bytes(data.len() as u64))
}

fn quoted(text: &str) -> String {
    safe_json(serde_json::Value::from(text).to_string())
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
