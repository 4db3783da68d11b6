//! Durability of renamed and new files.

use std::io;
use std::path::Path;

/// Flushes the folder of a file to disk, so that a renamed file keeps its new name after a power
/// failure. File systems and operating systems that do not support this are not an error.
///
/// # Errors
/// The file system's error.
pub fn sync_folder(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder =
            file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match std::fs::File::open(folder).and_then(|folder| folder.sync_all()) {
            Err(error)
                if !matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput
                        | io::ErrorKind::Unsupported
                        | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Err(error);
            }
            _ => {}
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}
