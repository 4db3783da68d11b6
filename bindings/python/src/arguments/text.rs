//! Texts.

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::Given;
use crate::errors::Refusal;

/// A text. A `str` may hold lone surrogates, which are no characters, and which no database could store.
pub(crate) fn text<'a>(field: &str, given: Given<'a, '_>) -> Result<&'a str, Refusal> {
    let text = given.cast::<PyString>().map_err(|_| Refusal::wrong_type(field, "a str", given))?;
    text.to_str()
        .map_err(|_| Refusal::input(field, "holds a lone surrogate, which is no character"))
}

/// A text or nothing.
pub(crate) fn optional_text<'a>(
    field: &str,
    given: Given<'a, '_>,
) -> Result<Option<&'a str>, Refusal> {
    if given.is_none() {
        return Ok(None);
    }
    match text(field, given) {
        Err(Refusal::Type(_)) => Err(Refusal::wrong_type(field, "a str or None", given)),
        taken => taken.map(Some),
    }
}
