//! The double hash of Flask-Security: the password is first replaced by its HMAC with a secret salt,
//! so that the database alone does not suffice to guess passwords.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha512;
use zeroize::Zeroizing;

use super::{argon2id, bcrypt_hash};
use crate::error::{Error, Result};
use crate::token::hex;
use crate::value::Secret;

/// Returns whether a password belongs to a hash. Of the 88 characters of the HMAC, bcrypt uses 72.
pub(super) fn verify(password: &[u8], hash: &str, salt: &Secret) -> Result<bool> {
    let signed = Zeroizing::new(STANDARD.encode(hmac(salt, password)?));
    if bcrypt_hash::is_bcrypt(hash) {
        bcrypt_hash::verify(signed.as_bytes(), hash)
    } else {
        argon2id::verify(signed.as_bytes(), hash)
    }
}

/// Returns a text that identifies the salt without revealing it.
pub(super) fn pepper_id(salt: &Secret) -> String {
    hmac(salt, b"chatkeep pepper id").map(|code| hex(&code[..8])).unwrap_or_default()
}

fn hmac(salt: &Secret, message: &[u8]) -> Result<Zeroizing<[u8; 64]>> {
    let mut mac = Hmac::<Sha512>::new_from_slice(salt.expose().as_bytes())
        .map_err(|_| Error::internal("an HMAC accepts keys of any length"))?;
    mac.update(message);
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}
