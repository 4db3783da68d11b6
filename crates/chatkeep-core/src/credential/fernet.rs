//! Decryption of Fernet tokens, with which other programs encrypt secrets.
//!
//! A token is base64 text of a version, a time, an initialization vector, the output of AES-128-CBC
//! and an HMAC-SHA256 of all of it (<https://github.com/fernet/spec>). The time is not checked: a
//! stored secret does not expire.

use aes::Aes128;
use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use base64::Engine as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::keys::URL_SAFE_DECODER;
use super::record::MAX_SECRET;
use crate::error::{Error, Result};
use crate::value::Secret;

/// First byte of a token.
const VERSION: u8 = 0x80;
/// Size of the version, the time and the initialization vector, in bytes.
const HEADER: usize = 1 + 8 + 16;
const TAG: usize = 32;
const BLOCK: usize = 16;
/// Maximum length of a token with a secret of the maximum size.
const MAX_TOKEN: usize = (HEADER + TAG + BLOCK + MAX_SECRET as usize).div_ceil(3) * 4;

/// Decrypts a Fernet token.
///
/// # Errors
/// `InvalidInput` with the field `fernet_key` when it is not a key, and with the field `secret`
/// when it is not a token, or was not encrypted with this key.
pub fn decrypt_fernet(token: &Secret, fernet_key: &Secret) -> Result<Secret> {
    let invalid_key = || {
        let message = "is not a Fernet key, which is base64 text of 32 bytes";
        Error::invalid_input("fernet_key", message)
    };
    let key = URL_SAFE_DECODER.decode(fernet_key.expose().trim()).map_err(|_| invalid_key())?;
    let key = Zeroizing::new(key);
    let (signing, encryption) =
        key.split_at_checked(16).filter(|(_, rest)| rest.len() == 16).ok_or_else(invalid_key)?;
    let not_a_token = || Error::invalid_input("secret", "is not a Fernet token");
    let token = token.expose().trim();
    if token.len() > MAX_TOKEN {
        return Err(not_a_token());
    }
    let mut token = URL_SAFE_DECODER.decode(token).map_err(|_| not_a_token())?;
    let encrypted = token.len().checked_sub(HEADER + TAG).ok_or_else(not_a_token)?;
    if token[0] != VERSION || encrypted == 0 || encrypted % BLOCK != 0 {
        return Err(not_a_token());
    }
    let other_key = || {
        let message = "was changed, or was encrypted with another Fernet key";
        Error::invalid_input("secret", message)
    };
    let tag = token.split_off(HEADER + encrypted);
    let mut mac = Hmac::<Sha256>::new_from_slice(signing).map_err(|_| invalid_key())?;
    mac.update(&token);
    // Compared in constant time.
    mac.verify_slice(&tag).map_err(|_| other_key())?;
    let (header, encrypted) = token.split_at(HEADER);
    let mut buffer = Zeroizing::new(encrypted.to_vec());
    let decrypted = cbc::Decryptor::<Aes128>::new_from_slices(encryption, &header[9..])
        .map_err(|_| invalid_key())?
        .decrypt_padded::<Pkcs7>(&mut buffer)
        .map_err(|_| other_key())?;
    let text = std::str::from_utf8(decrypted)
        .map_err(|_| Error::invalid_input("secret", "has a decrypted value that is not text"))?;
    Ok(Secret::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// The vectors of the specification: `verify.json` and `invalid.json`.
    const KEY: &str = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
    const TOKEN: &str = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
    const INVALID: [(&str, &str); 5] = [
        (
            "wrong tag",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
        ),
        ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="),
        (
            "not base64",
            "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        ),
        (
            "payload size",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
        ),
        (
            "payload padding",
            "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
        ),
    ];

    fn decrypt(token: &str, key: &str) -> Result<Secret> {
        decrypt_fernet(&token.into(), &key.into())
    }

    #[test]
    fn tokens_of_the_specification_are_decrypted() {
        assert_eq!(decrypt(TOKEN, KEY).unwrap().expose(), "hello");
        // As environment variables and files have them.
        let padded = format!(" {}\n", TOKEN.trim_end_matches('='));
        assert_eq!(decrypt(&padded, &format!("{KEY}\n")).unwrap().expose(), "hello");
    }

    #[test]
    fn invalid_tokens_of_the_specification_are_refused() {
        for (name, token) in INVALID {
            let error = decrypt(token, KEY).expect_err(name);
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, Some("secret")));
        }
        let long = "A".repeat(MAX_TOKEN + 1);
        for token in ["", "hello", "gA==", long.as_str(), &TOKEN.replacen('g', "h", 1)] {
            let error = decrypt(token, KEY).expect_err(token);
            assert_eq!(error.field(), Some("secret"));
        }
    }

    #[test]
    fn other_keys_are_refused_without_quoting_them() {
        let other = KEY.replacen('c', "d", 1);
        assert_eq!(decrypt(TOKEN, &other).unwrap_err().field(), Some("secret"));
        for key in ["", "secret", &KEY[..40], &format!("{KEY}{KEY}")] {
            let error = decrypt(TOKEN, key).expect_err(key);
            assert_eq!(error.field(), Some("fernet_key"));
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
    }
}
