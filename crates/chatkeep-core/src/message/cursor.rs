//! A place in the log that stays where it is while messages come and go.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::value::Timestamp;

/// The first byte of a cursor, so that its form can change one day.
const VERSION: u8 = 1;

/// A place in the log, as an opaque text. The page behind it starts with the next message in order, however many were
/// logged or deleted meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    timestamp: Timestamp,
    id: i64,
}

impl Cursor {
    /// The place behind the message with this timestamp and id, whether or not there is one.
    ///
    /// ```
    /// use chatkeep_core::{Cursor, Timestamp};
    ///
    /// let cursor = Cursor::behind(Timestamp::parse("2024-02-29T12:00:00Z")?, 42);
    /// assert_eq!(cursor.to_string().parse::<Cursor>()?, cursor);
    /// # Ok::<(), chatkeep_core::Error>(())
    /// ```
    pub fn behind(timestamp: Timestamp, id: i64) -> Self {
        Self { timestamp, id }
    }

    pub(crate) fn timestamp(self) -> Timestamp {
        self.timestamp
    }

    pub(crate) fn id(self) -> i64 {
        self.id
    }
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
        let wrong = || Error::invalid_input("cursor", "is not one that chatkeep gave out");
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
    fn a_cursor_reads_back_and_anything_else_is_refused() {
        let cursor = Cursor::behind(Timestamp::parse("2024-01-02T03:04:05.678901Z").unwrap(), 42);
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for text in ["", "abc", "AQ", "é", "////", &"A".repeat(400)] {
            assert_eq!(text.parse::<Cursor>().unwrap_err().field(), Some("cursor"), "{text}");
        }
    }
}
