//! One Diesel expression, three engines.

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
