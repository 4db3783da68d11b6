//! Plain-text tokens, which are shown once after creation and never stored.

use super::secret::{Form, SecretFormat, plain_secret};
use crate::error::Result;

const FORMAT: SecretFormat = SecretFormat { prefix: "ck_" };
/// Maximum length of a presented token in bytes. Longer texts are rejected without a lookup.
const MAX_PRESENTED: usize = 512;

/// A plain-text token: `ck_`, 43 base 62 digits (256 random bits) and 6 check digits (CRC-32).
///
/// `Debug` and `Display` show only its start. [`PlainToken::expose`] returns the whole token.
/// `Serialize` writes the whole token as well, for the one response that delivers it to its owner.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

plain_secret!(PlainToken);

impl PlainToken {
    /// Generates a token from random bytes of the operating system.
    ///
    /// # Errors
    /// `Internal` when the operating system returns no random bytes.
    pub fn generate() -> Result<Self> {
        FORMAT.generate().map(Self)
    }

    /// Returns whether a presented text can be a token, without a lookup.
    ///
    /// A text in chatkeep's format must have valid check digits. Any other text may be an imported
    /// token, unless it is empty, contains whitespace or control characters, or is longer than 512
    /// bytes.
    pub fn may_be_token(presented: &str) -> bool {
        if presented.is_empty() || presented.len() > MAX_PRESENTED {
            return false;
        }
        match FORMAT.form(presented) {
            Form::Valid => true,
            Form::Mistyped => false,
            Form::Other => !presented
                .chars()
                .any(|character| character.is_whitespace() || character.is_control()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_has_the_documented_format_and_shows_only_its_start() {
        let token = PlainToken::generate().unwrap();
        assert_eq!(token.expose().len(), 52);
        assert!(token.expose().starts_with("ck_"));
        assert!(PlainToken::may_be_token(token.expose()));
        assert_eq!(format!("{token:?}").len(), "PlainToken(ck_AbCdE…)".len());
        assert!(!format!("{token:?} {token}").contains(&token.expose()[9..]));
        assert_ne!(token, PlainToken::generate().unwrap());
    }

    #[test]
    fn typo_at_any_position_is_detected_without_lookup() {
        let token = PlainToken::generate().unwrap();
        for position in FORMAT.prefix.len()..token.expose().len() {
            let mut typo = token.expose().as_bytes().to_vec();
            typo[position] = if typo[position] == b'x' { b'y' } else { b'x' };
            assert!(
                !PlainToken::may_be_token(std::str::from_utf8(&typo).unwrap()),
                "position {position}"
            );
        }
    }

    #[test]
    fn imported_tokens_may_be_tokens_and_malformed_texts_are_not() {
        for presented in ["sk-abc123", "ck_short", "Zm9vYmFy-_", "é"] {
            assert!(PlainToken::may_be_token(presented), "{presented}");
        }
        let long = "a".repeat(1024 * 1024);
        for presented in ["", " ", "a b", "a\n", "a\0b", "a\u{a0}b", long.as_str()] {
            assert!(!PlainToken::may_be_token(presented), "{:.20}", presented);
        }
    }
}
