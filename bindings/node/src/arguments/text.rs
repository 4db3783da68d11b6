//! Strings.

use napi::{JsString, JsValue as _, ValueType};

use super::{ArgError, ArgResult, JsArg};

/// The character that replaces a lone surrogate. The string may also contain it legitimately.
const REPLACEMENT: char = '\u{FFFD}';

/// Converts a string. A lone surrogate is rejected: it is not a character, and no database can
/// store it.
pub(crate) fn text(field: &str, arg: &JsArg<'_>) -> ArgResult<String> {
    if arg.get_type()? != ValueType::String {
        return Err(ArgError::wrong_type(field, "a string", arg));
    }
    text_of(field, arg)
}

fn text_of(field: &str, arg: &JsArg<'_>) -> ArgResult<String> {
    let string = arg.coerce_to_string()?;
    let text = String::try_from(string.into_utf8()?)?;
    // Node silently replaces lone surrogates, so only this character needs the slower check.
    if text.contains(REPLACEMENT) && has_lone_surrogate(string)? {
        return Err(ArgError::input(field, "contains a lone surrogate, which is not a character"));
    }
    Ok(text)
}

/// Converts a string, if there is one.
pub(crate) fn optional_text(field: &str, arg: &JsArg<'_>) -> ArgResult<Option<String>> {
    match arg.get_type()? {
        ValueType::Undefined | ValueType::Null => Ok(None),
        ValueType::String => text_of(field, arg).map(Some),
        _ => Err(ArgError::wrong_type(field, "a string or null", arg)),
    }
}

fn has_lone_surrogate(string: JsString<'_>) -> napi::Result<bool> {
    let units = string.into_utf16()?;
    Ok(char::decode_utf16(units.iter().copied()).any(|character| character.is_err()))
}
