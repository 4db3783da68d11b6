//! Tests of invalid and damaged files: imports fail with a clear error and change nothing.

use std::fs;

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_transfer::{ImportOptions, import_legacy};

use crate::every_engine::on_every_engine;
use crate::files::{LOG, SECRET_HASH, make};
use crate::store::Store;

on_every_engine![
    files_other_than_sqlite_are_rejected_with_their_name,
    damaged_files_are_rejected,
    unsupported_tables_are_rejected_with_their_missing_columns,
    duplicate_hashes_are_rejected,
    names_that_are_not_utf8_are_reported,
    imports_into_a_newer_schema_are_refused,
];

/// Asserts that an import of this file fails with this kind of error and changes nothing. The error
/// contains the file's name and `expected`.
#[track_caller]
fn refused(store: &Store, name: &str, kind: ErrorKind, expected: &str) {
    let path = store.path(name);
    let before = fs::read(&path).ok();
    let outcome =
        import_legacy(store, std::slice::from_ref(&path), ImportOptions::default(), &mut |_| {});
    let error = outcome.expect_err("refused");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.message().len() < 1_000, "{} bytes of {error}", error.message().len());
    assert!(error.message().contains(expected) && error.message().contains(name), "{error}");
    assert_eq!(fs::read(&path).ok(), before, "the file is unchanged");
    assert!(store.raw.try_execute("SELECT * FROM messages").is_err(), "no tables are created");
}

fn files_other_than_sqlite_are_rejected_with_their_name(store: &Store) {
    refused(store, "missing.db", ErrorKind::Configuration, "is not readable");
    fs::write(store.path("empty.db"), "").expect("written");
    refused(store, "empty.db", ErrorKind::Corrupt, "is empty");
    fs::write(store.path("text.db"), "this is not a database").expect("written");
    refused(store, "text.db", ErrorKind::Corrupt, "is not a SQLite file");
    fs::create_dir(store.path("folder.db")).expect("made");
    refused(store, "folder.db", ErrorKind::Configuration, "is not a file");
}

/// Creates a file with 3000 messages and returns its bytes.
fn filled(store: &Store, name: &str) -> Vec<u8> {
    let path = make(
        store.path(name),
        &[
            LOG,
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000)
             INSERT INTO messages (user_message) SELECT 'text ' || n FROM n",
        ],
    );
    fs::read(path).expect("read")
}

fn damaged_files_are_rejected(store: &Store) {
    let whole = filled(store, "whole.db");
    fs::write(store.path("cut.db"), &whole[..whole.len() / 2]).expect("written");
    refused(store, "cut.db", ErrorKind::Corrupt, "");
    fs::write(store.path("tiny.db"), &whole[..100]).expect("written");
    refused(store, "tiny.db", ErrorKind::Corrupt, "is truncated");
    let mut flipped = whole.clone();
    // Damages the header of the fourth page, of 4096 bytes, which belongs to the table's B-tree.
    for byte in &mut flipped[3 * 4096..3 * 4096 + 200] {
        *byte ^= 0x55;
    }
    fs::write(store.path("flipped.db"), flipped).expect("written");
    refused(store, "flipped.db", ErrorKind::Corrupt, "");
    // Zeroes the row pointers of the same page, after its header of 8 bytes. The error lists at
    // most five of the many faults; `refused` limits its length.
    let mut scattered = whole.clone();
    scattered[3 * 4096 + 8..3 * 4096 + 200].fill(0);
    fs::write(store.path("flipped.db"), scattered).expect("written");
    refused(store, "flipped.db", ErrorKind::Corrupt, "");
}

fn unsupported_tables_are_rejected_with_their_missing_columns(store: &Store) {
    make(
        store.path("lacking.db"),
        &["CREATE TABLE messages (id INTEGER PRIMARY KEY, user_message TEXT, timestamp TEXT)"],
    );
    refused(store, "lacking.db", ErrorKind::InvalidInput, "lacks columns: bot_response, provider");
    make(
        store.path("other.db"),
        &["CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE songs (a TEXT)"],
    );
    refused(store, "other.db", ErrorKind::InvalidInput, "it has songs, users");
    make(store.path("bare.db"), &["CREATE TABLE a (a TEXT); DROP TABLE a"]);
    refused(store, "bare.db", ErrorKind::InvalidInput, "it has no tables");
    let ours = format!("sqlite:///{}", store.path("ours.db").display());
    crate::store::open(&ours).database().upgrade().expect("made");
    let connection = rusqlite::Connection::open(store.path("ours.db")).expect("opened");
    connection.execute_batch("PRAGMA journal_mode = DELETE").expect("set");
    drop(connection);
    refused(store, "ours.db", ErrorKind::InvalidInput, "chatkeep db copy");
}

