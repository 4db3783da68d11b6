//! A file that appears under its name only when it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chatkeep_transfer::sync_folder;
use tempfile::{Builder, NamedTempFile};

use crate::failure::Failure;
use crate::interrupt::InterruptHandler;

/// A file that is written next to its target under a temporary name.
///
/// It is removed if it is dropped, or a signal ends the process, before [`PartialFile::finish`].
pub(crate) struct PartialFile<'a> {
    file: Option<NamedTempFile>,
    target: PathBuf,
    replace: bool,
    interrupts: &'a InterruptHandler,
}

impl<'a> PartialFile<'a> {
    /// Returns the temporary path.
    pub(crate) fn path(&self) -> &Path {
        self.file.as_ref().map_or(&self.target, |file| file.path())
    }

    /// Creates a file with these permissions. A replacement gets at most those of the existing
    /// file.
    pub(crate) fn create(
        path: &Path,
        replace: bool,
        mode: u32,
        interrupts: &'a InterruptHandler,
    ) -> Result<Self, Failure> {
        let failed = |error: &io::Error| Failure::file(path.display(), error);
        // The target of a symbolic link is replaced, not the link.
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
        let mut cleanup = interrupts.defer();
        let file = builder.tempfile_in(folder).map_err(|error| failed(&error))?;
        cleanup.partial_file = Some(file.path().to_owned());
        drop(cleanup);
        // Temporary files are created with access for the owner only.
        set_mode(file.as_file(), mode, existing.as_ref()).map_err(|error| failed(&error))?;
        Ok(Self { file: Some(file), target, replace, interrupts })
    }

    /// Syncs the file to disk and gives it its name.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let mut cleanup = self.interrupts.defer();
        let synced =
            file.as_file().sync_all().map_err(|error| Failure::file(self.target.display(), &error));
        let outcome = synced.and_then(|()| {
            let persisted = if self.replace {
                file.persist(&self.target)
            } else {
                file.persist_noclobber(&self.target)
            };
            persisted.map(drop).map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => exists(&self.target),
                _ => Failure::file(self.target.display(), &error.error),
            })?;
            sync_folder(&self.target).map_err(|error| Failure::file(self.target.display(), &error))
        });
        cleanup.partial_file = None;
        outcome
    }
}

#[cfg(unix)]
fn set_mode(file: &fs::File, mode: u32, existing: Option<&fs::Metadata>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let limit = existing.map_or(mode, |existing| existing.permissions().mode());
    file.set_permissions(fs::Permissions::from_mode(mode & limit))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn set_mode(_: &fs::File, _: u32, _: Option<&fs::Metadata>) -> io::Result<()> {
    Ok(())
}

fn exists(path: &Path) -> Failure {
    Failure::usage(format!("{} already exists", path.display()))
        .with_hint("use --force to replace it")
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
            let mut cleanup = self.interrupts.defer();
            drop(file);
            cleanup.partial_file = None;
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
    fn files_appear_when_they_are_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("chats.jsonl");
        let interrupts = InterruptHandler::install();
        let mut file = PartialFile::create(&target, false, 0o600, &interrupts).expect("created");
        file.write_all(b"{}\n").expect("written");
        assert!(!target.exists());
        assert_eq!(
            interrupts.defer().partial_file.as_ref().and_then(|path| path.parent()),
            Some(folder.path())
        );
        file.finish().expect("persisted");
        assert_eq!(names(folder.path()), ["chats.jsonl"]);
        assert!(interrupts.defer().partial_file.is_none());
    }

    #[test]
    fn dropped_files_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let interrupts = InterruptHandler::install();
        drop(
            PartialFile::create(&folder.path().join("chats.jsonl"), false, 0o600, &interrupts)
                .expect("created"),
        );
        assert_eq!(names(folder.path()), <[String; 0]>::default());
    }

    #[test]
    fn files_created_during_the_export_are_not_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = folder.path().join("chats.jsonl");
        let interrupts = InterruptHandler::install();
        let file = PartialFile::create(&target, false, 0o600, &interrupts).expect("created");
        fs::write(&target, "mine").expect("written");
        assert!(file.finish().is_err());
        assert_eq!(fs::read_to_string(&target).expect("read"), "mine");
        assert_eq!(names(folder.path()), ["chats.jsonl"]);
    }
}
