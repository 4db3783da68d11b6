//! Decoding of text in SQLite's encodings. The raw bytes are decoded here, because SQLite's
//! conversion would silently replace invalid characters by U+FFFD.

/// Text encoding of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// A value that is stored as text but is not valid in the file's encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokenText {
    /// Bytes of the value in the file.
    pub bytes: Vec<u8>,
    /// Decoded text, with U+FFFD for invalid characters.
    pub readable: String,
    /// Expected encoding: `UTF-8` or `UTF-16`.
    pub encoding: &'static str,
    /// Number of bytes before the first invalid one.
    pub valid_up_to: usize,
}

impl Encoding {
    /// Returns the encoding with this SQLite name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "UTF-8" => Some(Self::Utf8),
            "UTF-16le" => Some(Self::Utf16Le),
            "UTF-16be" => Some(Self::Utf16Be),
            _ => None,
        }
    }

    pub(super) fn read(self, bytes: Vec<u8>) -> Result<String, BrokenText> {
        match self {
            Self::Utf8 => String::from_utf8(bytes).map_err(|error| BrokenText {
                readable: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                encoding: "UTF-8",
                valid_up_to: error.utf8_error().valid_up_to(),
                bytes: error.into_bytes(),
            }),
            Self::Utf16Le => utf16(bytes, u16::from_le_bytes),
            Self::Utf16Be => utf16(bytes, u16::from_be_bytes),
        }
    }
}

fn utf16(bytes: Vec<u8>, unit: fn([u8; 2]) -> u16) -> Result<String, BrokenText> {
    let pairs = bytes.chunks_exact(2);
    let is_truncated = !pairs.remainder().is_empty();
    let mut readable = String::with_capacity(bytes.len());
    let (mut read, mut invalid) = (0, None);
    for letter in char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))) {
        let letter = letter.unwrap_or_else(|_| {
            invalid.get_or_insert(read);
            char::REPLACEMENT_CHARACTER
        });
        read += 2 * letter.len_utf16();
        readable.push(letter);
    }
    if is_truncated {
        invalid.get_or_insert(read);
        readable.push(char::REPLACEMENT_CHARACTER);
    }
    match invalid {
        None => Ok(readable),
        Some(valid_up_to) => Err(BrokenText { bytes, readable, encoding: "UTF-16", valid_up_to }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_text_is_decoded_in_every_encoding() {
        let text = "naïve ✍️ 👩🏽‍🚀\0";
        let units: Vec<u16> = text.encode_utf16().collect();
        let le = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        assert_eq!(Encoding::Utf8.read(text.into()).as_deref(), Ok(text));
        assert_eq!(Encoding::Utf16Le.read(le).as_deref(), Ok(text));
        assert_eq!(Encoding::Utf16Be.read(be).as_deref(), Ok(text));
        assert_eq!(Encoding::Utf16Be.read(Vec::new()).as_deref(), Ok(""));
    }

    #[test]
    fn invalid_text_is_reported_with_its_position() {
        let cases: [(Encoding, &[u8], &str, usize); 5] = [
            (Encoding::Utf8, b"a\xffb", "a\u{fffd}b", 1),
            (Encoding::Utf16Le, b"a\0\x00\xd8b\0", "a\u{fffd}b", 2),
            (Encoding::Utf16Be, b"\0a\xdc\x00\xd8\x00", "a\u{fffd}\u{fffd}", 2),
            (Encoding::Utf16Le, b"\x3d\xd8\x00\xdea", "\u{1f600}\u{fffd}", 4),
            (Encoding::Utf16Le, b"a", "\u{fffd}", 0),
        ];
        for (encoding, bytes, readable, valid_up_to) in cases {
            let broken = encoding.read(bytes.to_vec()).expect_err("it is invalid");
            assert_eq!(
                (broken.readable.as_str(), broken.valid_up_to, broken.bytes.as_slice()),
                (readable, valid_up_to, bytes)
            );
        }
    }
}
