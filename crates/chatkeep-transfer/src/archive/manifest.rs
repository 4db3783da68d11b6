//! What an archive says of itself.

use chatkeep_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::batch::NextIds;
use crate::digest::Content;

/// The number of this form of archive.
pub(super) const FORMAT: u32 = 1;

/// What an archive holds. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The number of the archive's form: 1.
    pub format: u32,
    /// The version of chatkeep that wrote it.
    pub chatkeep: String,
    /// The engine that it was written from.
    pub engine: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// Rows and digests of the tables.
    pub content: Content,
    /// The id that the next message gets.
    pub next_message_id: i64,
    /// The id that the next token gets.
    pub next_token_id: i64,
    /// The parts, in their order.
    pub parts: Vec<Part>,
}

/// A part of an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// Its name in the archive.
    pub name: String,
    /// Its rows, one on each line.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

impl Part {
    pub(super) fn new(name: String, rows: u64, bytes: u64, sha256: String) -> Self {
        Self { name, rows, bytes, sha256 }
    }
}

impl Manifest {
    pub(crate) fn new(engine: &str, content: Content, next_ids: NextIds, parts: Vec<Part>) -> Self {
        Self {
            format: FORMAT,
            chatkeep: env!("CARGO_PKG_VERSION").to_owned(),
            engine: engine.to_owned(),
            created_at: Timestamp::now(),
            content,
            next_message_id: next_ids.messages,
            next_token_id: next_ids.tokens,
            parts,
        }
    }

    pub(crate) fn next_ids(&self) -> NextIds {
        NextIds { messages: self.next_message_id, tokens: self.next_token_id }
    }
}
