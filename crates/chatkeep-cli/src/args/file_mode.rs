//! Permissions as an argument.

use chatkeep::url::parse_file_mode;

/// Permissions of a file, in octal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileMode(pub(crate) u32);

pub(crate) fn parse(text: &str) -> Result<FileMode, String> {
    parse_file_mode(text).map(FileMode).ok_or_else(|| {
        "write octal permissions with which the owner reads and writes, such as 0640".to_owned()
    })
}
