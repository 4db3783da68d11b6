//! Tests of backups and restores.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use chatkeep::{ErrorKind, TurnStart};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{backup, backup_sqlite, check_backup, restore};

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_same, fill, other, url};

on_every_engine![
    archives_of_every_engine_are_restored_into_every_engine,
    restoring_into_a_database_with_rows_is_a_conflict,
    damaged_archives_are_rejected_without_changes,
    sqlite_files_are_restored_into_every_engine,
    backups_as_sqlite_files_require_sqlite,
    rows_of_many_megabytes_are_restored,
];

const TIMEOUT: Duration = Duration::from_secs(10);

fn archive(store: &Store) -> PathBuf {
    let file = store.path("chat.tar.zst");
    backup(store, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    file
}

fn archives_of_every_engine_are_restored_into_every_engine(store: &Store) {
    let token = fill(store);
    let file = archive(store);
    let content = check_backup(&file, &mut |_| {}).expect("sound");
    let messages = content.rows_of("messages");
    assert_eq!((messages, content.rows_of("api_tokens")), (store.count().unsigned_abs(), 2));
    for engine in Engine::available() {
        let target = other(engine);
        let report = restore(&url(target.raw.url()), &file, TIMEOUT, &mut |_| {});
        let report = report.unwrap_or_else(|error| panic!("into {engine}: {error:?}"));
        assert_eq!((report.messages, &report.comparison.target), (messages, &content));
        assert_same(store, &target);
        assert!(target.tokens().verify_token(&token).expect("the database answers"));
        assert!(target.log("new") > store.all().last().expect("messages").id + 1, "{engine}");
    }
}

fn restoring_into_a_database_with_rows_is_a_conflict(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let file = archive(&source);
    store.log("mine");
    let error = restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(store.count(), 1);
    store.log("still usable");
}

fn damaged_archives_are_rejected_without_changes(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let whole = fs::read(archive(&source)).expect("read");
    store.database().upgrade().expect("made");
    let bad = store.path("bad.tar.zst");
    let refused = |bytes: &[u8], case: &str| {
        fs::write(&bad, bytes).expect("written");
        let error = restore(&url(store.raw.url()), &bad, TIMEOUT, &mut |_| {}).expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{case}: {error}");
        assert!(error.message().contains("bad.tar.zst"), "{case}: {error}");
        assert_eq!(store.count(), 0, "{case}");
    };
    refused(b"", "empty");
    refused(b"this is not an archive", "text");
    for part in 1..8 {
        refused(&whole[..whole.len() * part / 8], "truncated");
        let mut flipped = whole.clone();
        flipped[whole.len() * part / 8] ^= 0x10;
        refused(&flipped, "flipped bit");
    }
    refused(&[&whole[..], &whole[..]].concat(), "twice");
    let missing = restore(&url(store.raw.url()), &store.path("none"), TIMEOUT, &mut |_| {});
    assert_eq!(missing.expect_err("missing").kind(), ErrorKind::Configuration);
    store.log("still usable");
}

fn sqlite_files_are_restored_into_every_engine(store: &Store) {
    let source = other(Engine::Sqlite);
    let token = fill(&source);
    let file = source.path("copy.db");
    let report = backup_sqlite(&source, &file).expect("written");
    assert_eq!((report.messages, report.tokens), (source.count().unsigned_abs(), 2));
    let before = fs::read(&file).expect("read");
    restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("restored");
    assert_same(&source, store);
    assert!(store.tokens().verify_token(&token).expect("the database answers"));
    assert!(fs::read(&file).expect("read") == before, "the backup is unchanged");
    let mut damaged = before;
    damaged.truncate(damaged.len() / 2);
    fs::write(source.path("half.db"), damaged).expect("written");
    let target = other(store.engine());
    let error = restore(&url(target.raw.url()), &source.path("half.db"), TIMEOUT, &mut |_| {});
    assert_eq!(error.expect_err("damaged").kind(), ErrorKind::Corrupt);
}

fn backups_as_sqlite_files_require_sqlite(store: &Store) {
    fill(store);
    let outcome = backup_sqlite(store, &store.path("copy.db"));
    if store.engine() == Engine::Sqlite {
        outcome.expect("written");
        let opened = crate::store::open(&format!("sqlite:///{}", store.path("copy.db").display()));
        assert_eq!(crate::store::all(&opened), store.all());
    } else {
        assert_eq!(outcome.expect_err("refused").kind(), ErrorKind::Configuration);
    }
}

/// Each row is smaller than a part may be, and all of them together are larger.
fn rows_of_many_megabytes_are_restored(store: &Store) {
    let conversations = store.conversations();
    let id = conversations.create_conversation(None, None, None, None).expect("created").public_id;
    for number in 0..10 {
        let start = TurnStart::new(format!("{number}{}", "a".repeat(15 << 20)));
        conversations.begin_turn(&id, &start).expect("it is stored");
    }
    let file = store.path("chat.tar.zst");
    backup(store, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    let content = check_backup(&file, &mut |_| {}).expect("sound");
    assert_eq!(content.rows_of("open_turns"), 10);
    let restored = other(store.engine());
    let report = restore(&url(restored.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("restored");
    assert_eq!(report.comparison.target, content);
}
