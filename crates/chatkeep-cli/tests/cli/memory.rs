//! The memory that commands take which read the whole log.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::command::Home;

/// Messages, and bytes of each: together more than the memory that a command may take.
const MESSAGES: usize = 24;
const SIZE: usize = 8_000_000;

/// The memory that a command may take, in megabytes; all messages together are 192. MySQL's driver copies a packet once
/// more, and how much of that the allocator keeps differs from run to run.
fn max_megabytes(engine: Engine) -> u64 {
    if matches!(engine, Engine::MariaDb | Engine::MySql) { 160 } else { 100 }
}

#[test]
fn sqlite() {
    whole_logs_of_large_messages_are_read_in_flat_memory(Engine::Sqlite);
}

#[test]
fn postgresql() {
    whole_logs_of_large_messages_are_read_in_flat_memory(Engine::PostgreSql);
}

#[test]
fn mariadb() {
    whole_logs_of_large_messages_are_read_in_flat_memory(Engine::MariaDb);
}

#[test]
fn mysql() {
    whole_logs_of_large_messages_are_read_in_flat_memory(Engine::MySql);
}

fn whole_logs_of_large_messages_are_read_in_flat_memory(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let database = TestDatabase::create(engine);
    let chat = Chatkeep::open(database.url()).expect("the URL is right");
    for number in 0..MESSAGES {
        let text = format!("{number} {}", "lorem ipsum ".repeat(SIZE / 12));
        chat.messages().log_message(&NewMessage::new(text)).expect("it is stored");
    }
    drop(chat);
    let home = Home::at(database.url());
    for arguments in [
        &["messages", "export", "all.jsonl"][..],
        &["db", "backup", "backup.tar.zst"],
        &["db", "copy", "--from", database.url(), "--to", "sqlite:///copy.db"],
    ] {
        let peak = peak(&home, arguments);
        assert!(peak < max_megabytes(engine), "{engine}: {arguments:?} took {peak} MB");
    }
    let exported = home.read("all.jsonl");
    assert_eq!((exported.lines().count(), exported.len() / SIZE), (MESSAGES, MESSAGES));
}

/// Runs a command that must succeed, and returns the most memory that it had, in megabytes.
fn peak(home: &Home, arguments: &[&str]) -> u64 {
    let mut child = home
        .command(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the command starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let exit = loop {
        // The system's own maximum, which a process that has ended no longer tells.
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
    assert!(peak > 0, "the system tells the memory of {arguments:?}");
    peak
}
