//! The companion files that SQLite keeps next to a database.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Suffixes of SQLite's companion files: the write-ahead log, its index, and the rollback journal.
pub const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Returns the path of a companion. SQLite appends the suffix to the whole file name.
pub(crate) fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the first companion that exists for this path. Callers use it before they create or
/// replace a database. SQLite would treat a leftover companion as part of the new file and read
/// changes from it.
///
/// ```
/// use chatkeep_core::identity::leftover_companion;
///
/// let folder = tempfile::tempdir()?;
/// let new = folder.path().join("new.db");
/// assert_eq!(leftover_companion(&new)?, None);
/// std::fs::write(folder.path().join("new.db-wal"), "left by a killed program")?;
/// assert_eq!(leftover_companion(&new)?, Some(folder.path().join("new.db-wal")));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The file system's error.
pub fn leftover_companion(path: &Path) -> io::Result<Option<PathBuf>> {
    for ending in COMPANIONS {
        let companion = companion(path, ending);
        // A dangling symbolic link counts as well: SQLite would write through it.
        match companion.symlink_metadata() {
            Ok(_) => return Ok(Some(companion)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
