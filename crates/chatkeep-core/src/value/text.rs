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

/// Checks a name like [`check_name`]. It must not be empty, either.
pub(crate) fn check_nonempty_name(field: &'static str, text: &str, limit: usize) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid_input(field, "is empty"));
    }
    check_name(field, text, limit)
}

/// Checks that a text has at most `limit` bytes of UTF-8.
pub(crate) fn check_bytes(field: &'static str, text: &str, limit: u64) -> Result<()> {
    let size = text.len() as u64;
    if size <= limit {
        return Ok(());
    }
    Err(Error::invalid_input(field, format!("has {size} bytes; at most {limit} can be stored")))
}

/// Checks that a text is `length` lower-case hexadecimal digits.
pub(crate) fn check_hex(field: &'static str, text: &str, length: usize) -> Result<()> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() == length && text.bytes().all(is_digit) {
        return Ok(());
    }
    Err(Error::invalid_input(field, format!("is not {length} hexadecimal digits")))
}
