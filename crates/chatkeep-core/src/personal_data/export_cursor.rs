//! A position in an export.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, Result};
use crate::message::Cursor;
use crate::value::Timestamp;

/// First byte of a cursor: the version of its format.
const VERSION: u8 = 1;

/// A position in an export, as an opaque text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportCursor {
    /// Number of the section.
    pub(super) section: u8,
    /// Id of the last row whose parts were read, or whose parts are being read.
    pub(super) parent: i64,
    /// Time of the last row, in microseconds. It is 0 unless rows are ordered by time.
    pub(super) time: i64,
    /// Id of the last row. With 0, the parts of the next parent follow.
    pub(super) id: i64,
}

impl ExportCursor {
    /// Returns the position after a message of the same parent.
    pub(super) fn after_message(self, last: Cursor) -> Self {
        Self { time: last.timestamp().as_microsecond(), id: last.id(), ..self }
    }

    /// Returns the position after a message, in the order of messages.
    pub(super) fn message(self) -> Result<Option<Cursor>> {
        if self.id == 0 {
            return Ok(None);
        }
        let time = Timestamp::from_microsecond(self.time).map_err(|_| invalid())?;
        Ok(Some(Cursor::after(time, self.id)))
    }
}

fn invalid() -> Error {
    Error::invalid_input("cursor", "is not a cursor returned by export_user")
}

impl fmt::Display for ExportCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION, self.section];
        for number in [self.parent, self.time, self.id] {
            bytes.extend(number.to_be_bytes());
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for ExportCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid())?;
        let [VERSION, section, numbers @ ..] = bytes.as_slice() else { return Err(invalid()) };
        let (numbers, []) = numbers.as_chunks::<8>() else { return Err(invalid()) };
        let &[parent, time, id] = numbers else { return Err(invalid()) };
        let [parent, time, id] = [parent, time, id].map(i64::from_be_bytes);
        Ok(Self { section: *section, parent, time, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip_and_other_texts_are_invalid() {
        let cursor = ExportCursor { section: 3, parent: 7, time: -1, id: i64::MAX };
        assert_eq!(cursor.to_string().parse::<ExportCursor>().unwrap(), cursor);
        for text in ["", "abc", "AQ", "é", "////", &"A".repeat(400)] {
            let error = text.parse::<ExportCursor>().unwrap_err();
            assert_eq!(error.field(), Some("cursor"), "{text}");
        }
    }
}
