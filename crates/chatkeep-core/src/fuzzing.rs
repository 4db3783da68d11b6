//! Entries for fuzz targets into readers that a program only reaches through a database. Not part of the interface.

use crate::error::Result;
use crate::value::{Metadata, Timestamp};

/// Reads the text of a metadata column.
///
/// # Errors
/// `Corrupt` when the text is not a JSON object.
pub fn stored_metadata(text: &str) -> Result<Metadata> {
    Metadata::from_stored(text)
}

/// Reads the text of a timestamp column of SQLite in the form that chatkeep writes; `None` for any other.
pub fn stored_timestamp(text: &str) -> Option<Timestamp> {
    Timestamp::from_sortable(text.as_bytes())
}
