//! The keys that encrypt credentials.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::token::{hex, random_bytes};
use crate::value::{Secret, Timestamp};

/// Name of the environment variable with the keys, which errors about missing keys have as field.
const VARIABLE: &str = "CHATKEEP_KEYS";
/// Size of a key, in bytes.
const KEY_BYTES: usize = 32;
/// Maximum length of a key's id.
pub(super) const MAX_KEY_ID: usize = 64;
/// Length from which a text may be an encoded key, even if it stands where an id belongs.
const SUSPICIOUS_LENGTH: usize = 20;

/// Base64 with or without padding.
const TOLERANT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const DECODER: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, TOLERANT);
pub(super) const URL_SAFE_DECODER: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, TOLERANT);

/// The keys that encrypt credentials. The first one encrypts, and all decrypt.
///
/// `Debug` shows only their ids, and the memory of a key is overwritten when it is dropped.
///
/// ```
/// use chatkeep_core::CredentialKeys;
///
/// let key = CredentialKeys::generate(Some("2027"))?;
/// let keys = CredentialKeys::parse("keys", key.expose())?;
/// assert_eq!(format!("{keys:?}"), r#"CredentialKeys(["2027"])"#);
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone)]
pub struct CredentialKeys(Arc<[CredentialKey]>);

/// A key and its id.
pub(super) struct CredentialKey {
    pub(super) id: String,
    /// Boxed, so that moves leave no copies.
    pub(super) bytes: Box<Zeroizing<[u8; KEY_BYTES]>>,
}

impl CredentialKeys {
    /// Parses keys of the form `id:base64`, separated by commas. Whitespace around them is ignored.
    ///
    /// # Errors
    /// `Configuration` with the given field, when an entry is malformed or an id occurs twice. The
    /// message has the id or the position of the key, never the key.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let mut keys: Vec<CredentialKey> = Vec::new();
        for (position, entry) in (1..).zip(text.split(',')) {
            let key = parse_entry(position, entry.trim())
                .map_err(|problem| malformed(field, &problem))?;
            if keys.iter().any(|other| other.id == key.id) {
                let problem = format!("the id of entry {position} occurs twice");
                return Err(malformed(field, &problem));
            }
            keys.push(key);
        }
        Ok(Self(keys.into()))
    }

    /// Generates a random key, in the form that [`CredentialKeys::parse`] accepts. Its id has the
    /// date and random digits, unless one is given.
    ///
    /// # Errors
    /// `InvalidInput` with the field `id`, unless it has 1 to 64 letters, digits, dots, underscores
    /// and hyphens. `Internal` when the operating system returns no random bytes.
    pub fn generate(id: Option<&str>) -> Result<Secret> {
        let id = match id {
            Some(id) if is_key_id(id) => id.to_owned(),
            Some(_) => {
                let message = format!(
                    "must have 1 to {MAX_KEY_ID} letters, digits, dots, underscores and hyphens"
                );
                return Err(Error::invalid_input("id", message));
            }
            None => format!("{}-{}", Timestamp::now().date(), hex(&random_bytes::<2>()?)),
        };
        let key = Zeroizing::new(random_bytes::<KEY_BYTES>()?);
        let mut text = Zeroizing::new(format!("{id}:"));
        STANDARD.encode_string(key.as_slice(), &mut text);
        Ok(Secret::from(std::mem::take(&mut *text)))
    }

    /// Returns the keys of a store, which may have none.
    ///
    /// # Errors
    /// `Configuration` with the field `CHATKEEP_KEYS` and the way to make a key.
    pub fn require(keys: Option<&Self>) -> Result<&Self> {
        keys.ok_or_else(|| {
            let message = "credentials are stored encrypted only, and there is no key; make one \
                           with `chatkeep credentials generate-key`, and set CHATKEEP_KEYS to it";
            Error::configuration(message).with_field(VARIABLE)
        })
    }

    /// Returns the id of the key that encrypts.
    pub fn current_id(&self) -> &str {
        &self.current().id
    }

    /// Returns the ids of all keys, in their order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|key| key.id.as_str())
    }

    /// Returns the key that encrypts.
    pub(super) fn current(&self) -> &CredentialKey {
        // Parsing gives at least one key.
        &self.0[0]
    }

    /// Returns the key with this id.
    pub(super) fn find(&self, id: &str) -> Option<&CredentialKey> {
        self.0.iter().find(|key| key.id == id)
    }
}

/// Returns the error about a credential whose key is not among the keys.
pub(super) fn missing_key(credential: &str, key_id: &str) -> Error {
    let message = format!(
        "the credential {credential} is encrypted with the key {key_id:?}, which is not among the \
         keys; add it"
    );
    Error::new(ErrorKind::Configuration, message).with_field(VARIABLE)
}

/// Returns whether a text can be the id of a key.
pub(super) fn is_key_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=MAX_KEY_ID).contains(&id.len()) && id.bytes().all(is_allowed)
}

fn malformed(field: &'static str, problem: &str) -> Error {
    let message = format!("must be keys of the form id:base64, separated by commas; {problem}");
    Error::configuration(message).with_field(field)
}

