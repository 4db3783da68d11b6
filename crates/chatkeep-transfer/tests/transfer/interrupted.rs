//! Tests of interrupted copies and restores.

use chatkeep::{ErrorKind, SchemaState};
use chatkeep_core::transfer::{self, Unfinished};
use chatkeep_core::{ConnectOptions, Connection, Role, messages};
use chatkeep_testkit::Engine;
use chatkeep_transfer::{CopyOptions, backup, copy, restore};
use std::fs::File;
use std::time::Duration;

use crate::every_engine::on_every_engine;
use crate::store::{Store, assert_same, fill, open, other, url};

on_every_engine![
    interrupted_copies_are_refused_by_programs_and_resumed,
    interrupted_copies_of_an_earlier_version_are_resumed,
    progress_without_a_mark_is_ignored,
    interrupted_copies_of_other_sources_are_not_resumed,
    interrupted_restores_start_over,
    rows_of_other_programs_in_an_interrupted_restore_are_kept,
];

const TIMEOUT: Duration = Duration::from_secs(10);

/// Leaves the target as a copy or restore that was killed after its first batch would.
fn interrupt_after_first_batch(target: &Store, source: &Store, kind: &str, from: &str) {
    target.database().upgrade().expect("made");
    let connect = |text: &str, role| {
        Connection::open(&url(text), role, &ConnectOptions::default()).expect("a connection")
    };
    let rows =
        messages::list_after_id(&mut connect(source.raw.url(), Role::Reader), 0).expect("rows");
    let mut state = Unfinished::new(kind, from, &["messages", "api_tokens"]);
    let mut connection = connect(target.raw.url(), Role::Writer);
    let stored = connection.transaction(|connection| {
        transfer::begin(connection, &state)?;
        messages::insert_with_ids(connection, &rows[..100])?;
        let progress = state.progress_mut("messages").expect("the table is listed");
        (progress.rows, progress.last_id) = (100, rows[99].id);
        let progress = progress.clone();
        transfer::update(connection, state.started_at, &progress)
    });
    stored.expect("stored");
}

fn interrupted_copies_are_refused_by_programs_and_resumed(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    interrupt_after_first_batch(store, &source, "copy", &from.redacted());
    let unfinished = ErrorKind::Schema(SchemaState::Unfinished);
    let error = open(store.raw.url()).messages().get_message_by_id(1).expect_err("refused");
    assert_eq!(error.kind(), unfinished, "{error}");
    assert!(
        error.message().contains("100 messages") && error.message().contains("--resume"),
        "{error}"
    );
    assert_eq!(
        copy(&from, &to, CopyOptions::default(), &mut |_| {}).expect_err("refused").kind(),
        unfinished
    );
    // An incomplete database is refused as a source as well.
    let elsewhere = other(Engine::Sqlite);
    let error = copy(&to, &url(elsewhere.raw.url()), CopyOptions::default(), &mut |_| {})
        .expect_err("refused");
    assert_eq!(error.kind(), unfinished);

    let resume = CopyOptions { resume: true, ..CopyOptions::default() };
    let report = copy(&from, &to, resume, &mut |_| {}).expect("resumed");
    assert_eq!((report.messages, report.there_before), (source.count().unsigned_abs() - 100, 100));
    assert_same(&source, store);
}

/// Before the progress had a row for each table, the mark had a column for each count.
fn interrupted_copies_of_an_earlier_version_are_resumed(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    interrupt_after_first_batch(store, &source, "copy", &from.redacted());
    let migrations = store.database().migrations();
    migrations.downgrade("number_revisions_of_uncounted_messages").expect("downgraded");
    let last = store.raw.scalar("SELECT max(id) FROM messages").expect("messages");
    store
        .raw
        .execute(&format!("UPDATE unfinished_transfer SET messages = 100, last_message = {last}"));
    let error = open(store.raw.url()).messages().get_message_by_id(1).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Schema(SchemaState::Unfinished), "{error}");
    assert!(error.message().contains("100 messages"), "{error}");
    let resume = CopyOptions { resume: true, ..CopyOptions::default() };
    let report = copy(&from, &to, resume, &mut |_| {}).expect("resumed");
    assert_eq!((report.messages, report.there_before), (source.count().unsigned_abs() - 100, 100));
    assert_same(&source, store);
}

/// A copy of an earlier version removes only the mark that it has written.
fn progress_without_a_mark_is_ignored(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    interrupt_after_first_batch(store, &source, "copy", &from.redacted());
    store.raw.execute("DELETE FROM unfinished_transfer WHERE id = 0");
    assert!(open(store.raw.url()).messages().get_message_by_id(1).is_ok());
    let replace = CopyOptions { replace: true, ..CopyOptions::default() };
    copy(&from, &to, replace, &mut |_| {}).expect("replaced");
    assert_same(&source, store);
    assert_eq!(store.raw.scalar("SELECT COUNT(*) FROM unfinished_transfer").as_deref(), Some("0"));
}

fn interrupted_copies_of_other_sources_are_not_resumed(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    interrupt_after_first_batch(store, &source, "copy", "postgresql://elsewhere/chat");
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    let resume = CopyOptions { resume: true, ..CopyOptions::default() };
    let error = copy(&from, &to, resume, &mut |_| {}).expect_err("refused");
    assert!(error.message().contains("postgresql://elsewhere/chat"), "{error}");
    let replace = CopyOptions { replace: true, ..CopyOptions::default() };
    copy(&from, &to, replace, &mut |_| {}).expect("started over");
    assert_same(&source, store);
}

fn interrupted_restores_start_over(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let file = store.path("chat.tar.zst");
    backup(&source, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    interrupt_after_first_batch(store, &source, "restore", "chat.tar.zst");
    let error = open(store.raw.url()).tokens().list_tokens().expect_err("refused");
    assert!(error.message().contains("chatkeep db restore"), "{error}");
    restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("started over");
    assert_same(&source, store);
}

fn rows_of_other_programs_in_an_interrupted_restore_are_kept(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let file = store.path("chat.tar.zst");
    backup(&source, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    interrupt_after_first_batch(store, &source, "restore", "chat.tar.zst");
    store.raw.execute(
        "INSERT INTO messages (id, timestamp, user_message) VALUES (900000, '2026-01-01 00:00:00', \
         'another program''s')",
    );
    let error = restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(store.raw.scalar("SELECT count(*) FROM messages").as_deref(), Some("101"));
}
