//! Metadata. JavaScript makes JSON of it, which is cheaper than walking through it from here, and what cannot be JSON is
//! refused there (`node/src/metadata.ts`); whether the JSON can be stored is decided here, as for every language.

use chatkeep::Metadata;
use serde_json::{Map, Value};

use super::{Given, Taken, is_given, text};

pub(super) const FIELD: &str = "metadata";

/// Metadata or nothing, from its JSON text.
pub(super) fn optional_metadata(given: &Given<'_>) -> Taken<Option<Metadata>> {
    if !is_given(given)? {
        return Ok(None);
    }
    Ok(Some(Metadata::parse(&text(FIELD, given)?)?))
}

/// The keys and values that are looked for, from their JSON text.
pub(super) fn optional_object(given: &Given<'_>) -> Taken<Map<String, Value>> {
    Ok(optional_metadata(given)?.map(|metadata| metadata.to_map()).unwrap_or_default())
}
