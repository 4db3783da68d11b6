//! Detection of SQLite files that are deleted or replaced while they are open.
//!
//! SQLite keeps writing to the file that it opened, even after that file was deleted or replaced.
//! Later commits are then invisible to programs that open the path. Therefore the path is checked
//! before each commit, which costs less than a microsecond, and for readers at an interval.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::identity::FileId;

/// Interval between two checks for a connection that only reads.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// An open file, and whether it is still at its path.
pub(super) struct FileWatch {
    path: PathBuf,
    id: FileId,
    checked_at: Cell<Instant>,
    /// Never reset: the connection uses the old file, whatever is at the path later.
    is_replaced: Cell<bool>,
}

impl FileWatch {
    /// Watches a newly opened file. Fails if the path leads to another file than expected.
    pub(super) fn opened(path: &Path, expected: Option<&FileId>) -> Result<Self> {
        let found = FileId::of(path).ok().flatten().ok_or_else(|| file_replaced(path))?;
        if expected.is_some_and(|expected| *expected != found) {
            return Err(file_replaced(path));
        }
        let checked_at = Cell::new(Instant::now());
        Ok(Self { path: path.to_owned(), id: found, checked_at, is_replaced: Cell::new(false) })
    }

    pub(super) fn expect(&self, expected: &FileId) -> Result<()> {
        if self.id == *expected { Ok(()) } else { Err(file_replaced(&self.path)) }
    }

    pub(super) fn id(&self) -> &FileId {
        &self.id
    }

    /// Checks whether the path still leads to the file.
    pub(super) fn is_in_place(&self) -> bool {
        if self.is_replaced.get() {
            return false;
        }
        self.checked_at.set(Instant::now());
        let is_same = match FileId::of(&self.path) {
            Ok(found) => found.as_ref() == Some(&self.id),
            // A folder without search permission does not prove that the file was replaced.
            Err(_) => true,
        };
        self.is_replaced.set(!is_same);
        is_same
    }

    /// Returns the result of the last check if it is recent, and checks again otherwise.
    pub(super) fn was_in_place(&self) -> bool {
        if self.is_replaced.get() || self.checked_at.get().elapsed() < CHECK_INTERVAL {
            return !self.is_replaced.get();
        }
        self.is_in_place()
    }

    /// Returns the error to report if a check found that the file was deleted or replaced.
    pub(super) fn error(&self) -> Option<Error> {
        self.is_replaced.get().then(|| file_replaced(&self.path))
    }
}

/// Checks that a path leads to the expected file before it is opened. SQLite would create a missing
/// file.
pub(super) fn refuse_other(path: &Path, expected: &FileId) -> Result<()> {
    FileWatch::opened(path, Some(expected)).map(drop)
}

fn file_replaced(path: &Path) -> Error {
    let message = format!(
        "the database file {} was deleted or replaced while it was open; restore it, or close this \
         store and open it again to use the file that is there now",
        path.display()
    );
    Error::new(ErrorKind::Unavailable, message).with_retryable(false)
}
