//! The archive format: a zstd-compressed tar file with the rows as JSON Lines.
//!
//! | entry | content |
//! |---|---|
//! | `api_tokens/000001.jsonl`, … | tokens, ordered by id |
//! | `messages/000001.jsonl`, … | messages, ordered by id |
//! | `manifest.json` | the [`Manifest`]; the last entry, so a truncated archive has none |
//!
//! Each part is a few megabytes, which bounds the memory of readers and writers.
//! `tar --zstd -xf FILE` unpacks an archive.

mod manifest;
mod part;
mod read;
mod rows;
mod write;

pub use manifest::Manifest;
pub(crate) use read::read;
pub(crate) use write::Writer;

/// Entry name of the manifest.
const MANIFEST: &str = "manifest.json";
/// Folder names of the two tables.
const TOKENS: &str = "api_tokens";
const MESSAGES: &str = "messages";
