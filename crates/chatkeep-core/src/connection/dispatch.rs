//! Dispatch of one Diesel expression to the three engine-specific connections.

use diesel::QueryResult;
use diesel::result::Error;

use crate::db_error;

/// Checks that an insert stored all `given` rows. A trigger may skip a row without an error.
pub(crate) fn all_stored(stored: QueryResult<usize>, given: usize) -> QueryResult<()> {
    if stored? == given { Ok(()) } else { Err(skipped()) }
}

/// Returns the error for a row that was not stored although the database reported no error.
pub(crate) fn skipped() -> Error {
    Error::DeserializationError(Box::new(db_error::skipped()))
}

/// Evaluates the expression with the engine-specific connection. It is compiled once per engine, so
/// each one gets its own typed SQL and its own cached statement.
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
