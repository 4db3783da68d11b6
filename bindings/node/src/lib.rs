//! The native addon of the npm package `chatkeep`. It holds no logic: it converts arguments,
//! calls the library and converts results.
//!
//! - `call`: the single entry point into Rust for every call.
//! - `arguments`: conversion of JavaScript values to library types. Invalid values are rejected
//!   with the field's name.
//! - `rows`, `columns`: conversion of results to JSON text, on the thread that ran the query.
//! - `names`: field names in errors, as JavaScript callers spell them.
//! - `response`, `failure`: the values that are returned to JavaScript.
//! - `mailbox`: the queue of completed calls, delivered to JavaScript in batches. Each environment
//!   (the main thread and each worker) has one.
//! - `submit`: starting an asynchronous call.
//! - `store`, `messages`, `pages`, `tokens`, `database`: the exported calls.
//! - `command`: the `chatkeep` command.

mod abort;
mod arguments;
mod call;
mod columns;
mod command;
mod database;
mod failure;
mod mailbox;
mod messages;
mod names;
mod pages;
mod response;
mod rows;
mod store;
mod submit;
mod tokens;
