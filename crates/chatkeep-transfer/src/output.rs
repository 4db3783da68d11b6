//! Files that something is written to: not the database, and nothing left over beside them.

use std::fs::File;
use std::io;
use std::path::Path;

use chatkeep_core::identity::{DatabaseFiles, leftover_companion};
use chatkeep_core::{DatabaseUrl, Error, Result};

/// Refuses an output file that is the database's own file, or one that SQLite keeps beside it, whatever path leads there.
///
/// ```
/// use chatkeep_transfer::refuse_database_file;
///
/// let url = chatkeep::DatabaseUrl::sqlite_file("chat.db");
/// assert!(refuse_database_file(&url, "./chat.db-wal".as_ref()).is_err());
/// assert!(refuse_database_file(&url, "chat.jsonl".as_ref()).is_ok());
/// ```
///
/// # Errors
/// `InvalidInput` when it is; `Configuration` when the file system does not say.
pub fn refuse_database_file(database: &DatabaseUrl, path: &Path) -> Result<()> {
    let Some(files) = DatabaseFiles::of(database) else { return Ok(()) };
    refuse(files.contain(path), &path.display().to_string())
}

/// The same for a file that is open already, such as standard output. The name is for the error.
///
/// # Errors
/// As [`refuse_database_file`].
pub fn refuse_open_database_file(database: &DatabaseUrl, file: &File, name: &str) -> Result<()> {
    let Some(files) = DatabaseFiles::of(database) else { return Ok(()) };
    refuse(files.contain_open(file), name)
}

fn refuse(is_database: io::Result<bool>, name: &str) -> Result<()> {
    match is_database {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::invalid_input(
            "file",
            format!(
                "{name} is a file of the database itself, which would be destroyed; name another file"
            ),
        )),
        Err(error) => Err(Error::configuration(format!("{name} cannot be looked at: {error}"))),
    }
}

/// Refuses a new SQLite file beside which a file is left that SQLite would take for a part of it, for example the
/// write-ahead log of a program that was killed.
///
/// # Errors
/// `InvalidInput` when there is one; `Configuration` when the file system does not say.
pub fn refuse_leftover_companion(path: &Path) -> Result<()> {
    match leftover_companion(path) {
        Ok(None) => Ok(()),
        Ok(Some(companion)) => Err(Error::invalid_input(
            "file",
            format!(
                "{} would be damaged by {}, which SQLite would take for a part of it; remove that file if no program uses \
                 it, or name another file",
                path.display(),
                companion.display()
            ),
        )),
        Err(error) => {
            Err(Error::configuration(format!("{} cannot be looked at: {error}", path.display())))
        }
    }
}
