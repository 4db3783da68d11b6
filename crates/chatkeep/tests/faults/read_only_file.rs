//! Read-only SQLite files and folders.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chatkeep::{Chatkeep, ErrorKind, NewMessage, PlainToken, Timestamp};
use chatkeep_testkit::{Engine, TestDatabase};
use rustix::fs::IFlags;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::thread::CapabilitySet;

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready};

/// Creates a database with one message and one token. No connection to it is left open.
fn filled() -> (TestDatabase, PlainToken) {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let old = Timestamp::parse("2020-01-01T00:00:00Z").expect("a time");
    chat.messages()
        .log_message(&NewMessage::new("before").with_timestamp(old))
        .expect("the file is writable");
    let created = chat.tokens().create_token("t", None).expect("the file is writable");
    (database, created.token)
}

fn path(database: &TestDatabase) -> &Path {
    database.path().expect("SQLite has a file")
}

/// Asserts that every write fails with `ReadOnly`, and that reads and token checks work.
#[track_caller]
fn is_read_only(chat: &Chatkeep, url: &str, token: &PlainToken) {
    assert_eq!(count(chat).unwrap_or_else(|error| panic!("{error:?}")), 1);
    assert!(chat.tokens().verify_token(token.expose()).expect("tokens can still be checked"));
    let check = chat.tokens().check_token(token.expose()).expect("tokens can still be checked");
    assert!(check.valid);
    assert_eq!(chat.database().health().expect("the health check reads only").schema, "head");

    let two = [NewMessage::new("a"), NewMessage::new("b")];
    fails(url, || log(chat, "hello"))
        .with(ErrorKind::ReadOnly)
        .containing("readonly")
        .final_()
        .at_once();
    fails(url, || chat.messages().log_messages(&two)).with(ErrorKind::ReadOnly).final_().at_once();
    fails(url, || chat.messages().delete_old_messages(1))
        .with(ErrorKind::ReadOnly)
        .final_()
        .at_once();
    fails(url, || chat.tokens().create_token("t", None))
        .with(ErrorKind::ReadOnly)
        .final_()
        .at_once();
    fails(url, || chat.tokens().revoke_token(1))
        .with(ErrorKind::ReadOnly)
        .hiding(token.expose())
        .final_()
        .at_once();
    assert_eq!(count(chat).expect("reads still work"), 1);
}

#[test]
fn a_read_only_url_reads_and_checks_tokens() {
    let (database, token) = filled();
    let url = format!("{}?mode=ro", database.url());
    is_read_only(&open(&url), &url, &token);
    log(&open(database.url()), "after").expect("without the setting the file is writable");
}

#[test]
fn a_read_only_url_sees_the_rows_of_a_concurrent_writer() {
    let (database, token) = filled();
    let writer = open_ready(database.url());
    let url = format!("{}?mode=ro", database.url());
    let reader = open(&url);
    is_read_only(&reader, &url, &token);
    log(&writer, "after").expect("the writer still works");
    assert_eq!(count(&reader).expect("reads still work"), 2);
}

/// A file that even root cannot change until this is dropped.
struct Immutable(std::fs::File);

impl Immutable {
    fn file(path: &Path) -> Option<Self> {
        let file = std::fs::File::open(path).expect("the file exists");
        let set = rustix::fs::ioctl_getflags(&file)
            .and_then(|flags| rustix::fs::ioctl_setflags(&file, flags | IFlags::IMMUTABLE));
        match set {
            Ok(()) => Some(Self(file)),
            Err(cause) => {
                eprintln!("skipped: could not make a file immutable ({cause})");
                None
            }
        }
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let flags = rustix::fs::ioctl_getflags(&self.0);
        if let Err(cause) =
            flags.and_then(|flags| rustix::fs::ioctl_setflags(&self.0, flags - IFlags::IMMUTABLE))
        {
            eprintln!("could not make a file mutable again: {cause}");
        }
    }
}

#[test]
fn an_immutable_file_is_readable() {
    let (database, token) = filled();
    let Some(immutable) = Immutable::file(path(&database)) else { return };
    let chat = open(database.url());
    is_read_only(&chat, database.url(), &token);
    drop((chat, immutable));
    log(&open(database.url()), "after").expect("the file is writable again");
}

/// A folder that is bind-mounted read-only until this is dropped.
struct ReadOnlyFolder(PathBuf);

impl ReadOnlyFolder {
    fn over(folder: &Path) -> Option<Self> {
        Self::at(folder, folder)
    }

