//! The archive format: a zstd-compressed tar file with the rows as JSON Lines.
//!
//! | entry | content |
//! |---|---|
//! | `messages/000001.jsonl`, … | rows of a table, ordered by id; a folder for each table |
//! | `manifest.json` | the [`Manifest`]; the last entry, so a truncated archive has none |
//!
//! A part has up to 4 MiB, or one larger row, which bounds the memory of readers and writers.
//! `tar --zstd -xf FILE` unpacks an archive.
//!
//! A new table or column does not change the version of the format. An archive with rows of a table
//! that this version does not have is rejected, as is one with an unknown column. A table that the
//! archive does not have is empty after the restore.

mod failure;
mod json_lines;
mod manifest;
mod part;
mod read;
mod write;

pub(crate) use failure::Failure;
pub(crate) use json_lines::{cannot_serialize, write_json_line};
pub use manifest::Manifest;
pub(crate) use manifest::Part;
pub(crate) use part::read_part;
pub(crate) use read::read;
pub(crate) use write::Writer;

/// Entry name of the manifest.
const MANIFEST: &str = "manifest.json";
