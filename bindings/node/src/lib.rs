//! The addon of the npm package: chatkeep for Node. It holds no logic: convert, call, convert.
//!
//! - `door`: the one way into Rust, for every call.
//! - `arguments`: from JavaScript values to chatkeep's; what cannot be taken is refused by the field's name.
//! - `rows`, `columns`: from chatkeep's values to JSON texts, made on the thread that asked the database.
//! - `names`: the names of fields in errors, as callers spell them.
//! - `answer`, `failure`: what JavaScript is given.
//! - `mailbox`: where outcomes lie until JavaScript fetches them, all at once; one for each environment (the main thread
//!   and each worker).
//! - `submit`: handing in a call whose outcome is awaited.
//! - `store`, `messages`, `pages`, `tokens`, `database`: the calls.
//! - `command`: the `chatkeep` command.

mod abort;
mod answer;
mod arguments;
mod columns;
mod command;
mod database;
mod door;
mod failure;
mod mailbox;
mod messages;
mod names;
mod pages;
mod rows;
mod store;
mod submit;
mod tokens;
