//! Hashes of passwords: their creation, import and verification. All of it is slow on purpose, and
//! none of it needs a database.

mod argon2id;
mod bcrypt_hash;
mod flask_security;
mod import;
#[cfg(test)]
mod tests;

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::described::Record;
use crate::error::{Error, ErrorKind, Result};
use crate::value::Secret;

pub use import::import_hash;

/// Maximum length of a password, in bytes of UTF-8. Hashing time does not depend on the length, but
/// a longer text would only cost memory.
pub const MAX_PASSWORD_BYTES: usize = 1024;
/// Maximum length of a stored hash.
const MAX_HASH: usize = 255;

/// How a password was hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Record)]
#[record(argument)]
#[non_exhaustive]
pub enum PasswordScheme {
    /// Argon2, in the PHC format (`$argon2id$…`). New passwords are hashed with it.
    Argon2id,
    /// bcrypt: `$2a$…`, `$2b$…` or `$2y$…`.
    Bcrypt,
    /// The double hash of Flask-Security: bcrypt or Argon2 of an HMAC-SHA512 with `PASSWORD_SALT`.
    FlaskSecurity,
}

impl PasswordScheme {
    /// Returns the scheme's stable name: `argon2id`, `bcrypt` or `flask_security`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Argon2id => "argon2id",
            Self::Bcrypt => "bcrypt",
            Self::FlaskSecurity => "flask_security",
        }
    }

    /// Returns the scheme with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Argon2id, Self::Bcrypt, Self::FlaskSecurity]
            .into_iter()
            .find(|scheme| scheme.name() == name)
    }
}

/// A hash of a password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// How the password was hashed.
    pub scheme: PasswordScheme,
    /// The hash, with its salt and parameters.
    pub hash: String,
    /// Identifies the `PASSWORD_SALT` that was set when a hash of Flask-Security was stored.
    pub pepper_id: Option<String>,
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl PasswordHash {
    /// Returns a hash that no password is known for, with the parameters of new hashes. Verifying a
    /// password with it takes as long as with a user's Argon2id hash of these parameters.
    pub fn dummy() -> Self {
        Self { scheme: PasswordScheme::Argon2id, hash: argon2id::DUMMY.to_owned(), pepper_id: None }
    }

    /// Returns whether a new hash of the same password would be stronger.
    pub fn is_outdated(&self) -> bool {
        self.scheme != PasswordScheme::Argon2id || argon2id::is_outdated(&self.hash)
    }
}

/// Checks a new password.
///
/// # Errors
/// `InvalidInput` with the field `password` when it is empty or longer than 1,024 bytes.
pub fn check_password(password: &Secret) -> Result<()> {
    if is_possible(password) {
        return Ok(());
    }
    Err(Error::invalid_input(
        "password",
        format!(
            "must have 1 to {MAX_PASSWORD_BYTES} bytes of UTF-8, not {}",
            password.expose().len()
        ),
    ))
}

/// Returns whether a user may have this password.
pub fn is_possible(password: &Secret) -> bool {
    (1..=MAX_PASSWORD_BYTES).contains(&password.expose().len())
}

/// Hashes a new password with Argon2id (19 MiB, 2 passes, 1 lane).
///
/// The same password typed on another system may consist of other code points, so it is normalised
/// (NFC), as RFC 8265 requires.
///
/// # Errors
/// `InvalidInput` with the field `password`; `Internal` when memory or random bytes are missing.
pub fn hash_password(password: &Secret) -> Result<PasswordHash> {
    check_password(password)?;
    let hash = argon2id::hash(composed(password.expose()).as_bytes())?;
    Ok(PasswordHash { scheme: PasswordScheme::Argon2id, hash, pepper_id: None })
}

/// Returns whether a password belongs to a hash.
///
/// A text with several normal forms is tried in the form of the scheme, then as given.
///
/// # Errors
/// `Configuration` with the field `PASSWORD_SALT` when a hash of Flask-Security was not verified
/// because the salt is not set, or differs from the one with which the hash was stored. `Internal`
/// when the stored hash is damaged, or memory is missing.
pub fn verify(password: &Secret, stored: &PasswordHash, salt: Option<&Secret>) -> Result<bool> {
    if !is_possible(password) {
        return Ok(false);
    }
    let given = password.expose();
    let normal = match stored.scheme {
        // Flask-Security's default.
        PasswordScheme::FlaskSecurity => Zeroizing::new(given.nfkd().collect::<String>()),
        PasswordScheme::Argon2id | PasswordScheme::Bcrypt => composed(given),
    };
    if verify_form(normal.as_bytes(), stored, salt)? {
        return Ok(true);
    }
    if *normal != given && verify_form(given.as_bytes(), stored, salt)? {
        return Ok(true);
    }
    // With another salt, no password matches, so a difference proves nothing.
    match (&stored.pepper_id, salt) {
        (Some(id), Some(salt)) if *id != flask_security::pepper_id(salt) => Err(wrong_salt(
            "is not the salt with which the password's hash was stored, so it is impossible to check \
             the password",
        )),
        _ => Ok(false),
    }
}

fn verify_form(password: &[u8], stored: &PasswordHash, salt: Option<&Secret>) -> Result<bool> {
    match stored.scheme {
        PasswordScheme::Argon2id => argon2id::verify(password, &stored.hash),
        PasswordScheme::Bcrypt => bcrypt_hash::verify(password, &stored.hash),
        PasswordScheme::FlaskSecurity => {
            let salt = salt.ok_or_else(|| {
                wrong_salt(
                    "is required to check passwords of Flask-Security; set it to the value of \
                     SECURITY_PASSWORD_SALT",
                )
            })?;
            flask_security::verify(password, &stored.hash, salt)
        }
    }
}

fn composed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfc().collect())
}

fn wrong_salt(message: &'static str) -> Error {
    Error::new(ErrorKind::Configuration, message).with_field("PASSWORD_SALT")
}

/// Returns the error for a stored hash with an invalid format.
fn damaged() -> Error {
    Error::internal("a stored password hash is damaged; set a new password")
}
