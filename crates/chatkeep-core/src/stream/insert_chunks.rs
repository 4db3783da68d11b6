//! Inserts of many chunks.

use diesel::Insertable;

use crate::connection::Connection;
use crate::error::Result;
use crate::schema::stream_chunks;
use crate::value::Timestamp;

/// Maximum size of a chunk, in bytes of UTF-8. A longer text is split. So a reader of chunks needs
/// little memory, and a chunk fits the packets of every server.
pub const MAX_CHUNK_BYTES: usize = 64 << 10;
/// Maximum number of rows in a statement. Each has up to five values, and a statement has at most
/// 65,535 of them on PostgreSQL and MySQL.
pub(super) const MAX_ROWS: usize = 500;
/// Maximum size of a statement's rows, in bytes, unless its only row is larger.
const MAX_BYTES: usize = 1 << 20;

/// A chunk to insert.
#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = stream_chunks)]
pub(super) struct ChunkRow<'a> {
    pub(super) stream_id: i64,
    pub(super) seq: i64,
    pub(super) content: &'a str,
    pub(super) created_at: Timestamp,
}

/// Stores rows with multi-row inserts, or on SQLite with one prepared statement per row, which is
/// the fastest way there.
macro_rules! insert_each {
    ($connection:expr, $rows:expr, $max_bytes:expr, |$row:ident| $size:expr) => {{
        use diesel::RunQueryDsl as _;
        use $crate::connection::{Session, all_stored};
        let groups = $crate::stream::insert_chunks::groups($rows, $max_bytes, |$row| $size);
        match &mut $connection.session {
            Session::Sqlite(c) => $rows.iter().try_for_each(|row| {
                let insert = diesel::insert_into($crate::schema::stream_chunks::table);
                all_stored(insert.values(*row).execute(c), 1)
            }),
            Session::PostgreSql(c) => groups.into_iter().try_for_each(|rows| {
                let insert = diesel::insert_into($crate::schema::stream_chunks::table);
                all_stored(insert.values(rows).execute(c.as_mut()), rows.len())
            }),
            Session::MySql(c) => groups.into_iter().try_for_each(|rows| {
                let insert = diesel::insert_into($crate::schema::stream_chunks::table);
                all_stored(insert.values(rows).execute(c.as_mut()), rows.len())
            }),
        }
    }};
}

pub(super) use insert_each;

/// Stores chunks, in the caller's transaction.
pub(super) fn insert(connection: &mut Connection, rows: &[ChunkRow<'_>]) -> Result<()> {
    let max_bytes = max_bytes(connection);
    let stored = insert_each!(connection, rows, max_bytes, |row| row.content.len());
    stored.map_err(|error| connection.insert_error(error))
}

/// Returns the maximum size of a statement's rows. A quarter of a server's packet is reserved for
/// the SQL around the values.
pub(super) fn max_bytes(connection: &Connection) -> usize {
    let packet = connection.max_row_bytes().map_or(usize::MAX, |packet| packet as usize / 4 * 3);
    packet.min(MAX_BYTES)
}

/// Splits rows by number and size.
pub(super) fn groups<T>(rows: &[T], max_bytes: usize, size: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut groups = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |row: &&T| {
            bytes += size(row) + 64;
            bytes <= max_bytes
        };
        let count = rest.iter().take(MAX_ROWS).take_while(fits).count().max(1);
        let (group, later) = rest.split_at(count);
        groups.push(group);
        rest = later;
    }
    groups
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

    #[test]
    fn groups_are_limited_by_rows_and_bytes() {
        let rows = vec![100; 1_200];
        let counts = |max_bytes| -> Vec<usize> {
            groups(&rows, max_bytes, |row| *row).iter().map(|group| group.len()).collect()
        };
        assert_eq!(counts(1 << 20), [500, 500, 200]);
        assert_eq!(counts(1_000).iter().sum::<usize>(), 1_200);
        assert_eq!(counts(10).len(), 1_200, "a row that is too large is a group");
    }
}
