//! Damaged files, and files that are not databases. They are reported and not changed.

use std::fs;
use std::path::Path;

use chatkeep::{ErrorKind, MessageFilter, NewMessage, Order, Page};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready};

/// Creates a database with many messages. No connection to it is left open.
fn filled() -> TestDatabase {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let batch: Vec<_> = (0..2000)
        .map(|number| NewMessage::new(format!("message {number} {}", "x".repeat(400))))
        .collect();
    chat.messages().log_messages(&batch).expect("the file is intact");
    drop(chat);
    // Moves all pages from the log into the file.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    database
}

fn path(database: &TestDatabase) -> &Path {
    database.path().expect("SQLite has a file")
}

/// Asserts that reading reports the damage and changes no byte.
#[track_caller]
fn is_corrupt_and_unchanged(database: &TestDatabase) {
    let before = fs::read(path(database)).expect("the file exists");
    let chat = open(database.url());
    let read = || {
        chat.messages()
            .iter_messages(&MessageFilter::default(), Order::OldestFirst)
            .collect::<Result<Vec<_>, _>>()
    };
    fails(database.url(), || read().map(|all| all.len()))
        .with(ErrorKind::Corrupt)
        .containing("SQLite error")
        .final_()
        .at_once();
    drop(chat);
    assert!(
        fs::read(path(database)).expect("the file exists") == before,
        "the damaged file was changed"
    );
}

#[test]
fn a_file_that_is_not_a_database_is_reported_and_unchanged() {
    for content in [
        b"# notes\nnot a database at all\n".to_vec(),
        b"no".to_vec(),
        vec![0; 8192],
        vec![0xff; 100_000],
        b"SQLite format 2\0".repeat(1000),
    ] {
        let database = TestDatabase::create(Engine::Sqlite);
        fs::write(path(&database), &content).expect("a file");
        let chat = open(database.url());
        fails(database.url(), || log(&chat, "hello")).with(ErrorKind::Corrupt).final_().at_once();
        fails(database.url(), || count(&chat)).with(ErrorKind::Corrupt).final_().at_once();
        fails(database.url(), || chat.tokens().verify_token("some-imported-token"))
            .with(ErrorKind::Corrupt);
        fails(database.url(), || chat.database().wait_until_ready())
            .with(ErrorKind::Corrupt)
            .at_once();
        drop(chat);
        assert!(
            fs::read(path(&database)).expect("the file exists") == content,
            "the file was changed"
        );
        let beside = fs::read_dir(database.folder().expect("SQLite has a folder"))
            .expect("a folder")
            .count();
        assert_eq!(beside, 1, "another file was left in the folder");
    }
}

#[test]
fn an_unknown_schema_format_is_reported_and_unchanged() {
    let database = filled();
    let mut bytes = fs::read(path(&database)).expect("the file exists");
    // The schema format number of the header; SQLite supports 1 to 4.
    bytes[44..48].copy_from_slice(&9_u32.to_be_bytes());
    fs::write(path(&database), bytes).expect("the file is writable");
    is_corrupt_and_unchanged(&database);
}

#[test]
fn a_truncated_database_is_reported_and_unchanged() {
    let whole = filled();
    let bytes = fs::read(path(&whole)).expect("the file exists");
    for length in [bytes.len() / 2, bytes.len() - 4096, 4096, 1000, 50] {
        let database = TestDatabase::create(Engine::Sqlite);
        fs::write(path(&database), &bytes[..length]).expect("a file");
        is_corrupt_and_unchanged(&database);
    }
}

#[test]
fn a_damaged_header_is_reported_and_unchanged() {
    let whole = filled();
    let bytes = fs::read(path(&whole)).expect("the file exists");
    // A letter of the magic string, the page size, and the header of the schema's page.
    for offset in [3, 16, 100] {
        let database = TestDatabase::create(Engine::Sqlite);
        let mut damaged = bytes.clone();
        damaged[offset] ^= 0x41;
        fs::write(path(&database), &damaged).expect("a file");
        is_corrupt_and_unchanged(&database);
    }
}

#[test]
fn a_damaged_page_is_reported_when_it_is_read() {
    let database = filled();
    let mut bytes = fs::read(path(&database)).expect("the file exists");
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 8].fill(0xa5);
    fs::write(path(&database), &bytes).expect("a file");
    is_corrupt_and_unchanged(&database);

    // Other pages are still readable.
    let chat = open(database.url());
    let newest = chat
        .messages()
        .get_messages(&MessageFilter::default(), &Page::first(1))
        .expect("another page");
    assert!(newest[0].user_message.starts_with("message 1999"));
    assert!(chat.tokens().list_tokens().expect("another table").is_empty());
}