    /// Mounts `folder` at `target`.
    fn at(folder: &Path, target: &Path) -> Option<Self> {
        let mounted = rustix::mount::mount_bind(folder, target).and_then(|()| {
            let this = Self(target.to_owned());
            rustix::mount::mount_remount(target, MountFlags::BIND | MountFlags::RDONLY, "")
                .map(|()| this)
        });
        match mounted {
            Ok(this) => Some(this),
            Err(cause) => {
                eprintln!("skipped: could not mount a folder read-only ({cause})");
                None
            }
        }
    }
}

impl Drop for ReadOnlyFolder {
    fn drop(&mut self) {
        // Detached lazily, so that an open connection does not prevent it.
        if let Err(cause) = rustix::mount::unmount(&self.0, UnmountFlags::DETACH) {
            eprintln!("could not unmount {}: {cause}", self.0.display());
        }
    }
}

#[test]
fn a_file_in_a_read_only_folder_is_readable() {
    let (database, token) = filled();
    let Some(folder) = ReadOnlyFolder::over(database.folder().expect("SQLite has a folder")) else {
        return;
    };
    let read_only_url = format!("{}?mode=ro", database.url());
    for url in [database.url(), &read_only_url] {
        is_read_only(&open(url), url, &token);
    }
    drop(folder);
    log(&open(database.url()), "after").expect("the folder is writable again");
}

/// Runs `work` on a thread that respects file permissions, even as root.
fn without_permission_overrides(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut sets =
                rustix::thread::capabilities(None).expect("the capabilities of this thread");
            sets.effective.remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            rustix::thread::set_capabilities(None, sets)
                .expect("dropping capabilities is always allowed");
            work();
        });
        worker.join().expect("the checks hold");
    });
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .expect("the file is ours");
}

#[test]
fn a_file_in_a_folder_without_write_permission_is_readable() {
    let (database, token) = filled();
    let folder = database.folder().expect("SQLite has a folder");
    let read_only_url = format!("{}?mode=ro", database.url());
    set_mode(folder, 0o555);
    for file_mode in [0o644, 0o444] {
        set_mode(path(&database), file_mode);
        for url in [database.url(), &read_only_url] {
            without_permission_overrides(|| is_read_only(&open(url), url, &token));
        }
    }
    set_mode(folder, 0o755);
    set_mode(path(&database), 0o644);
    log(&open(database.url()), "after").expect("the folder is writable again");
}

#[test]
fn a_leftover_log_in_a_folder_without_write_permission_is_reported() {
    let (database, _) = filled();
    let folder = database.folder().expect("SQLite has a folder");
    // A killed program leaves such a log.
    let mut wal = path(&database).as_os_str().to_owned();
    wal.push("-wal");
    std::fs::write(&wal, vec![0; 64]).expect("the folder is writable");
    set_mode(folder, 0o555);
    for url in [database.url().to_owned(), format!("{}?mode=ro", database.url())] {
        without_permission_overrides(|| {
            let chat = open(&url);
            fails(&url, || count(&chat))
                .with(ErrorKind::ReadOnly)
                .containing("write-ahead log")
                .final_()
                .at_once();
        });
    }
    set_mode(folder, 0o755);
}

/// Represents a container with a read-only mount of a folder that another container writes to.
#[test]
fn a_read_only_mount_sees_changes_made_elsewhere() {
    let (database, token) = filled();
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let Some(_folder) =
        ReadOnlyFolder::at(database.folder().expect("SQLite has a folder"), elsewhere.path())
    else {
        return;
    };
    let url = format!("sqlite:///{}/chatkeep.db", elsewhere.path().display());
    let reader = open(&url);
    is_read_only(&reader, &url, &token);

    let writer = open_ready(database.url());
    log(&writer, "after").expect("elsewhere the file is writable");
    assert!(writer.tokens().revoke_token(1).expect("elsewhere the file is writable"));
    // The call that detects the change may still return the old state; later calls do not.
    let _ = count(&reader);
    assert_eq!(count(&reader).expect("the writer's log is readable"), 2);
    assert!(!reader.tokens().verify_token(token.expose()).expect("reads still work"));
    drop(writer);
    let _ = count(&reader);
    assert_eq!(count(&reader).expect("the writer has checkpointed everything"), 2);
}

#[test]
fn a_missing_file_in_a_read_only_folder_is_reported() {
    let database = TestDatabase::create(Engine::Sqlite);
    let Some(folder) = ReadOnlyFolder::over(database.folder().expect("SQLite has a folder")) else {
        return;
    };
    let chat = open(database.url());
    fails(database.url(), || log(&chat, "hello"))
        .with_any(&[ErrorKind::Configuration, ErrorKind::ReadOnly])
        .containing("chatkeep.db")
        .final_()
        .at_once();
    drop(folder);
    log(&chat, "hello").expect("the same handle creates the file as soon as it can");
}
