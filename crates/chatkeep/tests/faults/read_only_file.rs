//! SQLite files and folders that take no changes.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use chatkeep::{Chatkeep, ErrorKind, NewMessage, PlainToken, Timestamp};
use chatkeep_testkit::{Engine, TestDatabase};
use rustix::fs::IFlags;
use rustix::mount::{MountFlags, UnmountFlags};
use rustix::thread::CapabilitySet;

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready};

/// A database with one message and one token, and no connection to it.
fn filled() -> (TestDatabase, PlainToken) {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let old = Timestamp::parse("2020-01-01T00:00:00Z").expect("a time");
    chat.messages()
        .log_message(&NewMessage::new("before").with_timestamp(old))
        .expect("the file takes changes");
    let created = chat.tokens().create_token("t", None).expect("the file takes changes");
    (database, created.token)
}

fn path(database: &TestDatabase) -> &Path {
    database.path().expect("SQLite has a file")
}

/// Every change is refused as one that cannot be made, and reading and checking tokens goes on.
#[track_caller]
fn is_read_only(chat: &Chatkeep, url: &str, token: &PlainToken) {
    assert_eq!(count(chat).unwrap_or_else(|error| panic!("{error:?}")), 1);
    assert!(chat.tokens().verify_token(token.expose()).expect("a token is checked all the same"));
    let check = chat.tokens().check_token(token.expose()).expect("a token is checked all the same");
    assert!(check.valid);
    assert_eq!(chat.database().health().expect("reading is healthy").schema, "head");

    let two = [NewMessage::new("a"), NewMessage::new("b")];
    fails(url, || log(chat, "hello"))
        .with(ErrorKind::ReadOnly)
        .saying("readonly")
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
    assert_eq!(count(chat).expect("reading goes on"), 1);
}

#[test]
fn a_url_that_asks_to_read_only_reads_and_checks_tokens() {
    let (database, token) = filled();
    let url = format!("{}?mode=ro", database.url());
    is_read_only(&open(&url), &url, &token);
    log(&open(database.url()), "after").expect("without the setting the file takes changes");
}

#[test]
fn a_read_only_url_beside_a_writer_sees_what_it_writes() {
    let (database, token) = filled();
    let writer = open_ready(database.url());
    let url = format!("{}?mode=ro", database.url());
    let reader = open(&url);
    is_read_only(&reader, &url, &token);
    log(&writer, "after").expect("the writer goes on");
    assert_eq!(count(&reader).expect("reading goes on"), 2);
}

/// A file that not even root may change, for as long as this lives.
struct Immutable(std::fs::File);

impl Immutable {
    fn file(path: &Path) -> Option<Self> {
        let file = std::fs::File::open(path).expect("the file is there");
        let set = rustix::fs::ioctl_getflags(&file)
            .and_then(|flags| rustix::fs::ioctl_setflags(&file, flags | IFlags::IMMUTABLE));
        match set {
            Ok(()) => Some(Self(file)),
            Err(cause) => {
                eprintln!("no file can be made immutable here ({cause}): this case has not run");
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
            eprintln!("a file stays immutable: {cause}");
        }
    }
}

#[test]
fn a_file_that_takes_no_changes_is_still_read() {
    let (database, token) = filled();
    let Some(immutable) = Immutable::file(path(&database)) else { return };
    let chat = open(database.url());
    is_read_only(&chat, database.url(), &token);
    drop((chat, immutable));
    log(&open(database.url()), "after").expect("the file takes changes again");
}

/// A folder that is mounted read-only over itself, for as long as this lives.
struct ReadOnlyFolder(PathBuf);

impl ReadOnlyFolder {
    fn over(folder: &Path) -> Option<Self> {
        Self::at(folder, folder)
    }

