//! Values of arguments, on their way from another language.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::message::{Cursor, MetadataFilter};
use crate::value::{Bytes, JsonValue, Metadata, Timestamp};

/// The value of an argument, converted according to its [`Type`](super::Type).
///
/// The conversion belongs to each language, because the errors about a wrong type name the types
/// of that language.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// The argument was omitted. Its default applies.
    Missing,
    /// No value: `None`, `null` or `nil`.
    Nothing,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A duration.
    Seconds(Duration),
    /// A string.
    Text(String),
    /// A path.
    Path(PathBuf),
    /// A timestamp.
    Timestamp(Timestamp),
    /// Binary data.
    Bytes(Bytes),
    /// A JSON object.
    Metadata(Metadata),
    /// Any JSON value.
    Json(JsonValue),
    /// Required metadata.
    MetadataFilter(Vec<MetadataFilter>),
    /// A position in the message log.
    Cursor(Cursor),
    /// A list.
    List(Vec<Value>),
    /// Values by name.
    Map(BTreeMap<String, Value>),
    /// The values of a record, in the order of its fields.
    Record(Vec<Value>),
}
