//! Outputs that are open already: standard output, and what a shell calls `/dev/stdout` or `/proc/self/fd/N`.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// The file descriptor that a name stands for; `-` is standard output.
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

/// The file behind a descriptor. A regular file is appended to: opened by its name it would be written from its beginning.
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
