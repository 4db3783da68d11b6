//! The C library of chatkeep. Languages without a binding of their own call it; `go/` is the first.
//!
//! Arguments and results are JSON. Operations are called by name, as in `api/chatkeep.json`.
//!
//! - `abi`: the exported functions, and all unsafe code.
//! - `stores`: the open stores, by handle.
//! - `call`: the call of an operation.
//! - `pages`: the pages of `messages.iter_messages`.
//! - `settings`: the settings of a new store.
//! - `failure`: errors and panics as JSON.

pub mod abi;
mod call;
mod failure;
mod pages;
mod settings;
mod stores;
#[cfg(test)]
mod tests;
