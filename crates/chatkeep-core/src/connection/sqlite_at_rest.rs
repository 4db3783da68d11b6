//! A SQLite file in a read-only folder, which no program is writing to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::identity::companion;

/// The recorded state of a file that is opened with `immutable`.
///
/// With write-ahead logging, even readers create files next to the database. If they cannot, SQLite
/// reads the file only if the program guarantees that it does not change (`immutable`). This type
/// detects changes that break the guarantee: a folder that is mounted read-only on this machine may
/// be written to from another one.
pub(super) struct AtRest {
    path: PathBuf,
    state: FileState,
}

#[derive(PartialEq)]
struct FileState {
    modified: Option<SystemTime>,
    length: u64,
}

impl AtRest {
    /// Records the file's current state. `None` if the file does not exist, or if it has a
    /// write-ahead log, which shows that a program is using it.
    pub(super) fn of(path: &Path) -> Option<Self> {
        file_state(path).map(|state| Self { path: path.to_owned(), state })
    }

    /// Returns whether the file is still in its recorded state.
    pub(super) fn is_unchanged(&self) -> bool {
        file_state(&self.path).is_some_and(|now| now == self.state)
    }
}

/// Returns whether the file has a write-ahead log, or the index of one.
pub(super) fn has_log(path: &Path) -> bool {
    companion(path, "-wal").exists() || companion(path, "-shm").exists()
}

fn file_state(path: &Path) -> Option<FileState> {
    if has_log(path) {
        return None;
    }
    let file = fs::metadata(path).ok()?;
    Some(FileState { modified: file.modified().ok(), length: file.len() })
}