fn duplicate_hashes_are_rejected(store: &Store) {
    let rows = format!(
        "INSERT INTO tokens VALUES (1, '{SECRET_HASH}', 'a', '2024-01-01T00:00:00', NULL, 1, \
         NULL), \
         (2, '{}', 'b', '2024-01-01T00:00:00', NULL, 0, NULL)",
        SECRET_HASH.to_ascii_uppercase()
    );
    let without_unique = "CREATE TABLE tokens (id INTEGER PRIMARY KEY, token_hash TEXT, \
                       description TEXT, created_at TEXT, \
                       expires_at TEXT, is_active INTEGER, last_used_at TEXT)";
    let path = make(store.path("tokens.db"), &[without_unique, &rows]);
    let force = ImportOptions { force: true, ..Default::default() };
    let report = import_legacy(store, &[path], force, &mut |_| {}).expect("checked");
    assert_eq!((report.stored, report.hopeless_rows, report.problems[0].row), (false, 1, 2));
    assert!(report.problems[0].message.contains("another row"));
    assert!(store.raw.try_execute("SELECT * FROM api_tokens").is_err(), "no tables are created");
}

/// Replaces bytes of a file by others of the same length.
fn patch(store: &Store, name: &str, from: &[u8], to: &[u8]) {
    assert_eq!(from.len(), to.len());
    let mut bytes = fs::read(store.path(name)).expect("read");
    let positions: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!positions.is_empty(), "nothing to change");
    for at in positions {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    fs::write(store.path(name), bytes).expect("written");
}

fn names_that_are_not_utf8_are_reported(store: &Store) {
    let texts =
        "CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT, moodX \"TEXT NOT NULL\");
                 INSERT INTO messages (message) VALUES ('a')";
    make(store.path("column.db"), &[texts]);
    patch(store, "column.db", b"moodX", b"mood\xff");
    refused(store, "column.db", ErrorKind::InvalidInput, "whose name is not text: mood\u{fffd}");
    // Without the quotes, the column is NOT NULL and its value is NULL, which SQLite reports as
    // damage. Its description contains the column's name.
    make(store.path("null.db"), &[texts]);
    patch(store, "null.db", b"moodX \"TEXT NOT NULL\"", b"mood\xff  TEXT NOT NULL ");
    refused(store, "null.db", ErrorKind::Corrupt, "NULL value in messages.mood\u{fffd}");
    // The name of a table that the import ignores may be invalid.
    make(store.path("table.db"), &[LOG, "CREATE TABLE songX (a)"]);
    patch(store, "table.db", b"songX", b"song\xff");
    let report =
        import_legacy(store, &[store.path("table.db")], ImportOptions::default(), &mut |_| {})
            .expect("checked");
    assert_eq!(report.files[0].other_tables, ["song\u{fffd}"]);
}

fn imports_into_a_newer_schema_are_refused(store: &Store) {
    let path =
        make(store.path("chatbot.db"), &[LOG, "INSERT INTO messages (user_message) VALUES ('a')"]);
    store.database().upgrade().expect("made");
    store.raw.execute(
        "INSERT INTO chatkeep_migrations (version, name, checksum, started_at, finished_at, state) \
         VALUES ('29990101000000', 'later', 'x', '2026-01-01 00:00:00', '2026-01-01 00:00:00', \
         'done')",
    );
    for dry_run in [true, false] {
        let options = ImportOptions { dry_run, force: true };
        let outcome = import_legacy(store, std::slice::from_ref(&path), options, &mut |_| {});
        assert_eq!(outcome.expect_err("newer").kind(), ErrorKind::Schema(SchemaState::Newer));
    }
    assert_eq!(store.raw.scalar("SELECT count(*) FROM messages").as_deref(), Some("0"));
}
