//! The maximum number of results of a call.

use crate::error::{Error, Result};

/// Maximum number of rows that one call returns. An iterator returns more, one at a time.
pub const MAX_LIMIT: i64 = 10_000;

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
