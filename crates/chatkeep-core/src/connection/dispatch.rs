//! One Diesel expression, three engines.

use diesel::QueryResult;
use diesel::result::Error;

use crate::fault;

/// The id that an insert of one row gave back, out of all that it gave back.
///
/// SQLite commits when a statement comes to its end, and says only then that the disk is full. Diesel's `get_result` stops
/// at the first row and passes over what the end would say, so that a row that was never stored would have an id.
pub(crate) fn returned_id(ids: QueryResult<Vec<i64>>) -> QueryResult<i64> {
    ids.and_then(|ids| ids.first().copied().ok_or_else(skipped))
}

/// Whether an insert stored as many rows as it was given. A trigger may skip a row without an error.
pub(crate) fn all_stored(stored: QueryResult<usize>, given: usize) -> QueryResult<()> {
    if stored? == given { Ok(()) } else { Err(skipped()) }
}

/// The database did not store a row although it reported no error.
pub(crate) fn skipped() -> Error {
    Error::DeserializationError(Box::new(fault::skipped()))
}

/// Runs the expression on the engine's own connection. It is compiled once for each, so that every engine gets its own
/// typed SQL and its own cached statement.
macro_rules! on_engine {
    ($connection:expr, $engine_connection:ident => $query:expr) => {
        match &mut $connection.session {
            $crate::connection::Session::Sqlite($engine_connection) => $query,
            $crate::connection::Session::PostgreSql(boxed) => {
                let $engine_connection = boxed.as_mut();
                $query
            }
            $crate::connection::Session::MySql(boxed) => {
                let $engine_connection = boxed.as_mut();
                $query
            }
        }
    };
}

pub(crate) use on_engine;
