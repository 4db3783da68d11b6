//! The manifest of an archive: its origin, the digests of its tables, and a list of its parts.

use chatkeep_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::Content;
use crate::table::{ApiTokens, Messages, NextIds, TransferTable as _};

/// Version of the archive format that this program writes and reads.
pub(super) const FORMAT: u32 = 1;

/// Description of an archive: its origin, content and parts. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// Version of the archive format: 1.
    pub format: u32,
    /// Version of chatkeep that wrote the archive.
    pub chatkeep: String,
    /// Engine of the source database: `sqlite`, `postgresql`, `mysql` or `mariadb`.
    pub engine: String,
    /// Time at which the archive was written.
    pub created_at: Timestamp,
    /// Row counts and digests of the tables.
    pub content: Content,
    /// Id of the next message that the source database would store. The target continues from it,
    /// so that ids of deleted messages are not reused.
    pub next_message_id: i64,
    /// Id of the next token that the source database would store.
    pub next_token_id: i64,
    /// Ids of the next rows by table name, those of messages and tokens included. Version 0.1.0
    /// wrote only the two fields above, and reads only these.
    #[serde(default)]
    next_ids: NextIds,
    /// Parts, in archive order.
    pub parts: Vec<Part>,
}

/// One part of an archive: an entry with rows of one table as JSON Lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// Name of the entry in the archive, such as `messages/000001.jsonl`.
    pub name: String,
    /// Number of rows, one per line.
    pub rows: u64,
    /// Uncompressed length in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hexadecimal.
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
            next_message_id: next_ids.of(Messages::NAME).unwrap_or(1),
            next_token_id: next_ids.of(ApiTokens::NAME).unwrap_or(1),
            next_ids,
            parts,
        }
    }

    pub(crate) fn next_ids(&self) -> NextIds {
        let mut next_ids = self.next_ids.clone();
        for (table, next) in
            [(Messages::NAME, self.next_message_id), (ApiTokens::NAME, self.next_token_id)]
        {
            if next_ids.of(table).is_none() {
                next_ids.insert(table, next);
            }
        }
        next_ids
    }
}
