//! Metadata. JavaScript serializes it to JSON, which is cheaper than reading the object from Rust,
//! and rejects values without a JSON form (`node/src/metadata.ts`). Whether the JSON can be stored
//! is checked here, as in every language.

use chatkeep::Metadata;
use serde_json::{Map, Value};

use super::{ArgResult, JsArg, is_given, text};

pub(super) const FIELD: &str = "metadata";

/// Parses metadata from its JSON text, if there is any.
pub(super) fn optional_metadata(arg: &JsArg<'_>) -> ArgResult<Option<Metadata>> {
    if !is_given(arg)? {
        return Ok(None);
    }
    Ok(Some(Metadata::parse(&text(FIELD, arg)?)?))
}

/// Parses the keys and values to filter by from their JSON text.
pub(super) fn optional_object(arg: &JsArg<'_>) -> ArgResult<Map<String, Value>> {
    Ok(optional_metadata(arg)?.map(|metadata| metadata.to_map()).unwrap_or_default())
}
