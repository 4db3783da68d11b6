//! Long-term memory of agents: JSON objects under a namespace and a key.
//!
//! A namespace is a list of segments (`namespace.rs`). Filters are evaluated here (`filter.rs`), so
//! that every engine gives the same answer and no filter is part of a statement.

mod delete;
mod filter;
mod mysql_pages;
mod namespace;
mod namespaces;
mod put;
mod read;
mod record;
mod rows;
mod search;

pub use delete::{delete, delete_batch_expired, delete_batch_under};
pub use namespace::encode;
pub use namespaces::NamespaceList;
pub use put::{put, put_many};
pub use read::{get, refresh};
pub use record::{Memory, NewMemory, check_key};
pub use rows::StoredMemory;
pub use search::MemorySearch;
