//! The elements of a serialized list, without building the values.
//!
//! The formats are MessagePack (<https://github.com/msgpack/msgpack/blob/master/spec.md>) and JSON
//! (RFC 8259). A list is separated only if joining its elements gives the same bytes again, so a
//! value is always returned exactly as it was stored.
//!
//! A list of MessagePack is separated with each checkpoint, so only the lengths of its values are
//! read. A deserializer would decode and copy every text.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A format in which the elements of a list can be separated.
///
/// The order of the names is part of the encoding of checkpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Format {
    MessagePack,
    Json,
}

impl Format {
    /// Returns the format that a serializer calls by this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "msgpack" => Some(Self::MessagePack),
            "json" => Some(Self::Json),
            _ => None,
        }
    }

    /// Returns the name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            Self::Json => "json",
        }
    }
}

/// Returns the elements of a list that a caller stores. `None` if the value is not a list, or is
/// encoded in a way that joining would not reproduce.
pub(super) fn split(format: Format, list: &[u8]) -> Option<Vec<&[u8]>> {
    let elements = elements(format, list)?;
    (!elements.is_empty() && join(format, &elements) == list).then_some(elements)
}

/// Returns the elements of a list. `None` if the value is not a list.
pub(super) fn elements(format: Format, list: &[u8]) -> Option<Vec<&[u8]>> {
    match format {
        Format::MessagePack => message_pack_elements(list),
        Format::Json => {
            let elements = serde_json::from_slice::<Vec<&RawValue>>(list).ok()?;
            Some(elements.into_iter().map(|element| element.get().as_bytes()).collect())
        }
    }
}

/// Returns the list with these elements.
pub(super) fn join(format: Format, elements: &[&[u8]]) -> Vec<u8> {
    let size = elements.iter().map(|element| element.len() + 1).sum::<usize>();
    let mut list = Vec::with_capacity(size + 5);
    match format {
        Format::MessagePack => {
            message_pack_header(elements.len(), &mut list);
            elements.iter().for_each(|element| list.extend_from_slice(element));
        }
        Format::Json => {
            list.push(b'[');
            for (at, element) in elements.iter().enumerate() {
                if at > 0 {
                    list.push(b',');
                }
                list.extend_from_slice(element);
            }
            list.push(b']');
        }
    }
    list
}

/// Appends the shortest header of a list, which serializers write.
fn message_pack_header(count: usize, out: &mut Vec<u8>) {
    if let Some(short) = u8::try_from(count).ok().filter(|count| *count < 16) {
        out.push(0x90 | short);
    } else if let Ok(count) = u16::try_from(count) {
        out.push(0xdc);
        out.extend_from_slice(&count.to_be_bytes());
    } else {
        out.push(0xdd);
        out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }
}

fn message_pack_elements(list: &[u8]) -> Option<Vec<&[u8]>> {
    let (count, mut at) = match *list.first()? {
        short @ 0x90..=0x9f => (usize::from(short & 0x0f), 1),
        0xdc => (number(list, 1, 2)?, 3),
        0xdd => (number(list, 1, 4)?, 5),
        _ => return None,
    };
    let mut elements = Vec::with_capacity(count.min(list.len()));
    for _ in 0..count {
        let end = message_pack_end(list, at)?;
        elements.push(&list[at..end]);
        at = end;
    }
    (at == list.len()).then_some(elements)
}

