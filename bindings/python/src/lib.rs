//! `chatkeep._native`: chatkeep for Python. It holds no logic: convert, call, convert.
//!
//! - `door`: the one way into Rust and back, for every call.
//! - `arguments`: from Python objects to chatkeep's values; what cannot be taken is refused by the field's name.
//! - `rows`, `json`: from chatkeep's values to Python objects.
//! - `names`: the names of fields in errors, as callers spell them.
//! - `errors`: one exception class for each kind of error.
//! - `store`, `messages`, `message_iterator`, `tokens`, `database`: the classes.
//! - `asynchronous`: the same calls for `asyncio`: futures that are settled by way of a mailbox for each event loop.
//! - `command`: the `chatkeep` command.

mod arguments;
mod asynchronous;
mod command;
mod database;
mod door;
mod errors;
mod json;
mod message_iterator;
mod messages;
mod names;
mod rows;
mod store;
mod tokens;

/// What the Python package is built on; import `chatkeep` instead.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::asynchronous::{
        AsyncDatabaseManager, AsyncMessageLogger, AsyncMessagePages, AsyncTokenManager,
    };
    #[pymodule_export]
    use super::command::run_command;
    #[pymodule_export]
    use super::database::DatabaseManager;
    #[pymodule_export]
    use super::message_iterator::MessageIterator;
    #[pymodule_export]
    use super::messages::MessageLogger;
    #[pymodule_export]
    use super::store::{Chatkeep, from_environment};
    #[pymodule_export]
    use super::tokens::TokenManager;
}
