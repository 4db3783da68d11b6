//! Entries for fuzz targets into import and export. Not part of the interface.

use chatkeep::{Error, Message, NewMessage};

/// Reads the lines of an import: a message each, `None` for a blank line, or why the line is refused.
///
/// # Panics
/// When memory cannot be read, which is a bug.
pub fn import_lines(bytes: &[u8]) -> Vec<Result<Option<NewMessage>, Error>> {
    crate::import::read_all(bytes).expect("memory can be read")
}

/// Writes a message as a line of an export, with its line break.
///
/// # Panics
/// When the message is not JSON, which is a bug.
pub fn export_line(message: &Message, with_id: bool) -> String {
    crate::export::line(message, with_id).expect("a message is JSON")
}
