//! A token in the clear: made once, shown once, never stored.

use std::fmt;

use serde::{Serialize, Serializer};

use super::base62::{encode, is_base62};
use super::hash::{TokenHash, random_bytes};
use crate::error::Result;

const PREFIX: &str = "ck_";
const RANDOM_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;
const LENGTH: usize = PREFIX.len() + RANDOM_DIGITS + CHECK_DIGITS;
/// How much of a token may be shown to tell it from others.
const START: usize = 8;
/// No token that anybody made is longer; what is longer is not looked up.
const MAX_PRESENTED: usize = 512;

/// A token in the clear: `ck_`, 43 digits of base 62 (256 random bits) and 6 that check them (CRC-32).
///
/// `Debug` and `Display` show only its start; [`PlainToken::expose`] gives it whole, and so does `Serialize`, for the one
/// answer in which its owner gets it.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(String);

impl PlainToken {
    /// A new token from the system's random numbers.
    ///
    /// # Errors
    /// `Internal` when the system gives none.
    pub fn generate() -> Result<Self> {
        let mut token = String::with_capacity(LENGTH);
        token.push_str(PREFIX);
        token.extend(encode::<32, RANDOM_DIGITS>(random_bytes()?).map(char::from));
        let check = check_digits(&token);
        token.extend(check.map(char::from));
        Ok(Self(token))
    }

    /// The whole token.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Its first characters, which may be shown and stored.
    pub fn start(&self) -> &str {
        &self.0[..START]
    }

    /// The form in which it is kept.
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    /// Whether a presented text can be a token at all. A text that looks like one of ours must have the right check
    /// digits; any other may have come with imported data, unless it is empty, has blanks or control characters, or is
    /// longer than 512 bytes.
    pub fn may_be_token(presented: &str) -> bool {
        if presented.is_empty() || presented.len() > MAX_PRESENTED {
            return false;
        }
        let is_ours = presented.len() == LENGTH
            && presented.starts_with(PREFIX)
            && is_base62(&presented[PREFIX.len()..]);
        if is_ours {
            let (token, check) = presented.split_at(LENGTH - CHECK_DIGITS);
            return check_digits(token) == check.as_bytes();
        }
        !presented.chars().any(|character| character.is_whitespace() || character.is_control())
    }
}

fn check_digits(token: &str) -> [u8; CHECK_DIGITS] {
    encode(crc32fast::hash(token.as_bytes()).to_be_bytes())
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlainToken({self})")
    }
}

impl fmt::Display for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}…", self.start())
    }
}

impl Serialize for PlainToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_its_documented_form_and_shows_only_its_start() {
        let token = PlainToken::generate().unwrap();
        assert_eq!(token.expose().len(), 52);
        assert!(token.expose().starts_with("ck_"));
        assert!(PlainToken::may_be_token(token.expose()));
        assert_eq!(format!("{token:?}").len(), "PlainToken(ck_AbCdE…)".len());
        assert!(!format!("{token:?} {token}").contains(&token.expose()[9..]));
        assert_ne!(token, PlainToken::generate().unwrap());
    }

    #[test]
    fn a_typo_in_any_place_is_told_without_a_look_up() {
        let token = PlainToken::generate().unwrap();
        for place in PREFIX.len()..LENGTH {
            let mut typo = token.expose().as_bytes().to_vec();
            typo[place] = if typo[place] == b'x' { b'y' } else { b'x' };
            assert!(
                !PlainToken::may_be_token(std::str::from_utf8(&typo).unwrap()),
                "place {place}"
            );
        }
    }

    #[test]
    fn foreign_tokens_are_looked_up_and_impossible_ones_are_not() {
        for presented in ["sk-abc123", "ck_short", "Zm9vYmFy-_", "é"] {
            assert!(PlainToken::may_be_token(presented), "{presented}");
        }
        let long = "a".repeat(1024 * 1024);
        for presented in ["", " ", "a b", "a\n", "a\0b", "a\u{a0}b", long.as_str()] {
            assert!(!PlainToken::may_be_token(presented), "{:.20}", presented);
        }
    }
}
