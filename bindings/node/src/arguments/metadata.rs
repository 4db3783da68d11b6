//! Metadata. JavaScript serializes it to JSON, which is cheaper than reading the object from Rust,
//! and rejects values without a JSON form (`node/src/metadata.ts`). Whether the JSON can be stored
//! is checked here, as in every language.

use chatkeep::{Metadata, MetadataFilter};

use super::{ArgResult, JsArg, text};

/// Parses metadata from its JSON text.
pub(super) fn metadata(field: &str, arg: &JsArg<'_>) -> ArgResult<Metadata> {
    let parsed = Metadata::parse(&text(field, arg)?);
    // The library calls every JSON object metadata; the caller's argument can have another name.
    Ok(parsed.map_err(|error| match error.field() {
        Some("metadata") => error.with_field(field.to_owned()),
        _ => error,
    })?)
}

/// Parses the keys and values to filter by from their JSON text.
pub(super) fn metadata_filter(field: &str, arg: &JsArg<'_>) -> ArgResult<Vec<MetadataFilter>> {
    let object = metadata(field, arg)?.to_map();
    let filters = object.into_iter().map(|(key, value)| MetadataFilter::new(key, value));
    Ok(filters.collect::<chatkeep::Result<_>>()?)
}
