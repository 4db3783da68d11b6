//! Items of the memory, and the rules that they must meet.

use serde::Serialize;

use super::namespace::encode;
use crate::described::Record;
use crate::error::{Error, Result};
use crate::value::{MAX_ROW_BYTES, Metadata, Timestamp, check_bytes, check_nonempty_name};

/// Maximum length of a key, in characters.
const MAX_KEY: usize = 255;
/// Maximum size of an encoded namespace and a key together, in bytes. PostgreSQL's index entries have
/// at most 2,704 bytes.
const MAX_INDEXED_BYTES: usize = 2_600;

/// An item of the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct Memory {
    /// Namespace, from the outermost segment on.
    pub namespace: Vec<String>,
    /// Key in the namespace.
    pub key: String,
    /// Value.
    pub value: Metadata,
    /// Time at which the item was first stored.
    pub created_at: Timestamp,
    /// Time at which the value was last stored.
    pub updated_at: Timestamp,
    /// Time at which the item expires. `None` if it does not.
    pub expires_at: Option<Timestamp>,
    /// Seconds after which the item expires unless it is stored or read again.
    pub ttl_seconds: Option<i64>,
}

/// An item to store or to delete.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(argument)]
pub struct NewMemory {
    /// Namespace, from the outermost segment on. Each segment has 1–255 characters. The namespace has
    /// at most 500, with one more for each segment and for each slash or backslash in it.
    pub namespace: Vec<String>,
    /// Key in the namespace, 1–255 characters.
    pub key: String,
    /// Value, as a JSON object. Without one, the item is deleted.
    #[record(required)]
    pub value: Option<Metadata>,
    /// Seconds after which the item expires unless it is stored or read again, 1 or more.
    pub ttl_seconds: Option<i64>,
}

impl NewMemory {
    /// Creates an item that does not expire.
    pub fn new(
        namespace: impl IntoIterator<Item = impl Into<String>>,
        key: impl Into<String>,
        value: Metadata,
    ) -> Self {
        Self { value: Some(value), ..Self::deletion(namespace, key) }
    }

    /// Creates the deletion of an item.
    pub fn deletion(
        namespace: impl IntoIterator<Item = impl Into<String>>,
        key: impl Into<String>,
    ) -> Self {
        let namespace = namespace.into_iter().map(Into::into).collect();
        Self { namespace, key: key.into(), value: None, ttl_seconds: None }
    }

    /// Sets the seconds after which the item expires.
    #[must_use]
    pub fn with_ttl_seconds(mut self, ttl_seconds: i64) -> Self {
        self.ttl_seconds = Some(ttl_seconds);
        self
    }
}

/// Validates a key, and encodes its namespace.
///
/// # Errors
/// `InvalidInput` with the field `namespace`, that of a segment (`namespace[1]`), or `key`.
pub fn check_key(namespace: &[String], key: &str) -> Result<String> {
    let encoded = encode("namespace", namespace)?;
    check_indexed(&encoded, "key", key)?;
    Ok(encoded)
}

/// Validates a key in an encoded namespace.
pub(super) fn check_indexed(encoded: &str, field: &'static str, key: &str) -> Result<()> {
    check_nonempty_name(field, key, MAX_KEY)?;
    let size = encoded.len() + key.len();
    if size > MAX_INDEXED_BYTES {
        return Err(Error::invalid_input(
            "namespace",
            format!("has {size} bytes with the key; at most {MAX_INDEXED_BYTES} can be stored"),
        ));
    }
    Ok(())
}

/// Validates the size of a value.
pub(super) fn check_value(value: &Metadata) -> Result<()> {
    check_bytes("value", value.as_json(), MAX_ROW_BYTES)
}

/// Returns the time at which an item expires.
///
/// # Errors
/// `InvalidInput` with the field `ttl_seconds`.
pub(super) fn expiry(now: Timestamp, ttl_seconds: Option<i64>) -> Result<Option<Timestamp>> {
    let Some(seconds) = ttl_seconds else { return Ok(None) };
    let microseconds = seconds.checked_mul(1_000_000).filter(|microseconds| *microseconds > 0);
    let end = microseconds.and_then(|microseconds| now.checked_add_microseconds(microseconds));
    end.map(Some).ok_or_else(|| {
        Error::invalid_input(
            "ttl_seconds",
            format!("must be 1 or more, and at most until the year 9999, not {seconds}"),
        )
    })
}
