//! Inserts of many chunks.

use diesel::Insertable;

use crate::connection::{Connection, insert_many};
use crate::error::Result;
use crate::schema::stream_chunks;
use crate::value::Timestamp;

/// Maximum size of a chunk, in bytes of UTF-8. A longer text is split. So a reader of chunks needs
/// little memory, and a chunk fits the packets of every server.
pub const MAX_CHUNK_BYTES: usize = 64 << 10;
/// A chunk to insert.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = stream_chunks)]
pub(super) struct ChunkRow<'a> {
    pub(super) stream_id: i64,
    pub(super) seq: i64,
    pub(super) content: &'a str,
    pub(super) created_at: Timestamp,
}

/// Stores chunks, in the caller's transaction.
pub(super) fn insert(connection: &mut Connection, rows: &[ChunkRow<'_>]) -> Result<()> {
    let stored = insert_many!(connection, stream_chunks, rows, |row| row.content.len());
    stored.map_err(|error| connection.insert_error(error))
}

/// Splits a text into chunks of at most `max_bytes`, between characters.
pub(super) fn split(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut chunks = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let fits = (1..=max_bytes.min(rest.len())).rev().find(|end| rest.is_char_boundary(*end));
        let end = fits.unwrap_or_else(|| rest.chars().next().map_or(rest.len(), char::len_utf8));
        let (chunk, later) = rest.split_at(end);
        chunks.push(chunk);
        rest = later;
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_split_between_characters_without_loss() {
        let text = "aé😀".repeat(50);
        for max_bytes in [1, 2, 3, 4, 5, 7, 64, 1_000] {
            let chunks = split(&text, max_bytes);
            assert_eq!(chunks.concat(), text);
            assert!(chunks.iter().all(|chunk| chunk.len() <= max_bytes.max(4)), "{max_bytes}");
        }
        assert!(split("", 10).is_empty());
    }
}
