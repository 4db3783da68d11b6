//! Whether an open SQLite file is still at its path.
//!
//! SQLite writes to the file that it has opened, also after that was deleted or another file was put in its place. What
//! is committed then is lost to everyone who opens the path. So the path is looked at before each commit, which costs
//! less than a microsecond, and for readers once in a while.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind, Result};
use crate::identity::FileId;

/// Between two looks for a connection that only reads.
const PAUSE: Duration = Duration::from_secs(1);

/// A file that is open, and what is known of its path.
pub(super) struct FileWatch {
    path: PathBuf,
    id: FileId,
    looked: Cell<Instant>,
    /// Stays set: the connection is to the old file, whatever is at the path later.
    is_gone: Cell<bool>,
}

impl FileWatch {
    /// Of a file that was just opened. Where the path leads to another file than expected, it is an error.
    pub(super) fn opened(path: &Path, expected: Option<&FileId>) -> Result<Self> {
        let found = FileId::of(path).ok().flatten().ok_or_else(|| gone(path))?;
        if expected.is_some_and(|expected| *expected != found) {
            return Err(gone(path));
        }
        let looked = Cell::new(Instant::now());
        Ok(Self { path: path.to_owned(), id: found, looked, is_gone: Cell::new(false) })
    }

    pub(super) fn expect(&self, expected: &FileId) -> Result<()> {
        if self.id == *expected { Ok(()) } else { Err(gone(&self.path)) }
    }

    pub(super) fn id(&self) -> &FileId {
        &self.id
    }

    /// Looks whether the path leads to the file still.
    pub(super) fn is_in_place(&self) -> bool {
        if self.is_gone.get() {
            return false;
        }
        self.looked.set(Instant::now());
        let is_same = match FileId::of(&self.path) {
            Ok(found) => found.as_ref() == Some(&self.id),
            // A folder that may not be searched for the time being says nothing of the file.
            Err(_) => true,
        };
        self.is_gone.set(!is_same);
        is_same
    }

    /// The same, from memory where it was looked at a short time ago.
    pub(super) fn was_in_place(&self) -> bool {
        if self.is_gone.get() || self.looked.get().elapsed() < PAUSE {
            return !self.is_gone.get();
        }
        self.is_in_place()
    }

    /// The error of whatever was to be done, if the file is known to be gone.
    pub(super) fn error(&self) -> Option<Error> {
        self.is_gone.get().then(|| gone(&self.path))
    }
}

/// Refuses to open a path that leads to another file than the one that was open before, or to none. SQLite would create
/// an empty one.
pub(super) fn refuse_other(path: &Path, expected: &FileId) -> Result<()> {
    FileWatch::opened(path, Some(expected)).map(drop)
}

fn gone(path: &Path) -> Error {
    let message = format!(
        "the database file {} was deleted or replaced while it was open; put it back, or close this store and open it \
         again to work with the file that is there now",
        path.display()
    );
    Error::new(ErrorKind::Unavailable, message).with_retryable(false)
}
