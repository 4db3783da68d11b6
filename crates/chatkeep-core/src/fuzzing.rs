//! Entry points for fuzz targets into parsers of stored values, which otherwise need a database.
//! Not part of the public API.

use crate::error::Result;
use crate::value::{Metadata, Timestamp};

/// Parses the text of a metadata column.
///
/// # Errors
/// `Corrupt` when the text is not a JSON object.
pub fn stored_metadata(text: &str) -> Result<Metadata> {
    Metadata::from_stored(text)
}

/// Parses the text of a SQLite timestamp column in the format that chatkeep writes. Returns
/// `None` for any other format.
pub fn stored_timestamp(text: &str) -> Option<Timestamp> {
    Timestamp::from_sortable(text.as_bytes())
}
