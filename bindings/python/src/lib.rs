//! `chatkeep._native`: the Python bindings. They convert values and contain no logic of their own.
//!
//! - `call`: the single entry point from Python into Rust, used by every call.
//! - `arguments`: converts Python objects to chatkeep values. Errors name the invalid argument.
//! - `rows`, `json`: convert chatkeep values to Python objects.
//! - `names`: the argument names that errors report.
//! - `errors`: one exception class per error kind.
//! - `store`, `messages`, `message_iterator`, `tokens`, `database`: the Python classes.
//! - `asynchronous`: the same operations for `asyncio`. Each returns a future that is resolved
//!   through a mailbox of its event loop.
//! - `command`: the `chatkeep` command.

mod arguments;
mod asynchronous;
mod call;
mod command;
mod database;
mod errors;
mod json;
mod message_iterator;
mod messages;
mod names;
mod rows;
mod store;
mod tokens;

/// Implementation of the Python package; import `chatkeep` instead.
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
