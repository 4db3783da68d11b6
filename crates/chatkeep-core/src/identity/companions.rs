//! The files that SQLite keeps beside a database.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// What SQLite appends to a database's name for the files beside it: the write-ahead log, its index, and the rollback
/// journal.
pub const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Returns the path of a companion. SQLite appends its ending to the whole name.
pub(crate) fn companion(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Returns the first companion that is present although there is no database of that name, or although the database is
/// about to be replaced. SQLite would take it for a part of the new file and read changes from it.
///
/// ```
/// use chatkeep_core::identity::leftover_companion;
///
/// let folder = tempfile::tempdir()?;
/// let new = folder.path().join("new.db");
/// assert_eq!(leftover_companion(&new)?, None);
/// std::fs::write(folder.path().join("new.db-wal"), "of a program that was killed")?;
/// assert_eq!(leftover_companion(&new)?, Some(folder.path().join("new.db-wal")));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// The error of the file system.
pub fn leftover_companion(path: &Path) -> io::Result<Option<PathBuf>> {
    for ending in COMPANIONS {
        let companion = companion(path, ending);
        // A link that leads nowhere is there as well: SQLite would write through it.
        match companion.symlink_metadata() {
            Ok(_) => return Ok(Some(companion)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
