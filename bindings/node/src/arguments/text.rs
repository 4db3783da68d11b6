//! Texts.

use napi::{JsString, JsValue as _, ValueType};

use super::{Given, Refusal, Taken, is_given};

/// What stands in a text for what is no character, whether or not it stood there before.
const REPLACEMENT: char = '\u{FFFD}';

/// A text. JavaScript's may hold lone surrogates, which are no characters, and which no database could store.
pub(crate) fn text(field: &str, given: &Given<'_>) -> Taken<String> {
    if given.get_type()? != ValueType::String {
        return Err(Refusal::wrong_type(field, "a string", given));
    }
    let given = given.coerce_to_string()?;
    let text = String::try_from(given.into_utf8()?)?;
    // Node makes this of a lone surrogate without a word, so only then is it worth looking closer.
    if text.contains(REPLACEMENT) && has_lone_surrogate(given)? {
        return Err(Refusal::input(field, "holds a lone surrogate, which is no character"));
    }
    Ok(text)
}

/// A text or nothing.
pub(crate) fn optional_text(field: &str, given: &Given<'_>) -> Taken<Option<String>> {
    if !is_given(given)? {
        return Ok(None);
    }
    if given.get_type()? != ValueType::String {
        return Err(Refusal::wrong_type(field, "a string or null", given));
    }
    text(field, given).map(Some)
}

fn has_lone_surrogate(given: JsString<'_>) -> napi::Result<bool> {
    let units = given.into_utf16()?;
    Ok(char::decode_utf16(units.iter().copied()).any(|character| character.is_err()))
}
