//! Metadata and JSON values. JavaScript serializes them to JSON, which is cheaper than reading the
//! object from Rust, and rejects values without a JSON form (`node/src/metadata.ts`). Whether the
//! JSON can be stored is checked here, as in every language.

use chatkeep::{JsonValue, Metadata, MetadataFilter};

use super::{ArgResult, JsArg, text};

/// Parses metadata from its JSON text.
pub(super) fn metadata(field: &str, arg: &JsArg<'_>) -> ArgResult<Metadata> {
    let parsed = Metadata::parse(&text(field, arg)?);
    Ok(parsed.map_err(|error| error.with_field(field.to_owned()))?)
}

/// Parses a JSON value from its text.
pub(super) fn json(field: &str, arg: &JsArg<'_>) -> ArgResult<JsonValue> {
    let parsed = JsonValue::parse(&text(field, arg)?);
    Ok(parsed.map_err(|error| error.with_field(field.to_owned()))?)
}

/// Parses the keys and values to filter by from their JSON text.
pub(super) fn metadata_filter(field: &str, arg: &JsArg<'_>) -> ArgResult<Vec<MetadataFilter>> {
    let object = metadata(field, arg)?.to_map();
    let filters = object.into_iter().map(|(key, value)| MetadataFilter::new(key, value));
    let filters = filters.collect::<chatkeep::Result<_>>();
    Ok(filters.map_err(|error| error.with_field(field.to_owned()))?)
}
