//! Tests of the memory used by commands that read the whole log.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::command::Home;

/// Number of messages. Together they exceed the memory limit of a command.
const MESSAGES: usize = 24;
/// Size of a message in bytes.
const SIZE: usize = 8_000_000;

/// Returns the memory limit of a command in megabytes; all messages together have 192.
///
/// On a busy machine the storing thread is slower, and all batches that may be read ahead are in
/// memory. MySQL's driver copies each packet, and the allocator keeps a varying part of the copies.
fn max_megabytes(engine: Engine) -> u64 {
    if matches!(engine, Engine::MariaDb | Engine::MySql) { 180 } else { 120 }
}

#[test]
fn sqlite() {
    whole_logs_are_read_in_bounded_memory(Engine::Sqlite);
}

#[test]
fn postgresql() {
    whole_logs_are_read_in_bounded_memory(Engine::PostgreSql);
}

#[test]
fn mariadb() {
    whole_logs_are_read_in_bounded_memory(Engine::MariaDb);
}

#[test]
fn mysql() {
    whole_logs_are_read_in_bounded_memory(Engine::MySql);
}

fn whole_logs_are_read_in_bounded_memory(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let database = TestDatabase::create(engine);
    let chat = Chatkeep::open(database.url()).expect("a valid URL");
    for number in 0..MESSAGES {
        let text = format!("{number} {}", "lorem ipsum ".repeat(SIZE / 12));
        chat.messages().log_message(&NewMessage::new(text)).expect("stored");
    }
    drop(chat);
    let home = Home::at(database.url());
    for arguments in [
        &["messages", "export", "all.jsonl"][..],
        &["db", "backup", "backup.tar.zst"],
        &["db", "copy", "--from", database.url(), "--to", "sqlite:///copy.db"],
    ] {
        let peak = peak_memory(&home, arguments);
        assert!(peak < max_megabytes(engine), "{engine}: {arguments:?} took {peak} MB");
    }
    let exported = home.read("all.jsonl");
    assert_eq!((exported.lines().count(), exported.len() / SIZE), (MESSAGES, MESSAGES));
}

/// Runs a command that must succeed. Returns its peak memory in megabytes.
fn peak_memory(home: &Home, arguments: &[&str]) -> u64 {
    let mut child = home
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the command starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let exit = loop {
        // The kernel's peak value. It is not available after the process has ended.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        peak = peak.max(kilobytes.unwrap_or(0) / 1_000);
        match child.try_wait().expect("the command can be waited for") {
            Some(exit) => break exit,
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    assert!(exit.success(), "{arguments:?}");
    assert!(peak > 0, "no peak memory of {arguments:?}");
    peak
}
