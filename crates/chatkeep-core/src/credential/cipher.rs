//! Encryption and decryption of credentials.
//!
//! A ciphertext is a random nonce of 24 bytes, then the output of XChaCha20-Poly1305. It is bound
//! to the columns that identify its row, so that it is not valid in another row.

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};

use super::keys::{CredentialKey, CredentialKeys, missing_key};
use super::owner::owner_key;
use super::rows::StoredCredential;
use crate::error::{Error, ErrorKind, Result};
use crate::token::random_bytes;
use crate::value::Secret;

/// The format of new ciphertexts.
pub(super) const FORMAT: i32 = 1;
/// Size of the nonce, in bytes.
const NONCE_BYTES: usize = 24;
/// Size of a ciphertext of an empty secret, in bytes: the nonce and the tag.
pub(super) const OVERHEAD: usize = NONCE_BYTES + 16;
const TABLE: &str = "chat_credentials";

/// The values that identify a row, to which its ciphertext is bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding<'a> {
    pub(super) public_id: &'a str,
    pub(super) owner_key: &'a str,
    pub(super) name: &'a str,
    pub(super) version: i32,
}

impl Binding<'_> {
    /// Encodes the values unambiguously: each one after its length.
    fn encode(&self, format: i32, key_id: &str) -> Vec<u8> {
        let parts: [&[u8]; 7] = [
            &format.to_be_bytes(),
            TABLE.as_bytes(),
            self.public_id.as_bytes(),
            self.owner_key.as_bytes(),
            self.name.as_bytes(),
            &self.version.to_be_bytes(),
            key_id.as_bytes(),
        ];
        let mut encoded = Vec::with_capacity(256);
        for part in parts {
            encoded.extend((part.len() as u64).to_be_bytes());
            encoded.extend(part);
        }
        encoded
    }
}

fn cipher(key: &CredentialKey) -> XChaCha20Poly1305 {
    let key: &Key = (&**key.bytes).into();
    XChaCha20Poly1305::new(key)
}

/// Encrypts a secret with the first key.
///
/// # Errors
/// `Internal` when the operating system returns no random bytes.
pub(super) fn encrypt(
    keys: &CredentialKeys,
    binding: Binding<'_>,
    secret: &Secret,
) -> Result<Vec<u8>> {
    let key = keys.current();
    // Nonces of this size may be random (draft-irtf-cfrg-xchacha-03).
    let nonce = random_bytes::<NONCE_BYTES>()?;
    let aad = binding.encode(FORMAT, &key.id);
    let payload = Payload { msg: secret.expose().as_bytes(), aad: &aad };
    let encrypted = cipher(key)
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Error::internal("the credential is too large to be encrypted"))?;
    Ok([nonce.as_slice(), &encrypted].concat())
}

/// Why a credential is not decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Its key is not among the keys.
    MissingKey,
    /// A later version of the program encrypted it.
    UnknownFormat,
    /// The row or the ciphertext was changed, or the key is another one with the same id.
    Changed,
}

impl Unreadable {
    /// Returns the error of a caller that needs the secret.
    pub(super) fn into_error(self, row: &StoredCredential) -> Error {
        let StoredCredential { public_id, key_id, format, .. } = row;
        let message = match self {
            Self::MissingKey => return missing_key(public_id, key_id),
            Self::UnknownFormat => {
                format!("the credential {public_id} has the format {format}, which is unknown")
            }
            Self::Changed => format!(
                "the credential {public_id} is unreadable with the key {key_id:?}: it was \
                 changed, or belongs to another row"
            ),
        };
        Error::new(ErrorKind::Corrupt, message)
    }
}

/// Decrypts the secret of a row.
///
/// # Errors
/// The reason why it is not readable.
pub(super) fn decrypt(
    keys: &CredentialKeys,
    row: &StoredCredential,
) -> std::result::Result<Secret, Unreadable> {
    if row.format != FORMAT {
        return Err(Unreadable::UnknownFormat);
    }
    let key = keys.find(&row.key_id).ok_or(Unreadable::MissingKey)?;
    // The row names its owner twice.
    if row.owner_key != owner_key(row.provider_id, row.user_id) {
        return Err(Unreadable::Changed);
    }
    let (nonce, encrypted) =
        row.ciphertext.split_first_chunk::<NONCE_BYTES>().ok_or(Unreadable::Changed)?;
    let aad = row.binding().encode(row.format, &row.key_id);
    let payload = Payload { msg: encrypted, aad: &aad };
    let decrypted =
        cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| Unreadable::Changed)?;
    let text = String::from_utf8(decrypted).map_err(|_| Unreadable::Changed)?;
    Ok(Secret::from(text))
}

#[cfg(test)]
#[path = "cipher_tests.rs"]
mod tests;
