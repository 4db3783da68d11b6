//! A position in the log that stays valid while messages are stored and deleted.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::value::Timestamp;

/// First byte of a cursor: the version of its format.
const VERSION: u8 = 1;

/// A position in the log, as an opaque text. A page after it starts with the next message in order,
/// even if messages were logged or deleted since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    timestamp: Timestamp,
    id: i64,
}

impl Cursor {
    /// Returns the position after the message with this timestamp and id. The message need not
    /// exist.
    ///
    /// ```
    /// use chatkeep_core::{Cursor, Timestamp};
    ///
    /// let cursor = Cursor::after(Timestamp::parse("2024-02-29T12:00:00Z")?, 42);
    /// assert_eq!(cursor.to_string().parse::<Cursor>()?, cursor);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn after(timestamp: Timestamp, id: i64) -> Self {
        Self { timestamp, id }
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        self.timestamp
    }

    pub(crate) fn id(self) -> i64 {
        self.id
    }

    /// Returns the timestamp and the id as references, which handwritten SQL binds.
    pub(crate) fn parts(&self) -> (&Timestamp, &i64) {
        (&self.timestamp, &self.id)
    }
}

/// Removes the row that shows that there is a next page, and returns the cursor of that page.
///
/// `rows` are those of a query with the limit `limit + 1`, and `at` returns the position of a row.
pub(crate) fn next_page<T>(
    rows: &mut Vec<T>,
    limit: i64,
    at: impl FnOnce(&T) -> Cursor,
) -> Option<String> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more).map(at).map(|cursor| cursor.to_string())
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        bytes.extend(self.timestamp.as_microsecond().to_be_bytes());
        bytes.extend(self.id.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::invalid_input("cursor", "is not a cursor returned by chatkeep");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let [VERSION, rest @ ..] = bytes.as_slice() else { return Err(wrong()) };
        let (timestamp, id) = rest.split_at_checked(8).ok_or_else(wrong)?;
        let timestamp = i64::from_be_bytes(timestamp.try_into().map_err(|_| wrong())?);
        let id = i64::from_be_bytes(id.try_into().map_err(|_| wrong())?);
        Ok(Self { timestamp: Timestamp::from_microsecond(timestamp).map_err(|_| wrong())?, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_other_texts_are_invalid() {
        let cursor = Cursor::after(Timestamp::parse("2024-01-02T03:04:05.678901Z").unwrap(), 42);
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for text in ["", "abc", "AQ", "é", "////", &"A".repeat(400)] {
            assert_eq!(text.parse::<Cursor>().unwrap_err().field(), Some("cursor"), "{text}");
        }
    }
}
