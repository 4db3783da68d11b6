//! A temporary copy of a SQLite file and its companions. It is read instead of a file that would be
//! changed by being opened.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::companion;

/// Suffixes of companion files with data: a write-ahead log and a rollback journal.
const COMPANIONS: [&str; 2] = ["-wal", "-journal"];
/// Maximum number of attempts to copy a file that is changed during the copy.
const MAX_ATTEMPTS: u32 = 5;

/// A copy in a temporary folder, which is removed on drop.
pub(super) struct PrivateCopy {
    _folder: TempDir,
    path: PathBuf,
}

impl PrivateCopy {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the file and its companions. If they change during the copy, it is repeated.
    ///
    /// # Errors
    /// `Conflict`, not retryable, when they change during every attempt. `StorageFull` when the
    /// disk is full, and `Configuration` when the copy fails for another reason.
    pub(super) fn of(source: &Path) -> Result<Self> {
        for _ in 0..MAX_ATTEMPTS {
            let before = file_states(source);
            let copy = Self::copy(source).map_err(|error| copy_error(source, &error))?;
            if file_states(source) == before {
                return Ok(copy);
            }
        }
        Err(Error::new(
            ErrorKind::Conflict,
            format!(
                "{} is being written to; stop the program that uses it first",
                source.display()
            ),
        )
        .with_retryable(false))
    }

    fn copy(source: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("chatkeep-").tempdir()?;
        let path = folder.path().join("copy.db");
        fs::copy(source, &path)?;
        for suffix in COMPANIONS {
            match fs::copy(companion(source, suffix), companion(&path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Self { _folder: folder, path })
    }
}

fn copy_error(source: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
        _ => ErrorKind::Configuration,
    };
    Error::new(kind, format!("failed to copy {}: {error}", source.display()))
}

/// Returns whether opening the file in place would change it or its folder. This is the case in
/// write-ahead mode, or if a companion with data exists.
pub(super) fn is_needed(source: &Path) -> io::Result<bool> {
    let mut header = [0; 20];
    fs::File::open(source)?.read_exact(&mut header)?;
    // Write and read versions of the file format; 2 is write-ahead logging ("Database File Format"
    // in SQLite's manual).
    let is_wal = header[18] == 2 || header[19] == 2;
    Ok(is_wal
        || COMPANIONS
            .iter()
            .any(|suffix| companion(source, suffix).metadata().is_ok_and(|file| file.len() > 0)))
}

/// Returns the latest modification time of the file and its companions, or the Unix epoch if it is
/// unknown.
pub(super) fn modified(source: &Path) -> SystemTime {
    let times = file_states(source).into_iter().flatten().filter_map(|state| state.0);
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// Modification time and size of a file, if it exists.
type FileState = Option<(Option<SystemTime>, u64)>;

/// Returns the states of the file, its write-ahead log and its rollback journal. Different states
/// before and after a copy mean that the file was changed during the copy.
fn file_states(source: &Path) -> [FileState; 3] {
    let state = |path: &Path| path.metadata().ok().map(|file| (file.modified().ok(), file.len()));
    let [wal, journal] = COMPANIONS.map(|suffix| state(&companion(source, suffix)));
    [state(source), wal, journal]
}
