//! Batches of rows of one table, ordered by id.

use chatkeep_core::{Connection, Result};

use super::TransferTable;
use crate::digest::TableDigest;

/// Rows of one table, whose type is known only to its [`TransferTable`].
pub(crate) trait Batch: Send {
    /// Returns the table's name.
    fn table(&self) -> &'static str;

    /// Returns the number of rows.
    fn len(&self) -> u64;

    /// Returns the greatest id, or `None` if the batch is empty.
    fn last_id(&self) -> Option<i64>;

    /// Removes the rows with an id up to `id`.
    fn remove_through(&mut self, id: i64);

    /// Adds all rows to the table's digest.
    fn add_to_digest(&self, digest: &mut TableDigest);

    /// Stores all rows with their ids, in the caller's transaction.
    fn insert(&self, connection: &mut Connection) -> Result<()>;

    /// Appends rows to `out`, one line of JSON each, from the row with index `from` on: up to
    /// `limit` bytes, or one larger row. Returns the number of rows.
    fn write_lines(&self, from: usize, limit: usize, out: &mut Vec<u8>) -> Result<usize>;
}

/// Rows of a table.
pub(crate) struct Rows<T: TransferTable>(pub(crate) Vec<T::Row>);

impl<T: TransferTable> Batch for Rows<T> {
    fn table(&self) -> &'static str {
        T::NAME
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn last_id(&self) -> Option<i64> {
        self.0.last().map(T::id)
    }

    fn remove_through(&mut self, id: i64) {
        self.0.retain(|row| T::id(row) > id);
    }

    fn add_to_digest(&self, digest: &mut TableDigest) {
        for row in &self.0 {
            T::add_to_digest(row, &mut digest.row());
        }
    }

    fn insert(&self, connection: &mut Connection) -> Result<()> {
        T::insert_with_ids(connection, &self.0)
    }

    fn write_lines(&self, from: usize, limit: usize, out: &mut Vec<u8>) -> Result<usize> {
        let rows = self.0.get(from..).unwrap_or_default();
        for (count, row) in rows.iter().enumerate() {
            let length = out.len();
            T::write_line(row, out)?;
            if count > 0 && out.len() > limit {
                out.truncate(length);
                return Ok(count);
            }
        }
        Ok(rows.len())
    }
}
