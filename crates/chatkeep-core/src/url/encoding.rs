//! Strict decoding of `%xx` in URLs. A lenient decoder would silently change a password that
//! contains a literal `%`.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use super::wrong;
use crate::Result;

/// Characters to encode in user names, database names and hosts: all but letters, digits and
/// `-._~`.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters to encode in the values of query keys. Paths and host lists stay readable.
const VALUE: &AsciiSet = &NAME.remove(b'/').remove(b':').remove(b',');

/// Characters to encode in the paths of SQLite files.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?');

/// Decodes one part of a URL. Errors name it by `part`, for example `"the password"`.
pub(super) fn decode(text: &str, part: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    if bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'%' && !(is_digit(at + 1) && is_digit(at + 2)))
    {
        return Err(wrong(format!(
            "{part} contains a % without two hexadecimal digits after it; write a literal % as %25"
        )));
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| {
        wrong(format!("{part} is not UTF-8 after decoding its %xx; for example, write é as %C3%A9"))
    })?;
    if decoded.contains('\0') {
        return Err(wrong(format!("{part} contains a NUL character (%00)")));
    }
    Ok(decoded.into_owned())
}

/// Encodes a user name, a database's name or a host.
pub(super) fn encode_name(text: &str) -> String {
    utf8_percent_encode(text, NAME).to_string()
}

/// Encodes the value of a query key.
pub(super) fn encode_value(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// Encodes the path of a SQLite file.
pub(super) fn encode_path(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}
