//! The maximum number of results of a call, and the maximum size of a row.

use super::metadata::Metadata;
use super::text::check_bytes;
use crate::error::{Error, Result};

/// Maximum number of rows that one call returns. An iterator returns more, one at a time.
pub const MAX_LIMIT: i64 = 10_000;

/// Maximum total size of a message's values, in bytes of UTF-8: 16 MiB. A server with a smaller
/// maximum packet size accepts less.
pub const MAX_ROW_BYTES: u64 = 16 * 1024 * 1024;

/// Checks the maximum number of results that a caller requests.
///
/// # Errors
/// `InvalidInput` with the field `limit` unless it is between 1 and 10,000.
pub fn check_limit(limit: i64) -> Result<()> {
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(());
    }
    Err(Error::invalid_input("limit", format!("must be between 1 and {MAX_LIMIT}, not {limit}")))
}

/// Checks the size of metadata. The limit of a server may be lower.
///
/// # Errors
/// `InvalidInput` with the field `metadata`.
pub(crate) fn check_metadata(metadata: Option<&Metadata>) -> Result<()> {
    metadata.map_or(Ok(()), |metadata| check_bytes("metadata", metadata.as_json(), MAX_ROW_BYTES))
}