    /// Shows one folder at the place of another.
    fn at(folder: &Path, place: &Path) -> Option<Self> {
        let mounted = rustix::mount::mount_bind(folder, place).and_then(|()| {
            let this = Self(place.to_owned());
            rustix::mount::mount_remount(place, MountFlags::BIND | MountFlags::RDONLY, "")
                .map(|()| this)
        });
        match mounted {
            Ok(this) => Some(this),
            Err(cause) => {
                eprintln!(
                    "no folder can be mounted read-only here ({cause}): this case has not run"
                );
                None
            }
        }
    }
}

impl Drop for ReadOnlyFolder {
    fn drop(&mut self) {
        // Lazily: a connection that is still open must not keep the mount.
        if let Err(cause) = rustix::mount::unmount(&self.0, UnmountFlags::DETACH) {
            eprintln!("{} stays mounted: {cause}", self.0.display());
        }
    }
}

#[test]
fn a_folder_that_takes_no_changes_is_still_read() {
    let (database, token) = filled();
    let Some(folder) = ReadOnlyFolder::over(database.folder().expect("SQLite has a folder")) else {
        return;
    };
    let read_only_url = format!("{}?mode=ro", database.url());
    for url in [database.url(), &read_only_url] {
        is_read_only(&open(url), url, &token);
    }
    drop(folder);
    log(&open(database.url()), "after").expect("the folder takes changes again");
}

/// Does this on a thread that may write only where the file system gives the right, whoever runs it.
fn without_overriding_rights(work: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut sets = rustix::thread::capabilities(None).expect("this thread's own");
            sets.effective.remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            rustix::thread::set_capabilities(None, sets).expect("fewer are always allowed");
            work();
        });
        worker.join().expect("the checks hold");
    });
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_folder_without_the_right_to_write_is_still_read() {
    let (database, token) = filled();
    let folder = database.folder().expect("SQLite has a folder");
    let read_only_url = format!("{}?mode=ro", database.url());
    set_mode(folder, 0o555);
    for file_mode in [0o644, 0o444] {
        set_mode(path(&database), file_mode);
        for url in [database.url(), &read_only_url] {
            without_overriding_rights(|| is_read_only(&open(url), url, &token));
        }
    }
    set_mode(folder, 0o755);
    set_mode(path(&database), 0o644);
    log(&open(database.url()), "after").expect("the folder takes changes again");
}

#[test]
fn a_log_that_cannot_be_read_without_the_right_to_write_is_named() {
    let (database, _) = filled();
    let folder = database.folder().expect("SQLite has a folder");
    // As a program that was killed leaves it.
    let mut wal = path(&database).as_os_str().to_owned();
    wal.push("-wal");
    std::fs::write(&wal, vec![0; 64]).expect("the folder takes changes");
    set_mode(folder, 0o555);
    for url in [database.url().to_owned(), format!("{}?mode=ro", database.url())] {
        without_overriding_rights(|| {
            let chat = open(&url);
            fails(&url, || count(&chat))
                .with(ErrorKind::ReadOnly)
                .saying("write-ahead log")
                .final_()
                .at_once();
        });
    }
    set_mode(folder, 0o755);
}

/// As a container has it that only reads what another one writes.
#[test]
fn a_folder_that_takes_no_changes_here_and_changes_elsewhere_is_read_as_it_is() {
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
    log(&writer, "after").expect("elsewhere the file takes changes");
    assert!(writer.tokens().revoke_token(1).expect("elsewhere the file takes changes"));
    // The call that finds out may still see what was there before; no later one does.
    let _ = count(&reader);
    assert_eq!(count(&reader).expect("beside a writer there is a log to read"), 2);
    assert!(!reader.tokens().verify_token(token.expose()).expect("reading goes on"));
    drop(writer);
    let _ = count(&reader);
    assert_eq!(count(&reader).expect("the writer has put everything into the file"), 2);
}

#[test]
fn a_missing_file_in_a_folder_that_takes_no_changes_is_told() {
    let database = TestDatabase::create(Engine::Sqlite);
    let Some(folder) = ReadOnlyFolder::over(database.folder().expect("SQLite has a folder")) else {
        return;
    };
    let chat = open(database.url());
    fails(database.url(), || log(&chat, "hello"))
        .with_any(&[ErrorKind::Configuration, ErrorKind::ReadOnly])
        .saying("chatkeep.db")
        .final_()
        .at_once();
    drop(folder);
    log(&chat, "hello").expect("the same handle makes the file as soon as it can");
}
