//! Checks of output files: they must not be the database, and no leftover files may be next to
//! them.

use std::fs::File;
use std::io;
use std::path::Path;

use chatkeep_core::identity::{DatabaseFiles, leftover_companion};
use chatkeep_core::{DatabaseUrl, Error, Result};

/// Rejects an output file that belongs to the database, under any path.
///
/// These are the database file and SQLite's `-wal`, `-shm` and `-journal` files.
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
/// `InvalidInput` if the file belongs to the database. `Configuration` if inspecting the file
/// fails.
pub fn refuse_database_file(database: &DatabaseUrl, path: &Path) -> Result<()> {
    let Some(files) = DatabaseFiles::of(database) else { return Ok(()) };
    refuse(files.contains(path), &path.display().to_string())
}

/// Rejects an open output file, such as standard output, that belongs to the database.
///
/// `name` is used in the error.
///
/// # Errors
/// `InvalidInput` if the file belongs to the database. `Configuration` if inspecting the file
/// fails.
pub fn refuse_open_database_file(database: &DatabaseUrl, file: &File, name: &str) -> Result<()> {
    let Some(files) = DatabaseFiles::of(database) else { return Ok(()) };
    refuse(files.contains_open(file), name)
}

fn refuse(is_database: io::Result<bool>, name: &str) -> Result<()> {
    match is_database {
        Ok(false) => Ok(()),
        Ok(true) => Err(Error::invalid_input(
            "file",
            format!(
                "{name} is a file of the database itself and would be overwritten; name another \
                 file"
            ),
        )),
        Err(error) => Err(Error::configuration(format!("cannot inspect {name}: {error}"))),
    }
}

/// Rejects a new SQLite file if a leftover file next to it would be treated as part of it.
///
/// An example is the write-ahead log of a program that was killed.
///
/// # Errors
/// `InvalidInput` if there is such a file. `Configuration` if inspecting the folder fails.
pub fn refuse_leftover_companion(path: &Path) -> Result<()> {
    match leftover_companion(path) {
        Ok(None) => Ok(()),
        Ok(Some(companion)) => Err(Error::invalid_input(
            "file",
            format!(
                "SQLite would treat the leftover file {} as a part of {}; \
                 remove it if no program uses it, or name another file",
                companion.display(),
                path.display()
            ),
        )),
        Err(error) => {
            Err(Error::configuration(format!("cannot inspect {}: {error}", path.display())))
        }
    }
}
