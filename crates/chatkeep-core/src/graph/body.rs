//! The content of a checkpoint's row, and the places of its values.

use serde::{Deserialize, Serialize};

use super::elements::Format;
use super::packed;
use crate::error::Result;

/// Version of the encoding. A later one begins with another number.
pub(super) const VERSION: u8 = 1;

/// A checkpoint's content. The order of the fields is part of the encoding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) version: u8,
    pub(super) format: String,
    pub(super) data: Vec<u8>,
    pub(super) metadata_format: String,
    pub(super) metadata: Vec<u8>,
    pub(super) source: Option<String>,
    pub(super) step: Option<i64>,
    pub(super) delta_channels: Vec<String>,
    pub(super) channels: Vec<Channel>,
}

/// A channel, and the place of its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Channel {
    pub(super) channel: String,
    pub(super) version: String,
    pub(super) value: Place,
}

/// The place of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// There is none.
    Empty,
    /// Here.
    Here { format: String, data: Vec<u8> },
    /// In the row of `graph_values` with this SHA-256.
    Stored([u8; 32]),
    /// In the rows of `graph_segments`.
    List(List),
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) format: Format,
    /// Begin of the SHA-256 of all elements.
    pub(super) hash: [u8; 16],
    /// The ranges that have the elements, in their order.
    pub(super) parts: Vec<Part>,
}

/// A range of elements that are stored under one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Key of the segments.
    pub(super) key: i64,
    /// Position of the first element.
    pub(super) start: u64,
    /// Position after the last element.
    pub(super) end: u64,
}

impl Body {
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        packed::encode(self)
    }

    /// Decodes the content of a row.
    ///
    /// # Errors
    /// `Internal` when it was not written by this version of the library.
    pub(super) fn decode(row: &[u8]) -> Result<Self> {
        let body: Self = packed::decode(row)?;
        if body.version == VERSION { Ok(body) } else { Err(packed::unreadable()) }
    }

    pub(super) fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.channel == name)
    }

    /// Returns the lists of all channels.
    pub(super) fn lists(&self) -> impl Iterator<Item = &List> {
        self.channels.iter().filter_map(|channel| match &channel.value {
            Place::List(list) => Some(list),
            _ => None,
        })
    }
}

impl List {
    /// Returns the number of elements.
    pub(super) fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.end - part.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(channels: Vec<Channel>) -> Body {
        Body {
            version: VERSION,
            format: "json".to_owned(),
            data: b"{}".to_vec(),
            metadata_format: "json".to_owned(),
            metadata: b"{}".to_vec(),
            source: None,
            step: Some(-1),
            delta_channels: Vec::new(),
            channels,
        }
    }

    #[test]
    fn content_is_read_as_it_was_written() {
        let list = List {
            format: Format::MessagePack,
            hash: [7; 16],
            parts: vec![Part { key: -5, start: 3, end: 400 }],
        };
        let places = [
            Place::Empty,
            Place::Here { format: "json".to_owned(), data: b"1".to_vec() },
            Place::Stored([9; 32]),
            Place::List(list),
        ];
        let channels = places.into_iter().map(|value| Channel {
            channel: "c".to_owned(),
            version: "1".to_owned(),
            value,
        });
        let body = body(channels.collect());
        let encoded = body.encode().expect("it is encoded");
        assert_eq!(Body::decode(&encoded).expect("it is decoded"), body);
        let later = Body { version: 2, ..body }.encode().expect("it is encoded");
        assert!(Body::decode(&later).is_err(), "a later version");
    }

    #[test]
    fn the_encoding_does_not_change() {
        let encoded = body(Vec::new()).encode().expect("it is encoded");
        assert_eq!(encoded, b"\0\x01\x04json\x02{}\x04json\x02{}\0\x01\x01\0\0");
    }
}
