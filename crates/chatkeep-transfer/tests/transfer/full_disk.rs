//! A disk that is full in the middle of it.

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

/// A small file system in memory, for as long as this lives. Only root can have one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn over(folder: &'a Path) -> Option<Self> {
        let flags = rustix::mount::MountFlags::empty();
        match rustix::mount::mount("tmpfs", folder, "tmpfs", flags, Some(c"size=3m")) {
            Ok(()) => Some(Self(folder)),
            Err(cause) => {
                eprintln!(
                    "no small disk can be mounted here ({cause}): this case has run without it"
                );
                None
            }
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        if let Err(cause) = rustix::mount::unmount(self.0, rustix::mount::UnmountFlags::DETACH) {
            eprintln!("{} stays mounted: {cause}", self.0.display());
        }
    }
}

#[test]
fn nothing_is_taken_for_whole_that_did_not_fit() {
    let source = Store::create(Engine::Sqlite);
    fill(&source);
    let archive = source.path("chat.tar.zst");
    backup(&source, File::create(&archive).expect("a file"), &mut |_| {}).expect("written");
    let rows = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)
                INSERT INTO messages (user_message) SELECT printf('%.1000c', 'x') FROM n";
    let old = make(source.path("old.db"), &[LOG, rows]);

    let folder = tempfile::tempdir().expect("a folder");
    let Some(_disk) = SmallDisk::over(folder.path()) else { return };
    let place = |name: &str| folder.path().join(name);
    let target = |name: &str| format!("sqlite:///{}", place(name).display());

    let chat = open(&target("import.db"));
    let error =
        import_legacy(&chat, &[old], ImportOptions::default(), &mut |_| {}).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert_eq!(
        chat.messages().get_message_count(&MessageFilter::default()).expect("it answers"),
        0
    );
    drop(chat);
    std::fs::remove_file(place("import.db")).expect("removed");

    let error = restore(&url(&target("restore.db")), &archive, Duration::from_secs(5), &mut |_| {});
    assert_eq!(error.expect_err("full").kind(), ErrorKind::StorageFull);
    assert_not_taken_for_whole(&target("restore.db"));
    std::fs::remove_file(place("restore.db")).expect("removed");

    let from = url(source.raw.url());
    let error = copy(&from, &url(&target("copy.db")), CopyOptions::default(), &mut |_| {})
        .expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    assert_not_taken_for_whole(&target("copy.db"));
    std::fs::remove_file(place("copy.db")).expect("removed");

    let error = backup_sqlite(&source, &place("backup.db")).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
    let file = File::create(place("backup.tar.zst")).expect("a file");
    std::fs::write(place("filler"), vec![0; 4 << 20]).expect_err("now it is full");
    let error = backup(&source, file, &mut |_| {}).expect_err("full");
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
}

/// It is empty, or says that it is not whole; or it cannot even be opened where there is no room at all.
fn assert_not_taken_for_whole(target: &str) {
    match open(target).messages().get_message_count(&MessageFilter::default()) {
        Ok(count) => assert_eq!(count, 0),
        Err(error) => {
            let expected = [ErrorKind::Schema(SchemaState::Unfinished), ErrorKind::StorageFull];
            assert!(expected.contains(&error.kind()), "{error}");
        }
    }
}
