//! Ids that leave the backend.

use crate::error::{Error, Result};
use crate::token::random_bytes;
use crate::value::{Timestamp, check_name};

/// Maximum length of a public id, in characters.
pub(crate) const MAX_PUBLIC_ID: usize = 64;

/// Generates a public id: a UUID of version 7 (RFC 9562), which sorts by creation time.
///
/// # Errors
/// `Internal` when the operating system returns no random bytes.
pub(crate) fn generate() -> Result<String> {
    let microsecond = Timestamp::now().as_microsecond().unsigned_abs();
    let mut bytes = random_bytes::<16>()?;
    bytes[..6].copy_from_slice(&(microsecond / 1_000).to_be_bytes()[2..]);
    // Method 3 of RFC 9562: the fraction of the millisecond, in the 12 bits after the version.
    let fraction = (microsecond % 1_000) * 4_096 / 1_000;
    bytes[6] = 0x70 | (fraction >> 8) as u8;
    bytes[7] = fraction as u8;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = crate::token::hex(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// Checks a public id that a caller chose.
///
/// # Errors
/// `InvalidInput` with the field's name when it is empty, has more than 64 characters, or contains
/// whitespace or control characters.
pub(crate) fn check(field: &'static str, id: &str) -> Result<()> {
    check_name(field, id, MAX_PUBLIC_ID)?;
    if id.is_empty() {
        return Err(Error::invalid_input(field, "must not be empty"));
    }
    if id.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(Error::invalid_input(
            field,
            "must not contain whitespace or control characters",
        ));
    }
    Ok(())
}

/// Returns whether a row may have this id. Others are not looked up.
pub(crate) fn may_exist(id: &str) -> bool {
    check("id", id).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_are_uuids_of_version_7_and_sort_by_time() {
        let first = generate().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = generate().unwrap();
        assert!(first < second);
        assert_eq!((first.len(), &first[14..15]), (36, "7"));
        assert!(matches!(&first[19..20], "8" | "9" | "a" | "b"));
        assert!(check("public_id", &first).is_ok());
    }

    #[test]
    fn empty_long_and_unprintable_ids_are_invalid() {
        for id in ["", " ", "a b", "a\n", "a\0", &"x".repeat(65)] {
            assert_eq!(check("public_id", id).unwrap_err().field(), Some("public_id"), "{id:?}");
        }
        assert!(check("public_id", &"é".repeat(64)).is_ok());
    }
}
