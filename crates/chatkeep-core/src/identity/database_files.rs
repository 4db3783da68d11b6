//! The files of a SQLite database, compared with other files.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::companions::{COMPANIONS, companion};
use super::file_id::FileId;
use crate::url::{DatabaseUrl, SqliteLocation, Target};

/// A SQLite database's file and the files beside it.
#[derive(Debug, Clone)]
pub struct DatabaseFiles {
    /// The file behind all links, where SQLite keeps the companions.
    path: PathBuf,
}

impl DatabaseFiles {
    /// Returns the files of an embedded database, or `None` for a server and for memory.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        match url.target() {
            Target::Sqlite(target) => match &target.location {
                SqliteLocation::File(path) => Some(Self { path: real(path) }),
                SqliteLocation::Memory => None,
            },
            Target::Server(_) => None,
        }
    }

    /// Whether a path leads to one of these files, or would create one of them.
    ///
    /// ```
    /// use chatkeep_core::DatabaseUrl;
    /// use chatkeep_core::identity::DatabaseFiles;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let url = DatabaseUrl::sqlite_file(folder.path().join("chat.db"));
    /// let files = DatabaseFiles::of(&url).expect("a database in a file");
    /// assert!(files.contain(&folder.path().join("chat.db-wal"))?);
    /// assert!(!files.contain(&folder.path().join("chat.jsonl"))?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The error of the file system, for example a folder that may not be searched.
    pub fn contain(&self, path: &Path) -> io::Result<bool> {
        let real = real(path);
        if self.paths().any(|own| own == real) {
            return Ok(true);
        }
        match FileId::of(path)? {
            Some(id) => self.have(&id),
            None => Ok(false),
        }
    }

    /// Whether an open file, such as standard output, is one of these files.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn contain_open(&self, file: &File) -> io::Result<bool> {
        match FileId::of_open(file)? {
            Some(id) => self.have(&id),
            None => Ok(false),
        }
    }

    fn have(&self, id: &FileId) -> io::Result<bool> {
        for own in self.paths() {
            if FileId::of(&own)?.as_ref() == Some(id) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn paths(&self) -> impl Iterator<Item = PathBuf> + '_ {
        [""].into_iter().chain(COMPANIONS).map(|ending| companion(&self.path, ending))
    }
}

/// The path without links and dots, as far as it exists.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (whole.parent().map(Path::canonicalize), whole.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(OsStr::new(name)),
        _ => whole,
    }
}

/// Whether two URLs are the same already by their addresses. `false` says nothing about servers, which have many
/// addresses: see [`is_same_database`](super::is_same_database).
pub fn is_same_address(one: &DatabaseUrl, other: &DatabaseUrl) -> bool {
    match (DatabaseFiles::of(one), DatabaseFiles::of(other)) {
        (Some(one), Some(other)) => {
            one.path == other.path
                || FileId::of(&one.path)
                    .ok()
                    .flatten()
                    .is_some_and(|id| other.have(&id).unwrap_or(false))
        }
        (None, None) => one.redacted() == other.redacted(),
        _ => false,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_way_to_a_database_file_leads_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).expect("a folder");
        fs::write(at("data/chat.db"), "").expect("a file");
        fs::write(at("data/chat.db-wal"), "log").expect("a file");
        symlink(at("data"), at("link")).expect("a link");
        symlink(at("data/chat.db"), at("latest.db")).expect("a link");
        fs::hard_link(at("data/chat.db-wal"), at("hard")).expect("a link");
        for way in ["data/chat.db", "link/chat.db", "latest.db"] {
            let files = DatabaseFiles::of(&DatabaseUrl::sqlite_file(at(way))).expect("a file");
            for same in
                ["data/chat.db", "data/../data/chat.db", "link/chat.db", "latest.db", "hard"]
            {
                assert!(files.contain(&at(same)).expect("readable"), "{way} and {same}");
            }
            // Not there yet, but SQLite would find it.
            for same in ["data/chat.db-shm", "link/chat.db-journal"] {
                assert!(files.contain(&at(same)).expect("readable"), "{way} and {same}");
            }
            for other in ["chat.db", "latest.db-wal", "data/chat.db2", "data/none/chat.db"] {
                assert!(!files.contain(&at(other)).expect("readable"), "{way} and {other}");
            }
            let open = File::options().append(true).open(at("hard")).expect("opened");
            assert!(files.contain_open(&open).expect("readable"));
        }
    }

    #[test]
    fn urls_of_one_file_are_the_same_address() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = |name: &str| DatabaseUrl::sqlite_file(folder.path().join(name));
        assert!(is_same_address(&url("new.db"), &url("./new.db")));
        fs::write(folder.path().join("chat.db"), "").expect("a file");
        fs::hard_link(folder.path().join("chat.db"), folder.path().join("hard.db"))
            .expect("a link");
        assert!(is_same_address(&url("chat.db"), &url("hard.db")));
        assert!(!is_same_address(&url("chat.db"), &url("new.db")));
    }
}
