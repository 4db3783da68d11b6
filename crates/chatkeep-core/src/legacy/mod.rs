//! Raw reads of SQLite files written by earlier chat programs.
//!
//! Neither the file nor its companions are changed. Values are returned with their SQLite storage
//! class, because such files may contain anything: invalid text, binary data instead of text,
//! invalid JSON, and unknown columns.

mod any_table;
mod file;
mod private_copy;
mod rows;
mod shape;
mod text;
mod unknown;

pub use any_table::AnyTable;
pub use file::LegacyFile;
pub use rows::{RawRow, RawValue};
pub use shape::{LegacyTable, Shape};
pub use text::BrokenText;
