//! The keys by which addresses and names are unique, and the rules for texts.

use unicode_normalization::UnicodeNormalization as _;

use crate::error::{Error, Result};

/// Maximum length of an e-mail address, in characters (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Maximum length of a username, in characters.
const MAX_USERNAME: usize = 100;

/// Returns the key of an e-mail address: trimmed, NFC, lower-case. Addresses that differ only in
/// these are one address.
///
/// # Errors
/// `InvalidInput` with the field `email` when the text is not an address.
pub fn email_key(email: &str) -> Result<String> {
    let invalid = |message: String| Err(Error::invalid_input("email", message));
    let key = key(email);
    let length = key.chars().count().max(email.trim().chars().count());
    if length > MAX_EMAIL {
        return invalid(format!("has {length} characters; at most {MAX_EMAIL} can be stored"));
    }
    let has_parts =
        key.rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    if !has_parts {
        return invalid("must be an e-mail address such as ada@example.org".to_owned());
    }
    if has_space_or_control(&key) {
        return invalid("must not contain whitespace or control characters".to_owned());
    }
    Ok(key)
}

/// Returns the key of a username: trimmed, NFC, lower-case.
///
/// # Errors
/// `InvalidInput` with the field `username` when it is empty or too long, or contains `@` (which
/// addresses have), whitespace or control characters.
pub fn username_key(username: &str) -> Result<String> {
    let invalid = |message: String| Err(Error::invalid_input("username", message));
    let key = key(username);
    let length = key.chars().count().max(username.trim().chars().count());
    if length == 0 {
        return invalid("must not be empty".to_owned());
    }
    if length > MAX_USERNAME {
        return invalid(format!("has {length} characters; at most {MAX_USERNAME} can be stored"));
    }
    if key.contains('@') {
        return invalid("must not contain @, by which addresses are recognized".to_owned());
    }
    if has_space_or_control(&key) {
        return invalid("must not contain whitespace or control characters".to_owned());
    }
    Ok(key)
}

fn key(text: &str) -> String {
    // Lower-casing can decompose a character.
    text.trim().nfc().collect::<String>().to_lowercase().nfc().collect()
}

fn has_space_or_control(text: &str) -> bool {
    text.chars().any(|character| character.is_whitespace() || character.is_control())
}

/// Checks a name such as that of a role: 1 to `limit` characters, without control characters.
///
/// # Errors
/// `InvalidInput` with the field.
pub(super) fn check_label(field: &'static str, text: &str, limit: usize) -> Result<()> {
    crate::value::check_name(field, text, limit)?;
    if text.is_empty() {
        return Err(Error::invalid_input(field, "must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid_input(field, "must not contain control characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_an_address_have_one_key() {
        for spelling in ["ada@example.org", " Ada@Example.ORG\n", "ADA@EXAMPLE.ORG"] {
            assert_eq!(email_key(spelling).unwrap(), "ada@example.org");
        }
        assert_eq!(
            email_key("J\u{f6}rg@b\u{fc}ro.de").unwrap(),
            email_key("Jo\u{308}rg@bu\u{308}ro.de").unwrap()
        );
        assert_ne!(email_key("a.b@example.org").unwrap(), email_key("ab@example.org").unwrap());
    }

    #[test]
    fn texts_that_are_not_addresses_are_invalid() {
        let long = format!("{}@example.org", "x".repeat(243));
        for text in ["", " ", "ada", "@", "ada@", "@example.org", "a b@c", "a\0@b", "a\n@b", &long]
        {
            assert_eq!(email_key(text).unwrap_err().field(), Some("email"), "{text:?}");
        }
        assert!(email_key(&long[1..]).is_ok());
    }

    #[test]
    fn usernames_are_not_addresses() {
        assert_eq!(username_key(" Ada ").unwrap(), "ada");
        // The lower-case form of U+0130 has two characters.
        let grows = "\u{130}".repeat(100);
        for text in ["", "  ", "ada@example.org", "a b", "a\u{7}", &"x".repeat(101), &grows] {
            assert_eq!(username_key(text).unwrap_err().field(), Some("username"), "{text:?}");
        }
    }
}
