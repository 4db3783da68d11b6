//! The identity of a file: its device and inode.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Identifies a file independently of its path. The creation time distinguishes a file from a
/// deleted one whose inode it reuses, if the file system records that time.
///
/// ```
/// use chatkeep_core::identity::FileId;
///
/// let folder = tempfile::tempdir()?;
/// let (one, other) = (folder.path().join("one"), folder.path().join("other"));
/// std::fs::write(&one, "text")?;
/// std::fs::hard_link(&one, &other)?;
/// assert_eq!(FileId::of(&one)?, FileId::of(&other)?);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileId(Id);

/// Device, inode, and creation time.
#[cfg(unix)]
type Id = (u64, u64, Option<std::time::SystemTime>);

/// The canonical path, on systems without inodes.
#[cfg(not(unix))]
type Id = std::path::PathBuf;

impl FileId {
    /// Returns the identity of the file at this path, or `None` if there is no file.
    ///
    /// # Errors
    /// The file system's error, for example for a folder without search permission.
    pub fn of(path: &Path) -> io::Result<Option<Self>> {
        match path.metadata() {
            Ok(about) => Self::new(&about, path).map(Some),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Returns the identity of an open file, or `None` if the system does not provide one.
    ///
    /// # Errors
    /// The file system's error.
    pub fn of_open(file: &File) -> io::Result<Option<Self>> {
        #[cfg(unix)]
        return Self::new(&file.metadata()?, Path::new("")).map(Some);
        #[cfg(not(unix))]
        return file.metadata().map(|_| None);
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "other systems canonicalize the path")]
    fn new(about: &Metadata, _: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Ok(Self((about.dev(), about.ino(), about.created().ok())))
    }

    #[cfg(not(unix))]
    fn new(_: &Metadata, path: &Path) -> io::Result<Self> {
        path.canonicalize().map(Self)
    }
}
