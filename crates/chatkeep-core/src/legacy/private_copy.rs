//! A copy of a SQLite file and of its log, for files that cannot be opened where they are without a change.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tempfile::TempDir;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::companion;

/// What SQLite keeps beside a file, as far as it holds data: a write-ahead log, or a rollback journal.
const BESIDE: [&str; 2] = ["-wal", "-journal"];
/// How often a file is copied anew that was changed meanwhile.
const TRIES: u32 = 5;

/// The copy, which goes with this value.
pub(super) struct PrivateCopy {
    _folder: TempDir,
    path: PathBuf,
}

impl PrivateCopy {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Copies the file with all that belongs to it.
    pub(super) fn of(source: &Path) -> Result<Self> {
        for _ in 0..TRIES {
            let before = looks(source);
            let copy = Self::make(source).map_err(|error| cannot_copy(source, &error))?;
            if looks(source) == before {
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

    fn make(source: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("chatkeep-").tempdir()?;
        let path = folder.path().join("copy.db");
        fs::copy(source, &path)?;
        for ending in BESIDE {
            match fs::copy(companion(source, ending), companion(&path, ending)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Self { _folder: folder, path })
    }
}

fn cannot_copy(source: &Path, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::StorageFull,
        _ => ErrorKind::Configuration,
    };
    Error::new(kind, format!("cannot make a copy of {} to read: {error}", source.display()))
}

/// Whether opening the file where it is would change it or its folder: it is in write-ahead mode, or holds changes that
/// were not finished.
pub(super) fn is_needed(source: &Path) -> io::Result<bool> {
    let mut header = [0; 20];
    fs::File::open(source)?.read_exact(&mut header)?;
    // The file format's write and read versions: 2 is write-ahead logging (SQLite's manual, "Database File Format").
    let is_wal = header[18] == 2 || header[19] == 2;
    Ok(is_wal
        || BESIDE
            .iter()
            .any(|ending| companion(source, ending).metadata().is_ok_and(|file| file.len() > 0)))
}

/// When the file, or its log, was changed last.
pub(super) fn modified(source: &Path) -> SystemTime {
    let times = looks(source).into_iter().flatten().filter_map(|look| look.0);
    times.max().unwrap_or(SystemTime::UNIX_EPOCH)
}

type Look = Option<(Option<SystemTime>, u64)>;

fn looks(source: &Path) -> [Look; 3] {
    let look = |path: &Path| path.metadata().ok().map(|file| (file.modified().ok(), file.len()));
    [look(source), look(&companion(source, BESIDE[0])), look(&companion(source, BESIDE[1]))]
}
