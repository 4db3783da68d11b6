//! The format of secrets: a prefix, random digits, and check digits.

use super::base62::{encode, is_base62};
use super::hash::random_bytes;
use crate::error::Result;

pub(crate) const RANDOM_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;
/// Number of leading characters that may be shown to identify a secret.
pub(crate) const START: usize = 8;

/// The form of a presented text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The format, with valid check digits.
    Valid,
    /// The format, with other check digits.
    Mistyped,
    /// Another format.
    Other,
}

/// Secrets with a prefix: the prefix, 43 base 62 digits (256 bits) and 6 check digits (CRC-32).
#[derive(Debug, Clone, Copy)]
pub(crate) struct SecretFormat {
    pub(crate) prefix: &'static str,
}

impl SecretFormat {
    /// Generates a secret from random bytes of the operating system.
    ///
    /// # Errors
    /// `Internal` when the operating system returns no random bytes.
    pub(crate) fn generate(self) -> Result<String> {
        Ok(self.with_digits(digits(random_bytes()?)))
    }

    /// Returns the secret with these digits.
    pub(crate) fn with_digits(self, digits: [u8; RANDOM_DIGITS]) -> String {
        let mut secret = String::with_capacity(self.length());
        secret.push_str(self.prefix);
        secret.extend(digits.map(char::from));
        let check = check_digits(&secret);
        secret.extend(check.map(char::from));
        secret
    }

    /// Returns the form of a presented text.
    pub(crate) fn form(self, presented: &str) -> Form {
        let length = self.length();
        let has_format = presented.len() == length
            && presented.starts_with(self.prefix)
            && is_base62(&presented[self.prefix.len()..]);
        if !has_format {
            return Form::Other;
        }
        let (secret, check) = presented.split_at(length - CHECK_DIGITS);
        if check_digits(secret) == check.as_bytes() { Form::Valid } else { Form::Mistyped }
    }

    const fn length(self) -> usize {
        self.prefix.len() + RANDOM_DIGITS + CHECK_DIGITS
    }
}

/// Encodes 256 bits.
pub(crate) fn digits(bits: [u8; 32]) -> [u8; RANDOM_DIGITS] {
    encode(bits)
}

fn check_digits(secret: &str) -> [u8; CHECK_DIGITS] {
    encode(crc32fast::hash(secret.as_bytes()).to_be_bytes())
}

/// Implements a type with a plain-text secret. `Debug` and `Display` show only its start, and
/// `Serialize` writes the whole secret.
macro_rules! plain_secret {
    ($name:ident) => {
        impl $name {
            /// Returns the whole secret.
            pub fn expose(&self) -> &str {
                &self.0
            }

            /// Returns the first characters, which may be shown.
            pub fn start(&self) -> &str {
                &self.0[..$crate::token::START]
            }

            /// Returns the secret's hash, which is stored.
            pub fn hash(&self) -> $crate::token::TokenHash {
                $crate::token::TokenHash::of(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}…", self.start())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // The name lets a language binding recognize a secret; formats such as JSON ignore
                // it.
                serializer.serialize_newtype_struct("Secret", &self.0)
            }
        }
    };
}

pub(crate) use plain_secret;
