//! Outputs that are open file descriptors: standard output, `/dev/stdout` and `/proc/self/fd/N`.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Returns the file descriptor that a path names; `-` is standard output.
pub(super) fn number(path: &Path) -> Option<u32> {
    match path.to_str()? {
        "-" | "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        text => {
            let digits =
                ["/dev/fd/", "/proc/self/fd/"].iter().find_map(|start| text.strip_prefix(start))?;
            digits.parse().ok()
        }
    }
}

/// Opens the file of a descriptor.
///
/// A regular file is opened for appending. Opening it by name would overwrite it from the start.
pub(super) fn open(number: u32, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        let standard = match number {
            1 => Some(io::stdout().as_fd().try_clone_to_owned()?),
            2 => Some(io::stderr().as_fd().try_clone_to_owned()?),
            _ => None,
        };
        if let Some(standard) = standard {
            return Ok(File::from(standard));
        }
    }
    #[cfg(not(unix))]
    let _ = number;
    OpenOptions::new().append(true).open(path)
}
