//! Values that travel between a program and a column: moments, and metadata.

mod metadata;
mod metadata_sql;
mod strict_json;
mod timestamp;
mod timestamp_sql;

pub use metadata::Metadata;
pub(crate) use metadata::canonical_text;
pub use timestamp::Timestamp;
