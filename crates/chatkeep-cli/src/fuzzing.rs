//! Entry points of fuzz targets to import and export. Not part of the public API.

use chatkeep::{Error, Message, NewMessage};

/// Parses the lines of an import. A blank line is `None`, an invalid line an error.
///
/// # Panics
/// If reading from memory fails, which is a bug.
pub fn import_lines(bytes: &[u8]) -> Vec<Result<Option<NewMessage>, Error>> {
    crate::import::read_all(bytes).expect("memory can be read")
}

/// Formats a message as a line of an export, with its line break.
///
/// # Panics
/// If serializing the message fails, which is a bug.
pub fn export_line(message: &Message, with_id: bool) -> String {
    crate::export::line(message, with_id).expect("a message is JSON")
}
