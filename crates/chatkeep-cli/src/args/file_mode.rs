//! The argument of `--file-mode`: the permissions of a new file.

use chatkeep::url::parse_file_mode;

/// Permissions of a file, as the bits of `chmod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileMode(pub(crate) u32);

/// Parses octal permissions such as `0640`.
pub(crate) fn parse(text: &str) -> Result<FileMode, String> {
    parse_file_mode(text)
        .map(FileMode)
        .ok_or_else(|| "must be octal and let the owner read and write, such as 0640".to_owned())
}
