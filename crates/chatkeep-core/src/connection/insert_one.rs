//! Inserts of one row whose id the database assigns.

use diesel::{QueryResult, RunQueryDsl};

use super::SqliteSession;
use super::dispatch::skipped;

/// Inserts the values of one row into a table, and returns its id.
macro_rules! insert_one {
    ($connection:expr, $table:ident, $values:expr) => {{
        let insert = || diesel::insert_into($table::table).values($values);
        match &mut $connection.session {
            $crate::connection::Session::Sqlite(c) => {
                $crate::connection::all_stored(insert().execute(c), 1)
                    .and_then(|()| $crate::connection::last_inserted_id(c))
            }
            $crate::connection::Session::PostgreSql(c) => $crate::connection::returned_id(
                insert().returning($table::id).get_results(c.as_mut()),
            ),
            $crate::connection::Session::MySql(c) => {
                $crate::connection::all_stored(insert().execute(c.as_mut()), 1)
                    .and_then(|()| c.first_insert_id())
            }
        }
    }};
}

pub(crate) use insert_one;

diesel::define_sql_function! {
    /// SQLite's built-in function.
    fn last_insert_rowid() -> BigInt;
}

/// Returns the id of a single inserted row from all returned rows.
pub(crate) fn returned_id(ids: QueryResult<Vec<i64>>) -> QueryResult<i64> {
    ids.and_then(|ids| ids.first().copied().ok_or_else(skipped))
}

/// Returns the id of the row that this connection inserted last.
pub(crate) fn last_inserted_id(connection: &mut SqliteSession) -> QueryResult<i64> {
    diesel::select(last_insert_rowid()).get_result(connection)
}
