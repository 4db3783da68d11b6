//! Tests of imports, restores, copies and backups during which the disk becomes full.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use chatkeep::{ErrorKind, MessageFilter, SchemaState};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{
    CopyOptions, ImportOptions, backup, backup_sqlite, copy, import_legacy, restore,
};

use crate::files::{LOG, make};
use crate::store::{Store, fill, open, url};

/// A file system of 3 MiB in memory, unmounted on drop. Mounting it requires root.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// Mounts a small disk over a folder. Returns `None` and prints the reason if mounting fails.
    fn over(folder: &'a Path) -> Option<Self> {
        let flags = rustix::mount::MountFlags::empty();
        match rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(c"size=3m")) {
            Ok(()) => Some(Self(folder)),
            Err(cause) => {
                eprintln!("cannot mount a small disk ({cause}): the rest of this case is skipped");
                None
            }
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        if let Err(cause) = rustix::mount::unmount(self.0, rustix::mount::UnmountFlags::DETACH) {
            eprintln!("cannot unmount {}: {cause}", self.0.display());
        }
    }
}

#[test]
fn calls_on_a_full_disk_fail_and_leave_no_rows_that_look_complete() {
    let source = Store::create(Engine::Sqlite);
    fill(&source);
    let archive = source.path("chat.tar.zst");
    backup(&source, File::create(&archive).expect("a file"), &mut |_| {}).expect("written");
    // About 5 MB, more than the disk holds.
    let rows = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
                INSERT INTO messages (user_message) SELECT printf('%.1000c', 'x') FROM n";
    let old = make(source.path("old.db"), &[LOG, rows]);

    let folder = tempfile::tempdir().expect("a folder");
    let Some(_disk) = SmallDisk::over(folder.path()) else { return };
    let path = |name: &str| folder.path().join(name);
    let target = |name: &str| format!("sqlite:///{}", path(name).display());

    let chat = open(&target("import.db"));
    let error =
        import_legacy(&chat, &[old], ImportOptions::default(), &mut |_| {}).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert_eq!(chat.messages().get_message_count(&MessageFilter::default()).expect("counted"), 0);
    drop(chat);
    std::fs::remove_file(path("import.db")).expect("removed");

    let error = restore(&url(&target("restore.db")), &archive, Duration::from_secs(5), &mut |_| {});
    assert_eq!(error.expect_err("full").kind(), ErrorKind::StorageFull);
    assert_empty_or_incomplete(&target("restore.db"));
    std::fs::remove_file(path("restore.db")).expect("removed");

    let from = url(source.raw.url());
    let error = copy(&from, &url(&target("copy.db")), CopyOptions::default(), &mut |_| {})
        .expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert_empty_or_incomplete(&target("copy.db"));
    std::fs::remove_file(path("copy.db")).expect("removed");

    let error = backup_sqlite(&source, &path("backup.db")).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    let file = File::create(path("backup.tar.zst")).expect("a file");
    // Uses up the remaining space.
    std::fs::write(path("filler"), vec![0; 4 << 20]).expect_err("full");
    let error = backup(&source, file, &mut |_| {}).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
}

/// Asserts that a database is empty or marked incomplete, or that opening it fails on the full
/// disk.
fn assert_empty_or_incomplete(target: &str) {
    match open(target).messages().get_message_count(&MessageFilter::default()) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => {
            let expected = [ErrorKind::Schema(SchemaState::Unfinished), ErrorKind::StorageFull];
            assert!(expected.contains(&error.kind()), "{error}");
        }
    }
}
