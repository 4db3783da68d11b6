//! Identity checks: whether two paths are the same file, or two URLs the same database.
//!
//! Names are not sufficient. A file can have several paths through links, and a database several
//! URLs, through `localhost` and `127.0.0.1`, a socket, or a pooler. Files are compared by device
//! and inode ([`FileId`]). For databases, a random marker is written to one and looked up in the
//! other ([`is_same_database`]).

mod absolute;
mod companions;
mod database_files;
mod file_id;
mod marker;

pub(crate) use companions::companion;
pub use companions::{COMPANIONS, leftover_companion};
pub use database_files::{DatabaseFiles, is_same_address};
pub use file_id::FileId;
pub use marker::is_same_database;
