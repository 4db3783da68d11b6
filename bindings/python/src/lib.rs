//! `chatkeep._native`: the Python bindings. They convert values and contain no logic of their own.
//!
//! - `operation`: calls an operation by its description. The classes of the package are generated.
//! - `tuned`: operations with a body of their own.
//! - `call`: the single entry point from Python into Rust, used by every call.
//! - `arguments`: converts Python objects to chatkeep values. Errors name the invalid argument.
//! - `answers`: converts chatkeep values to Python objects.
//! - `errors`: one exception class per error kind.
//! - `store`, `message_iterator`: the Python classes.
//! - `asynchronous`: submits operations for `asyncio`, and resolves futures through a mailbox of
//!   their event loop.
//! - `command`: the `chatkeep` command.

mod answers;
mod arguments;
mod asynchronous;
mod call;
mod command;
mod errors;
mod message_iterator;
mod operation;
mod store;
mod tuned;

/// Implementation of the Python package; import `chatkeep` instead.
#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::command::run_command;
    #[pymodule_export]
    use super::message_iterator::MessageIterator;
    #[pymodule_export]
    use super::operation::{Operation, cached, call, operation, submit};
    #[pymodule_export]
    use super::store::{Store, cursor_after};
}
