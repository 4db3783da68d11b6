//! The archive: a tar file, compressed by zstd, that holds the rows as JSON Lines.
//!
//! | entry | what it holds |
//! |---|---|
//! | `api_tokens/000001.jsonl`, … | tokens, in the order of their ids |
//! | `messages/000001.jsonl`, … | messages, in the order of their ids |
//! | `manifest.json` | the [`Manifest`], at the end: an archive that was cut off has none |
//!
//! Each part is a few megabytes, so that it is read and written in flat memory. `tar --zstd -xf FILE` unpacks it.

mod manifest;
mod part;
mod read;
mod rows;
mod write;

pub use manifest::Manifest;
pub(crate) use read::read;
pub(crate) use write::Writer;

/// The manifest's name in the archive.
const MANIFEST: &str = "manifest.json";
/// The folders of the two tables.
const TOKENS: &str = "api_tokens";
const MESSAGES: &str = "messages";
