//! Comparison of a SQLite database's files with other files.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::companions::{COMPANIONS, companion};
use super::file_id::FileId;
use crate::url::{DatabaseUrl, SqliteLocation, Target};

/// A SQLite database's file and its companions.
#[derive(Debug, Clone)]
pub struct DatabaseFiles {
    /// The path with all symbolic links resolved; SQLite keeps the companions next to it.
    path: PathBuf,
}

impl DatabaseFiles {
    /// Returns the files of a SQLite database, or `None` for a server or an in-memory database.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        match url.target() {
            Target::Sqlite(target) => match &target.location {
                SqliteLocation::File(path) => Some(Self { path: resolve(path) }),
                SqliteLocation::Memory => None,
            },
            Target::Server(_) => None,
        }
    }

    /// Returns whether a path is one of these files, or would create one of them.
    ///
    /// ```
    /// use chatkeep_core::DatabaseUrl;
    /// use chatkeep_core::identity::DatabaseFiles;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let url = DatabaseUrl::sqlite_file(folder.path().join("chat.db"));
    /// let files = DatabaseFiles::of(&url).expect("a database in a file");
    /// assert!(files.contains(&folder.path().join("chat.db-wal"))?);
    /// assert!(!files.contains(&folder.path().join("chat.jsonl"))?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// The file system's error, for example for a folder without search permission.
    pub fn contains(&self, path: &Path) -> io::Result<bool> {
        let resolved = resolve(path);
        if self.paths().any(|own| own == resolved) {
            return Ok(true);
        }
        match FileId::of(path)? {
            Some(id) => self.contains_id(&id),
            None => Ok(false),
        }
    }

    /// Returns whether an open file, such as standard output, is one of these files.
    ///
    /// # Errors
    /// The file system's error.
    pub fn contains_open(&self, file: &File) -> io::Result<bool> {
        match FileId::of_open(file)? {
            Some(id) => self.contains_id(&id),
            None => Ok(false),
        }
    }

    fn contains_id(&self, id: &FileId) -> io::Result<bool> {
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

/// Canonicalizes a path, or its parent folder if the file does not exist.
fn resolve(path: &Path) -> PathBuf {
    if let Ok(resolved) = path.canonicalize() {
        return resolved;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (absolute.parent().map(Path::canonicalize), absolute.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(OsStr::new(name)),
        _ => absolute,
    }
}

/// Returns whether two URLs have the same address. `false` does not mean that two servers are
/// different, because a server can have several addresses: see
/// [`is_same_database`](super::is_same_database).
pub fn is_same_address(one: &DatabaseUrl, other: &DatabaseUrl) -> bool {
    match (DatabaseFiles::of(one), DatabaseFiles::of(other)) {
        (Some(one), Some(other)) => {
            one.path == other.path
                || FileId::of(&one.path)
                    .ok()
                    .flatten()
                    .is_some_and(|id| other.contains_id(&id).unwrap_or(false))
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
    fn paths_through_links_are_recognized_as_the_database() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("data")).expect("a folder");
        fs::write(at("data/chat.db"), "").expect("a file");
        fs::write(at("data/chat.db-wal"), "log").expect("a file");
        symlink(at("data"), at("link")).expect("a link");
        symlink(at("data/chat.db"), at("latest.db")).expect("a link");
        fs::hard_link(at("data/chat.db-wal"), at("hard")).expect("a link");
        for path in ["data/chat.db", "link/chat.db", "latest.db"] {
            let files = DatabaseFiles::of(&DatabaseUrl::sqlite_file(at(path))).expect("a file");
            for same in
                ["data/chat.db", "data/../data/chat.db", "link/chat.db", "latest.db", "hard"]
            {
                assert!(files.contains(&at(same)).expect("readable"), "{path} and {same}");
            }
            // These do not exist yet, but SQLite would create them.
            for same in ["data/chat.db-shm", "link/chat.db-journal"] {
                assert!(files.contains(&at(same)).expect("readable"), "{path} and {same}");
            }
            for other in ["chat.db", "latest.db-wal", "data/chat.db2", "data/none/chat.db"] {
                assert!(!files.contains(&at(other)).expect("readable"), "{path} and {other}");
            }
            let open = File::options().append(true).open(at("hard")).expect("opened");
            assert!(files.contains_open(&open).expect("readable"));
        }
    }

    #[test]
    fn urls_of_the_same_file_have_the_same_address() {
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
