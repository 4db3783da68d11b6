//! The native addon of the npm package `chatkeep`. It holds no logic: it converts arguments,
//! calls the library and converts results.
//!
//! - `call`: the single entry point into Rust for every call.
//! - `operations`: the operations as the library describes them, and their generic call.
//! - `arguments`: conversion of JavaScript values to library types. Invalid values are rejected
//!   with the field's name.
//! - `tuned`, `columns`: the operations that have a faster body than the generic one.
//! - `response`, `failure`: the values that are returned to JavaScript. Results are converted to
//!   JSON text on the thread that ran the query.
//! - `mailbox`: the queue of completed calls, delivered to JavaScript in batches. Each environment
//!   (the main thread and each worker) has one.
//! - `submit`: starting an asynchronous call.
//! - `store`, `pages`: the store itself, and iteration.
//! - `command`: the `chatkeep` command.

mod abort;
mod arguments;
mod call;
mod columns;
mod command;
mod failure;
mod mailbox;
mod operations;
mod pages;
mod response;
mod store;
mod submit;
mod tuned;
