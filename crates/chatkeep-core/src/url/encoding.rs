//! `%xx` in URLs, read strictly: a `%` that stands for itself would otherwise change a password without a word.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};

use super::wrong;
use crate::Result;

/// For user names, database names and hosts: everything but letters, digits and `-._~`.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// For the values of query keys: paths and host lists stay readable.
const VALUE: &AsciiSet = &NAME.remove(b'/').remove(b':').remove(b',');

/// For the paths of SQLite files.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?');

/// Decodes one part of a URL; `part` is what the error calls it, for example `"the password"`.
pub(super) fn decode(text: &str, part: &str) -> Result<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    if bytes
        .iter()
        .enumerate()
        .any(|(at, byte)| *byte == b'%' && !(is_digit(at + 1) && is_digit(at + 2)))
    {
        return Err(wrong(format!(
            "{part} holds a % without two hexadecimal digits after it; write % itself as %25"
        )));
    }
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| {
        wrong(format!("{part} is not UTF-8 once its %xx are read; write é as %C3%A9, for example"))
    })?;
    if decoded.contains('\0') {
        return Err(wrong(format!("{part} holds a NUL character (%00)")));
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
