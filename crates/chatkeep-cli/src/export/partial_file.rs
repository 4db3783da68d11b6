//! A file that appears under its name only when it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chatkeep_transfer::sync_folder;
use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;
use crate::interruption::Interruption;

/// Written beside its target under another name; gone when it is dropped, or a signal ends the process, before [`PartialFile::finish`].
pub(crate) struct PartialFile<'a> {
    file: Option<NamedTempFile>,
    target: PathBuf,
    replace: bool,
    interruption: &'a Interruption,
}

impl<'a> PartialFile<'a> {
    /// Where it is as long as it is not complete.
    pub(crate) fn path(&self) -> &Path {
        self.file.as_ref().map_or(&self.target, |file| file.path())
    }

    /// A file with these permissions, or with fewer where it replaces one that has fewer.
    pub(crate) fn create(
        path: &Path,
        replace: bool,
        mode: u32,
        interruption: &'a Interruption,
    ) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::file(path.display(), error);
        // A symbolic link goes on pointing to what it points to.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = target.metadata().ok();
        if existing.as_ref().is_some_and(fs::Metadata::is_dir) {
            return Err(failed(&io::ErrorKind::IsADirectory.into()));
        }
        if existing.is_some() && !replace {
            return Err(exists(path));
        }
        let folder = target
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let prefix = format!(".{}.", target.file_name().unwrap_or_default().to_string_lossy());
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".part");
        let mut farewell = interruption.hold();
        let file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
        farewell.unfinished = Some(file.path().to_owned());
        drop(farewell);
        // Such a file is made for its owner alone.
        set_mode(file.as_file(), mode, existing.as_ref()).map_err(|error| failed(&error))?;
        Ok(Self { file: Some(file), target, replace, interruption })
    }

    /// Makes the file durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut farewell = self.interruption.hold();
        let synced =
            file.as_file().sync_all().map_err(|error| Failure::file(self.target.display(), &error));
        let outcome = synced.and_then(|()| {
            let kept = if self.replace {
                file.persist(&self.target)
            } else {
                file.persist_noclobber(&self.target)
            };
            kept.map(drop).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => exists(&self.target),
                _ => Failure::file(self.target.display(), &error.error),
            })?;
            sync_folder(&self.target).map_err(|error| Failure::file(self.target.display(), &error))
        });
        farewell.unfinished = None;
        outcome
    }
}

#[cfg(unix)]
fn set_mode(file: &fs::File, mode: u32, existing: Option<&fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let most = existing.map_or(mode, |existing| existing.permissions().mode());
    file.set_permissions(fs::Permissions::from_mode(mode & most))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn set_mode(_: &fs::File, _: u32, _: Option<&fs::Metadata>) -> io::Result<()> {
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{}: exists already", path.display())).with_hint("--force replaces it")
}

impl Write for PartialFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(bytes.len()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for PartialFile<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            let mut farewell = self.interruption.hold();
            drop(file);
            farewell.unfinished = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn a_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("chats.jsonl");
        let interruption = Interruption::watch();
        let mut file = PartialFile::create(&target, false, 0o600, &interruption).expect("created");
        file.write_all(b"{}\n").expect("written");
        assert!(!target.exists());
        assert_eq!(
            interruption.hold().unfinished.as_ref().and_then(|path| path.parent()),
            Some(folder.path())
        );
        file.finish().expect("kept");
        assert_eq!(names(folder.path()), ["chats.jsonl"]);
        assert!(interruption.hold().unfinished.is_none());
    }

    #[test]
    fn a_file_that_is_given_up_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let interruption = Interruption::watch();
        drop(
            PartialFile::create(&folder.path().join("chats.jsonl"), false, 0o600, &interruption)
                .expect("created"),
        );
        assert_eq!(names(folder.path()), <[String; 0]>::default());
    }

    #[test]
    fn a_file_that_came_in_between_is_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("chats.jsonl");
        let interruption = Interruption::watch();
        let file = PartialFile::create(&target, false, 0o600, &interruption).expect("created");
        fs::write(&target, "mine").expect("written");
        assert!(file.finish().is_err());
        assert_eq!(fs::read_to_string(&target).expect("read"), "mine");
        assert_eq!(names(folder.path()), ["chats.jsonl"]);
    }
}
