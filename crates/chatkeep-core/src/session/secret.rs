//! Plain-text secrets of sessions, which a browser keeps, and which are never stored.

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::token::{Form, RANDOM_DIGITS, SecretFormat, TokenHash, digits, hex, plain_secret};

const FORMAT: SecretFormat = SecretFormat { prefix: "cs_" };
/// Number of digits (125 bits) that all secrets of a session have in common. The others (131 bits)
/// are new after each rotation.
const FAMILY_DIGITS: usize = 21;
/// First characters that all secrets of a session have in common.
const FAMILY: usize = FORMAT.prefix.len() + FAMILY_DIGITS;

/// The secret of a session: `cs_`, 43 base 62 digits (256 random bits) and 6 check digits (CRC-32).
///
/// `Debug` and `Display` show only its start. [`SessionSecret::expose`] returns the whole secret.
/// `Serialize` writes the whole secret as well, for the one response that delivers it to the
/// browser.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret(String);

plain_secret!(SessionSecret);

impl SessionSecret {
    /// Generates the secret of a new session.
    ///
    /// # Errors
    /// `Internal` when the operating system returns no random bytes.
    pub fn generate() -> Result<Self> {
        FORMAT.generate().map(Self)
    }

    /// Returns a presented text if it has the format of a secret.
    pub fn parse(presented: &str) -> Option<Self> {
        (FORMAT.form(presented) == Form::Valid).then(|| Self(presented.to_owned()))
    }

    /// Returns whether a presented text has the format of a secret, without a lookup.
    pub fn may_be_secret(presented: &str) -> bool {
        FORMAT.form(presented) == Form::Valid
    }

    /// Returns the secret that replaces this one. The same salt gives the same secret.
    ///
    /// It is a hash of this secret and of the salt, so that neither of them alone is sufficient: all
    /// callers that present this secret get the same successor, and the database does not have it.
    pub(super) fn successor(&self, salt: &str) -> Self {
        let mut sha256 = Sha256::new();
        // Every part has a fixed length.
        sha256.update(b"chatkeep session rotation\0");
        sha256.update(salt);
        sha256.update(&self.0);
        let mut new: [u8; RANDOM_DIGITS] = digits(sha256.finalize().into());
        new[..FAMILY_DIGITS].copy_from_slice(&self.0.as_bytes()[FORMAT.prefix.len()..FAMILY]);
        Self(FORMAT.with_digits(new))
    }

    /// Returns the family, which all secrets of a session have in common: the start of a hash, as
    /// 32 lower-case hexadecimal digits.
    pub(super) fn family(&self) -> String {
        family(&self.0)
    }
}

/// Returns the family of a presented text in the format of a secret.
pub(super) fn family(secret: &str) -> String {
    let mut sha256 = Sha256::new();
    sha256.update(b"chatkeep session family\0");
    sha256.update(&secret[..FAMILY]);
    let mut family = hex(&sha256.finalize());
    family.truncate(32);
    family
}

/// Returns the stored hash of a presented text.
pub(super) fn hash(secret: &str) -> String {
    TokenHash::of(secret).to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_has_the_documented_format_and_shows_only_its_start() {
        let secret = SessionSecret::generate().unwrap();
        assert_eq!(secret.expose().len(), 52);
        assert!(secret.expose().starts_with("cs_"));
        assert_eq!(SessionSecret::parse(secret.expose()).as_ref(), Some(&secret));
        assert!(!format!("{secret:?} {secret}").contains(&secret.expose()[9..]));
        for other in ["", "cs_", &secret.expose()[..51], &secret.expose().replace("cs_", "ck_")] {
            assert!(!SessionSecret::may_be_secret(other), "{other}");
        }
    }

    #[test]
    fn a_successor_depends_on_the_secret_and_on_the_salt() {
        let (secret, other) =
            (SessionSecret::generate().unwrap(), SessionSecret::generate().unwrap());
        let salt = "0123456789abcdef0123456789abcdef";
        let next = secret.successor(salt);
        assert!(SessionSecret::may_be_secret(next.expose()));
        assert_eq!(next, secret.successor(salt));
        assert_ne!(next, secret.successor("1123456789abcdef0123456789abcdef"));
        assert_ne!(next.expose()[24..], secret.expose()[24..]);
        assert_ne!(next.expose()[24..], other.successor(salt).expose()[24..]);
        // A successor's successor belongs to the same family, too.
        assert_eq!(next.successor(salt).family(), secret.family());
        assert_ne!(other.family(), secret.family());
        assert_eq!(secret.family().len(), 32);
    }
}