/// Parses an entry. The error is the problem, without the key.
fn parse_entry(position: usize, entry: &str) -> Result<CredentialKey, String> {
    let Some((id, encoded)) = entry.split_once(':') else {
        let is_empty = entry.is_empty();
        return Err(format!(
            "entry {position} {}",
            if is_empty { "is empty" } else { "has no id" }
        ));
    };
    if !is_key_id(id) {
        return Err(format!(
            "the id of entry {position} does not have 1 to {MAX_KEY_ID} letters, digits, dots, \
             underscores and hyphens"
        ));
    }
    // The two parts may have been swapped.
    let name = if id.len() < SUSPICIOUS_LENGTH {
        format!("the key {id:?}")
    } else {
        format!("the key of entry {position}")
    };
    let is_url_safe = encoded.contains(['-', '_']);
    let decoder = if is_url_safe { &URL_SAFE_DECODER } else { &DECODER };
    let decoded = Zeroizing::new(
        decoder.decode(encoded.trim()).map_err(|_| format!("{name} is not base64 text"))?,
    );
    let mut bytes = Box::new(Zeroizing::new([0; KEY_BYTES]));
    if decoded.len() != KEY_BYTES {
        return Err(format!("{name} has {} bytes, not {KEY_BYTES}", decoded.len()));
    }
    if decoded.iter().all(|byte| *byte == decoded[0]) {
        return Err(format!("{name} is a placeholder; generate a random one"));
    }
    bytes.copy_from_slice(&decoded);
    Ok(CredentialKey { id: id.to_owned(), bytes })
}

impl fmt::Debug for CredentialKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CredentialKeys").field(&self.ids().collect::<Vec<_>>()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes 0 to 31.
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    /// 31 times 0xff and one 0xfe, which differs between the alphabets.
    const OTHER: &str = "//////////////////////////////////////////4=";

    fn parse(text: &str) -> Result<CredentialKeys> {
        CredentialKeys::parse("keys", text)
    }

    #[test]
    fn first_key_encrypts_and_all_can_be_found() {
        let keys = parse(&format!(" new:{OTHER} ,\n old.1_a-B:{KEY}\n")).unwrap();
        assert_eq!(keys.current_id(), "new");
        assert_eq!(keys.ids().collect::<Vec<_>>(), ["new", "old.1_a-B"]);
        assert_eq!(keys.find("old.1_a-B").unwrap().bytes[31], 31);
        assert!(keys.find("new ").is_none());
    }

    #[test]
    fn base64_may_be_of_either_alphabet_and_without_padding() {
        for text in [OTHER, &OTHER.replace('/', "_"), OTHER.trim_end_matches('=')] {
            let keys = parse(&format!("a:{text}")).unwrap();
            assert_eq!(keys.current().bytes[30..], [255, 254], "{text}");
        }
    }

    #[test]
    fn generated_keys_are_random_and_valid() {
        let (first, second) =
            (CredentialKeys::generate(None).unwrap(), CredentialKeys::generate(None).unwrap());
        assert_ne!(first.expose(), second.expose());
        let keys = parse(&format!("{},{}", first.expose(), second.expose())).unwrap();
        assert!(keys.current_id().starts_with("20"), "{keys:?}");
        let named = CredentialKeys::generate(Some("2027-a")).unwrap();
        assert_eq!(parse(named.expose()).unwrap().current_id(), "2027-a");
        for id in ["", "a b", "a:b", "a,b", "é", &"a".repeat(65)] {
            assert_eq!(CredentialKeys::generate(Some(id)).unwrap_err().field(), Some("id"));
        }
    }

    #[test]
    fn malformed_keys_are_refused_by_id_or_position_without_quoting_them() {
        let short = &KEY[..40];
        for (text, problem) in [
            (String::new(), "entry 1 is empty"),
            (format!("a:{KEY},"), "entry 2 is empty"),
            (KEY.to_owned(), "entry 1 has no id"),
            (format!(":{KEY}"), "the id of entry 1 does not have"),
            (format!("{}:{KEY}", "a".repeat(65)), "the id of entry 1 does not have"),
            (format!("a b:{KEY}"), "the id of entry 1 does not have"),
            (format!("{KEY}:a"), "the id of entry 1 does not have"),
            (format!("{}:a", KEY.trim_end_matches('=')), "the key of entry 1 is not base64"),
            // A key of 16 bytes.
            (format!("{}:a", &KEY[..22]), "the key of entry 1 is not base64"),
            (format!("a:{KEY}, b:{short}"), r#"the key "b" has 30 bytes, not 32"#),
            (format!("a:{KEY}{KEY}"), r#"the key "a" is not base64 text"#),
            (format!("a:{KEY},a:{OTHER}"), "the id of entry 2 occurs twice"),
            (format!("a:{}=", "A".repeat(43)), r#"the key "a" is a placeholder"#),
            ("a:".to_owned(), r#"the key "a" has 0 bytes, not 32"#),
        ] {
            let error = parse(&text).expect_err(&text);
            assert_eq!((error.kind(), error.field()), (ErrorKind::Configuration, Some("keys")));
            assert!(error.message().starts_with("must be keys of the form"), "{error}");
            assert!(error.message().contains(problem), "{text}: {error}");
            assert!(!format!("{error:?}").contains(&KEY[..12]), "{error:?}");
        }
    }

    #[test]
    fn missing_keys_are_an_error_that_says_how_to_make_one() {
        let error = CredentialKeys::require(None).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Configuration, Some(VARIABLE)));
        assert!(error.message().contains("chatkeep credentials generate-key"), "{error}");
        let keys = parse(&format!("a:{KEY}")).unwrap();
        assert_eq!(CredentialKeys::require(Some(&keys)).unwrap().current_id(), "a");
    }

    #[test]
    fn debug_output_has_only_ids() {
        let keys = parse(&format!("a:{KEY},b:{OTHER}")).unwrap();
        assert_eq!(format!("{keys:?}"), r#"CredentialKeys(["a", "b"])"#);
    }
}
