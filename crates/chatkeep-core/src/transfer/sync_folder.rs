//! Making a new name in a folder durable.

use std::io;
use std::path::Path;

/// Writes the folder of a file to the disk: after a power failure a file that was renamed is there under its new name.
/// A file system that cannot do that is not an error, and neither is a system without such folders.
///
/// # Errors
/// The error of the file system.
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
