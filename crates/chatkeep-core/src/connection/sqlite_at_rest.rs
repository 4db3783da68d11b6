//! A SQLite file that nobody has open, in a folder that takes no changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::identity::companion;

/// With write-ahead logging even readers keep files beside the database. Where they cannot, SQLite reads the file only
/// if it is promised that nothing changes meanwhile (`immutable`). This is the promise, and the look whether it holds: a
/// folder that is mounted read-only here may take changes elsewhere.
pub(super) struct AtRest {
    path: PathBuf,
    seen: Look,
}

#[derive(PartialEq)]
struct Look {
    modified: Option<SystemTime>,
    length: u64,
}

impl AtRest {
    /// The file as it is now; `None` when it is not there, or when a log beside it says that somebody writes.
    pub(super) fn of(path: &Path) -> Option<Self> {
        look(path).map(|seen| Self { path: path.to_owned(), seen })
    }

    /// Whether the promise still holds.
    pub(super) fn still(&self) -> bool {
        look(&self.path).is_some_and(|now| now == self.seen)
    }
}

/// Whether a write-ahead log is beside the file, or was being read.
pub(super) fn has_log(path: &Path) -> bool {
    companion(path, "-wal").exists() || companion(path, "-shm").exists()
}

fn look(path: &Path) -> Option<Look> {
    if has_log(path) {
        return None;
    }
    let file = fs::metadata(path).ok()?;
    Some(Look { modified: file.modified().ok(), length: file.len() })
}
