//! Preparation of a SQLite path: its folder, the file's permissions, and the check for leftover
//! companions of a new file.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind as IoErrorKind};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::leftover_companion;
use crate::url::{PRIVATE, SqliteTarget};

fn invalid_path(cause: String) -> Error {
    Error::configuration(cause).with_field("DATABASE_URL")
}

/// Checks the path and creates a missing file.
///
/// A missing folder, or a folder at the path, gets a better error than SQLite's "unable to open".
/// The file is created here because SQLite would make it readable for all users.
pub(super) fn prepare(target: &SqliteTarget, path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(invalid_path("the path of the SQLite file is empty".to_owned()));
    }
    if path.is_dir() {
        return Err(invalid_path(format!("{} is a folder, not a database file", path.display())));
    }
    prepare_folder(path, target.make_folder)?;
    if target.read_only || path.exists() {
        return Ok(());
    }
    refuse_leftovers(path)?;
    match create(path, target.file_mode) {
        Ok(_) => Ok(()),
        // Another program created it first.
        Err(error) if error.kind() == IoErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(cannot_create(path, &error)),
    }
}

fn prepare_folder(path: &Path, make_folder: bool) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    if folder.is_dir() {
        return Ok(());
    }
    if make_folder {
        return std::fs::create_dir_all(folder).map_err(|error| {
            invalid_path(format!("cannot create the folder {}: {error}", folder.display()))
        });
    }
    Err(invalid_path(format!("the folder {} does not exist; create it first", folder.display())))
}

/// Rejects companions without a database. They contain changes of the missing database, which
/// SQLite would delete or, in some cases, apply to the new one.
fn refuse_leftovers(path: &Path) -> Result<()> {
    let Ok(Some(leftover)) = leftover_companion(path) else { return Ok(()) };
    if path.exists() {
        // Another program has just created the database.
        return Ok(());
    }
    Err(invalid_path(format!(
        "the file {} does not exist, but its companion {} does; restore the database, or delete \
         the companion to start with an empty database",
        path.display(),
        leftover.display()
    )))
}

/// Creates the file with these permissions. SQLite creates companions with the file's permissions.
fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    // `create_new` does not follow a dangling symbolic link, but SQLite would create its target.
    let file = match path.read_link() {
        Ok(_) => options.create_new(false).create(true).truncate(false).open(path),
        Err(_) => options.open(path),
    }?;
    if mode != PRIVATE {
        // Explicitly requested permissions override the umask.
        set_mode(&file, mode)?;
    }
    Ok(file)
}

#[cfg(unix)]
fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: u32) -> io::Result<()> {
    Ok(())
}

fn cannot_create(path: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        IoErrorKind::StorageFull | IoErrorKind::QuotaExceeded => ErrorKind::StorageFull,
        IoErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        _ => ErrorKind::Configuration,
    };
    Error::new(kind, format!("cannot create the SQLite file {}: {error}", path.display()))
        .with_field("DATABASE_URL")
}
