//! SQLite files that are deleted or replaced while in use, and a changed working folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, NewMessage};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready};

fn path(database: &TestDatabase) -> &Path {
    database.path().expect("SQLite has a file")
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("the file exists");
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(companion(path, suffix));
    }
}

/// Asserts that every write fails immediately and is not retryable.
#[track_caller]
fn is_gone(chat: &Chatkeep, url: &str) {
    let gone = |failed: crate::failing::Failed| {
        failed
            .with(ErrorKind::Unavailable)
            .containing("was deleted or replaced")
            .final_()
            .at_once();
    };
    for _ in 0..2 {
        gone(fails(url, || log(chat, "lost")));
        gone(fails(url, || {
            chat.messages().log_messages(&[NewMessage::new("a"), NewMessage::new("b")])
        }));
        gone(fails(url, || chat.tokens().create_token("t", None)));
        gone(fails(url, || chat.database().health()));
        gone(fails(url, || chat.database().wait_until_ready()));
    }
    gone(fails(url, || chat.database().upgrade()));
}

#[test]
fn a_deleted_file_is_reported_and_not_created_again() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let id = log(&chat, "before").expect("the file is writable");
    assert_eq!(id, 1);
    remove(path(&database));
    is_gone(&chat, database.url());
    assert!(!path(&database).exists(), "no empty file was created");
    // A new handle creates another, empty database, which the old handle does not use.
    let again = open_ready(database.url());
    assert_eq!(log(&again, "new").expect("a new file"), 1);
    is_gone(&chat, database.url());
    drop(chat);
    assert_eq!(count(&again).expect("it is intact"), 1);
    assert_eq!(count(&open(database.url())).expect("it is intact"), 1);
}

#[test]
fn a_deleted_file_is_reported_to_concurrent_callers() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    remove(path(&database));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let error = log(&chat, "lost").expect_err("there is no file");
                    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                }
            });
        }
    });
    assert!(!path(&database).exists());
}

#[test]
fn a_replaced_file_is_reported_and_unchanged() {
    let database = TestDatabase::create(Engine::Sqlite);
    let other = TestDatabase::create(Engine::Sqlite);
    let theirs = open_ready(other.url());
    log(&theirs, "theirs").expect("the file is writable");
    theirs.close(Duration::from_secs(5)).expect("closed");
    drop(theirs);

    let chat = open_ready(database.url());
    log(&chat, "ours").expect("the file is writable");
    fs::rename(path(&other), path(&database)).expect("replaced");
    is_gone(&chat, database.url());
    drop(chat);
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(companion(path(&database), suffix));
    }
    assert_eq!(count(&open(database.url())).expect("it is intact"), 1);
}

#[test]
fn readers_report_a_deleted_file_within_a_second() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    log(&chat, "before").expect("the file is writable");
    assert_eq!(count(&chat).expect("it is stored"), 1);
    remove(path(&database));
    std::thread::sleep(Duration::from_millis(1_100));
    // The call that detects the deletion may still read the deleted file.
    let _ = count(&chat);
    fails(database.url(), || count(&chat))
        .with(ErrorKind::Unavailable)
        .containing("deleted or replaced")
        .final_();
}

#[test]
fn a_file_that_is_moved_back_is_used_again() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    log(&chat, "before").expect("the file is writable");
    let aside = companion(path(&database), ".aside");
    fs::rename(path(&database), &aside).expect("moved away");
    fails(database.url(), || log(&chat, "lost")).with(ErrorKind::Unavailable).final_();
    fs::rename(&aside, path(&database)).expect("moved back");
    assert_eq!(log(&chat, "after").expect("the same file"), 2);
    assert_eq!(count(&chat).expect("it is stored"), 2);
}

#[test]
fn changing_the_working_folder_does_not_change_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
    }
    std::env::set_current_dir(folder.path().join("a")).expect("a folder");
    let chat = open("sqlite:///chat.db");
    let early = open("sqlite:///chat.db");
    assert_eq!(log(&chat, "one").expect("logged"), 1);
    std::env::set_current_dir(folder.path().join("b")).expect("a folder");
    assert_eq!(log(&chat, "two").expect("logged"), 2);
    assert_eq!(count(&chat).expect("read"), 2);
    assert_eq!(count(&early).expect("a handle is bound to its file when it is created"), 2);
    assert_eq!(
        chat.database().migration_status().expect("a connection outside of the pool").pending.len(),
        0
    );
    assert!(folder.path().join("a/chat.db").exists() && !folder.path().join("b/chat.db").exists());
    std::env::set_current_dir("/").expect("a folder");
}
