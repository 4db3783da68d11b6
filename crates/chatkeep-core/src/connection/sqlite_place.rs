//! What has to hold where a SQLite file is or will be: its folder, its mode, and nothing left over beside a new one.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind as IoErrorKind};
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::leftover_companion;
use crate::url::{PRIVATE, SqliteTarget};

fn wrong(cause: String) -> Error {
    Error::configuration(cause).with_field("DATABASE_URL")
}

/// Reports a missing folder, or a folder in the file's place, before SQLite reports "unable to open". Creates the file
/// where it is missing, because SQLite would let everyone read it.
pub(super) fn prepare(target: &SqliteTarget, path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(wrong("names no SQLite file".to_owned()));
    }
    if path.is_dir() {
        return Err(wrong(format!("{} is a folder, not a database file", path.display())));
    }
    prepare_folder(path, target.make_folder)?;
    if target.read_only || path.exists() {
        return Ok(());
    }
    refuse_leftovers(path)?;
    match create(path, target.file_mode) {
        Ok(_) => Ok(()),
        // Another program was faster.
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
            wrong(format!("cannot make the folder {}: {error}", folder.display()))
        });
    }
    Err(wrong(format!("the folder {} does not exist; make it first", folder.display())))
}

/// A write-ahead log beside a database that is missing holds changes of that database, which SQLite would delete or, in
/// some cases, apply to the new one.
fn refuse_leftovers(path: &Path) -> Result<()> {
    let Ok(Some(leftover)) = leftover_companion(path) else { return Ok(()) };
    if path.exists() {
        // Another program has just created both.
        return Ok(());
    }
    Err(wrong(format!(
        "there is no file {}, but its companion {} is left; put the database back, or remove the companion to begin \
         with an empty database",
        path.display(),
        leftover.display()
    )))
}

/// SQLite gives its companions the mode of the file.
fn create(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE);
    // A link that leads nowhere is not followed by `create_new`, and SQLite would create what it leads to.
    let file = match path.read_link() {
        Ok(_) => options.create_new(false).create(true).truncate(false).open(path),
        Err(_) => options.open(path),
    }?;
    if mode != PRIVATE {
        // Whatever the umask is: it was asked for.
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