/// Returns the end of the value that begins at `at`. It does not recurse, so nesting cannot exhaust
/// the stack.
fn message_pack_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    let mut values: usize = 1;
    while values > 0 {
        values -= 1;
        let marker = *bytes.get(at)?;
        at += 1;
        // The length of the rest of the value, and the number of values in it.
        let (length, nested) = match marker {
            0x00..=0x7f | 0xc0..=0xc3 | 0xe0..=0xff => (0, 0),
            0x80..=0x8f => (0, 2 * usize::from(marker & 0x0f)),
            0x90..=0x9f => (0, usize::from(marker & 0x0f)),
            0xa0..=0xbf => (usize::from(marker & 0x1f), 0),
            // Binary data and strings.
            0xc4 | 0xd9 => (1 + number(bytes, at, 1)?, 0),
            0xc5 | 0xda => (2 + number(bytes, at, 2)?, 0),
            0xc6 | 0xdb => (4 + number(bytes, at, 4)?, 0),
            // Extensions, with a byte for their type.
            0xc7 => (2 + number(bytes, at, 1)?, 0),
            0xc8 => (3 + number(bytes, at, 2)?, 0),
            0xc9 => (5 + number(bytes, at, 4)?, 0),
            0xd4..=0xd8 => (1 + (1 << (marker - 0xd4)), 0),
            // Numbers.
            0xcc | 0xd0 => (1, 0),
            0xcd | 0xd1 => (2, 0),
            0xca | 0xce | 0xd2 => (4, 0),
            0xcb | 0xcf | 0xd3 => (8, 0),
            // Lists and maps.
            0xdc => (2, number(bytes, at, 2)?),
            0xdd => (4, number(bytes, at, 4)?),
            0xde => (2, 2 * number(bytes, at, 2)?),
            0xdf => (4, number(bytes, at, 4)?.checked_mul(2)?),
        };
        at = at.checked_add(length)?;
        values = values.checked_add(nested)?;
    }
    (at <= bytes.len()).then_some(at)
}

/// Returns the big-endian number of `length` bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(length)?)?;
    Some(digits.iter().fold(0, |number, digit| number << 8 | usize::from(*digit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(format: Format, list: &[u8]) -> Option<Vec<Vec<u8>>> {
        split(format, list).map(|elements| elements.into_iter().map(<[u8]>::to_vec).collect())
    }

    #[test]
    fn lists_of_message_pack_are_split_and_joined() {
        // 1, -1, nil, 1.5, "é", [1, {"a": bin}], ext(5, 3 bytes), fixext(16), u64, str8, map16.
        let mut values: Vec<Vec<u8>> = vec![
            vec![1],
            vec![0xff],
            vec![0xc0],
            [vec![0xcb], 1.5_f64.to_be_bytes().to_vec()].concat(),
            vec![0xa2, 0xc3, 0xa9],
            vec![0x92, 1, 0x81, 0xa1, b'a', 0xc4, 2, 9, 9],
            vec![0xc7, 3, 5, 1, 2, 3],
            [vec![0xd8, 1], vec![7; 16]].concat(),
            vec![0xcf, 0, 0, 0, 0, 0, 0, 0, 1],
            [vec![0xd9, 40], vec![b'x'; 40]].concat(),
            vec![0xde, 0, 1, 0xa1, b'k', 0xdd, 0, 0, 0, 1, 0xc3],
        ];
        for count in [1, 11, 16, 70_000] {
            values.resize(count.max(11), vec![0xc2]);
            let given: Vec<&[u8]> = values[..count].iter().map(Vec::as_slice).collect();
            let list = join(Format::MessagePack, &given);
            assert_eq!(split(Format::MessagePack, &list).as_deref(), Some(&given[..]), "{count}");
            // A list that is cut, or has bytes after it, is not one.
            assert_eq!(split(Format::MessagePack, &list[..list.len() - 1]), None);
            assert_eq!(split(Format::MessagePack, &[&list[..], &[1]].concat()), None);
        }
        // Not a list; an empty one; a header that is longer than necessary; an invalid length.
        for other in
            [&[0x81, 1, 2][..], &[0x90], &[0xdc, 0, 1, 5], &[0xdd, 255, 255, 255, 255, 1], &[]]
        {
            assert_eq!(pieces(Format::MessagePack, other), None, "{other:?}");
        }
    }

    #[test]
    fn lists_of_json_are_split_and_joined() {
        let list = br#"[1,"a,]\"\\",{"b":[1,2],"c":"}"},[],null]"#;
        let expected: Vec<&[u8]> =
            vec![b"1", br#""a,]\"\\""#, br#"{"b":[1,2],"c":"}"}"#, b"[]", b"null"];
        assert_eq!(split(Format::Json, list), Some(expected));
        // Joining would lose the space of the first one.
        for other in [&b"[1, 2]"[..], b"{}", b"[]", b"[", b"1", b"[1,]", b""] {
            assert_eq!(pieces(Format::Json, other), None, "{other:?}");
        }
    }

    #[test]
    fn nesting_does_not_exhaust_the_stack() {
        let list = [vec![0x91; 1_000_000], vec![0xc0]].concat();
        assert_eq!(split(Format::MessagePack, &list).map(|elements| elements.len()), Some(1));
    }
}
