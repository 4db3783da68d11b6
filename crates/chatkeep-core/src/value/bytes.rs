//! Binary data.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind, Result};

/// Binary data. In text formats, such as JSON, it is base64 text.
///
/// `Debug` shows only the number of bytes, because the contents may be personal data.
///
/// ```
/// use chatkeep_core::Bytes;
///
/// let bytes = Bytes::from(vec![0, 255]);
/// assert_eq!(serde_json::to_string(&bytes).unwrap(), r#""AP8=""#);
/// assert_eq!(Bytes::from_base64("AP8=")?, bytes);
/// assert_eq!(format!("{bytes:?}"), "Bytes(2)");
/// # Ok::<(), chatkeep_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// Decodes base64 text: the standard alphabet, with padding.
    ///
    /// # Errors
    /// `InvalidInput` without a field when the text is not base64. The message does not quote it.
    pub fn from_base64(text: &str) -> Result<Self> {
        let decoded = STANDARD.decode(text);
        decoded.map(Self).map_err(|_| Error::new(ErrorKind::InvalidInput, "must be base64 text"))
    }

    /// Returns the bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Returns the bytes, without copying them.
    pub fn into_inner(self) -> Vec<u8> {
        self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(&self.0))
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

/// Reads base64 text.
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::from_base64(&text).map_err(|error| de::Error::custom(error.message()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_base64_text_in_both_directions() {
        let cases: [(&[u8], &str); 3] =
            [(b"", r#""""#), (b"\0\xff", r#""AP8=""#), (b"abc", r#""YWJj""#)];
        for (bytes, json) in cases {
            let value = Bytes::from(bytes.to_vec());
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<Bytes>(json).unwrap(), value);
            assert_eq!(value.as_slice(), bytes);
            assert_eq!(value.into_inner(), bytes);
        }
    }

    #[test]
    fn text_that_is_not_base64_is_refused_without_quoting_it() {
        // Without padding, of another alphabet, with whitespace, and with unused bits.
        for text in ["AP8", "_-8=", "AP 8=", "AP8=\n", "AP9=", "secret"] {
            let error = Bytes::from_base64(text).expect_err(text);
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidInput, None), "{text}");
            assert_eq!(error.message(), "must be base64 text", "{text}");
        }
        assert!(serde_json::from_str::<Bytes>("[0, 255]").is_err());
    }

    #[test]
    fn debug_output_has_only_the_length() {
        let value = Some(Bytes::from(b"secret".to_vec()));
        assert_eq!(format!("{value:?}"), "Some(Bytes(6))");
    }
}
