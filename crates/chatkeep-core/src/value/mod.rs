//! Values of columns: timestamps and metadata.

mod canonical_form;
mod canonical_json;
mod metadata;
mod metadata_sql;
mod strict_json;
mod timestamp;
mod timestamp_sql;

pub(crate) use canonical_json::canonical_text;
pub use metadata::Metadata;
pub use timestamp::Timestamp;
