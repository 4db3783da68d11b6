//! Checks of texts that callers pass.

use crate::error::{Error, Result};

/// Rejects a text with a NUL character. It is valid Unicode, but PostgreSQL cannot store it and
/// SQLite's own tools truncate the text there.
pub(crate) fn refuse_nul(field: &'static str, text: &str) -> Result<()> {
    match text.find('\0') {
        Some(at) => Err(Error::invalid_input(
            field,
            format!("contains a NUL character (U+0000) at byte {at}, which databases cannot store"),
        )),
        None => Ok(()),
    }
}

/// Checks a name of at most `limit` characters. A longer one is rejected, never truncated.
pub(crate) fn check_name(field: &'static str, text: &str, limit: usize) -> Result<()> {
    refuse_nul(field, text)?;
    // A text with at most `limit` bytes has at most `limit` characters.
    let length = if text.len() <= limit { text.len() } else { text.chars().count() };
    if length > limit {
        return Err(Error::invalid_input(
            field,
            format!("has {length} characters; at most {limit} can be stored"),
        ));
    }
    Ok(())
}
