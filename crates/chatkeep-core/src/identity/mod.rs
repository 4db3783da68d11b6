//! Whether two names lead to one place: two paths to one file, two URLs to one database.
//!
//! Names alone cannot answer that: one file has several paths through links, and one database several URLs through
//! `localhost` and `127.0.0.1`, a socket, or a pooler. Files are compared by device and inode ([`FileId`]). Databases
//! are asked: a random mark is written to one and looked for in the other ([`is_same_database`]).

mod absolute;
mod companions;
mod database_files;
mod file_id;
mod mark;

pub(crate) use companions::companion;
pub use companions::{COMPANIONS, leftover_companion};
pub use database_files::{DatabaseFiles, is_same_address};
pub use file_id::FileId;
pub use mark::is_same_database;
