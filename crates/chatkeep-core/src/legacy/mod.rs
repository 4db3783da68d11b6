//! SQLite files that other chat programs left behind: what they hold, row by row, as it really is.
//!
//! A file is never changed, and neither is what lies beside it. What its columns hold is handed over with SQLite's own word
//! on their type, because such files hold anything: text that is none, binary data where text should be, JSON that is none,
//! columns that nobody here knows.

mod file;
mod private_copy;
mod rows;
mod shape;
mod text;
mod unknown;

pub use file::LegacyFile;
pub use rows::{RawRow, RawValue};
pub use shape::{LegacyTable, Shape};
pub use text::BrokenText;
