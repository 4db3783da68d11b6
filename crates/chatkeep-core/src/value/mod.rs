//! Values of columns: timestamps, metadata, JSON, costs, binary data, public ids and secrets;
//! checks of texts and limits.

mod bytes;
mod canonical_form;
mod canonical_json;
mod cost;
mod json_limits;
mod json_sql;
mod json_value;
mod limit;
mod metadata;
pub(crate) mod public_id;
pub(crate) mod raw_json;
mod secret;
mod secret_name;
mod strict_json;
mod text;
mod text_set;
mod timestamp;
mod timestamp_sql;

pub use bytes::Bytes;
pub(crate) use canonical_json::canonical_text;
pub use cost::{Cost, TotalCost};
pub use json_value::JsonValue;
pub(crate) use limit::check_metadata;
pub use limit::{MAX_LIMIT, MAX_ROW_BYTES, check_limit};
pub use metadata::Metadata;
pub use secret::Secret;
pub(crate) use secret_name::looks_like_secret;
pub(crate) use text::{check_bytes, check_hex, check_name, check_nonempty_name, refuse_nul};
pub use text_set::TextSet;
pub use timestamp::Timestamp;
