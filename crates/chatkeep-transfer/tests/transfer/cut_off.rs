//! What a copy or a restore leaves that was cut off in the middle, and how it goes on.

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
    half_a_copy_is_refused_by_programs_and_gone_on_with,
    half_a_copy_from_elsewhere_is_not_gone_on_with,
    half_a_restore_begins_anew,
    what_others_wrote_into_half_a_restore_is_not_deleted,
];

const TIMEOUT: Duration = Duration::from_secs(10);

/// Leaves the target as a copy or restore does that is killed after its first batch.
fn leave_half(target: &Store, source: &Store, kind: &str, from: &str) {
    target.database().upgrade().expect("made");
    let connect = |text: &str, role| {
        Connection::open(&url(text), role, &ConnectOptions::default()).expect("a connection")
    };
    let rows = messages::behind(&mut connect(source.raw.url(), Role::Reader), 0).expect("rows");
    let mut state = Unfinished::new(kind, from);
    let mut connection = connect(target.raw.url(), Role::Writer);
    let stored = connection.transaction(|connection| {
        transfer::begin(connection, &state)?;
        messages::insert_with_ids(connection, &rows[..100])?;
        (state.messages, state.last_message) = (100, rows[99].id);
        transfer::update(connection, &state)
    });
    stored.expect("stored");
}

fn half_a_copy_is_refused_by_programs_and_gone_on_with(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    leave_half(store, &source, "copy", &from.redacted());
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
    // Neither is it a source.
    let elsewhere = other(Engine::Sqlite);
    let error = copy(&to, &url(elsewhere.raw.url()), CopyOptions::default(), &mut |_| {})
        .expect_err("refused");
    assert_eq!(error.kind(), unfinished);

    let resume = CopyOptions { resume: true, ..CopyOptions::default() };
    let report = copy(&from, &to, resume, &mut |_| {}).expect("it goes on");
    assert_eq!((report.messages, report.there_before), (source.count().unsigned_abs() - 100, 100));
    assert_same(&source, store);
}

fn half_a_copy_from_elsewhere_is_not_gone_on_with(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    leave_half(store, &source, "copy", "postgresql://elsewhere/chat");
    let (from, to) = (url(source.raw.url()), url(store.raw.url()));
    let resume = CopyOptions { resume: true, ..CopyOptions::default() };
    let error = copy(&from, &to, resume, &mut |_| {}).expect_err("refused");
    assert!(error.message().contains("postgresql://elsewhere/chat"), "{error}");
    let replace = CopyOptions { replace: true, ..CopyOptions::default() };
    copy(&from, &to, replace, &mut |_| {}).expect("it begins anew");
    assert_same(&source, store);
}

fn half_a_restore_begins_anew(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let file = store.path("chat.tar.zst");
    backup(&source, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    leave_half(store, &source, "restore", "chat.tar.zst");
    let error = open(store.raw.url()).tokens().list_tokens().expect_err("refused");
    assert!(error.message().contains("chatkeep db restore"), "{error}");
    restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect("it begins anew");
    assert_same(&source, store);
}

fn what_others_wrote_into_half_a_restore_is_not_deleted(store: &Store) {
    let source = other(Engine::Sqlite);
    fill(&source);
    let file = store.path("chat.tar.zst");
    backup(&source, File::create(&file).expect("a file"), &mut |_| {}).expect("written");
    leave_half(store, &source, "restore", "chat.tar.zst");
    store.raw.execute(
        "INSERT INTO messages (id, timestamp, user_message) VALUES (900000, '2026-01-01 00:00:00', 'somebody else''s')",
    );
    let error = restore(&url(store.raw.url()), &file, TIMEOUT, &mut |_| {}).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert_eq!(store.raw.scalar("SELECT count(*) FROM messages").as_deref(), Some("101"));
}
