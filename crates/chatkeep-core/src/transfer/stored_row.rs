//! Complete rows of tables, for copying them between databases.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::Connection;
use crate::error::Result;

/// A complete row of a table that is copied by ascending id. Its JSON is the line of an archive.
pub trait StoredRow: Clone + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// Returns the id by which the rows are ordered.
    fn id(&self) -> i64;

    /// Validates a row from another source, as the operations do that store it.
    ///
    /// # Errors
    /// `InvalidInput` with the name of the invalid field.
    fn check(&self) -> Result<()>;

    /// Counts all rows.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    fn count_all(connection: &mut Connection) -> Result<i64>;

    /// Returns rows with an id greater than `id`, ordered by id: up to 2,000, or 4 MiB. The result is
    /// empty at the end.
    ///
    /// # Errors
    /// `Unavailable` or another error of the database.
    fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Self>>;

    /// Stores rows with their ids, in the caller's transaction. The database's id sequence is not
    /// advanced.
    ///
    /// # Errors
    /// `InvalidInput` for a duplicate id (on SQLite `Internal`); `OutcomeUnknown` or another error
    /// of the database.
    fn insert_with_ids(connection: &mut Connection, rows: &[Self]) -> Result<()>;
}

/// Implements [`StoredRow`] for the rows of tables: their id, approximate size in bytes, and check.
macro_rules! stored_rows {
    ($($row:ident: $table:ident by $id:ident, $size:expr, $check:expr;)+) => {$(
        impl $crate::transfer::StoredRow for $row {
            fn id(&self) -> i64 {
                self.$id
            }

            fn check(&self) -> Result<()> {
                let check: fn(&Self) -> Result<()> = $check;
                check(self)
            }

            fn count_all(connection: &mut Connection) -> Result<i64> {
                use diesel::{QueryDsl as _, RunQueryDsl as _};
                let counted = $crate::connection::on_engine!(connection, c => {
                    $table::table.count().get_result::<i64>(c)
                });
                counted.map_err(|error| connection.read_error(error))
            }

            fn list_after_id(connection: &mut Connection, id: i64) -> Result<Vec<Self>> {
                let size: fn(&Self) -> usize = $size;
                $crate::connection::rows_after_id!(connection, $table::$id > id, size)
            }

            fn insert_with_ids(connection: &mut Connection, rows: &[Self]) -> Result<()> {
                let size: fn(&Self) -> usize = $size;
                let stored = $crate::connection::insert_many!(connection, $table, rows, size);
                stored.map_err(|error| connection.write_error(error))
            }
        }
    )+};
}

pub(crate) use stored_rows;
