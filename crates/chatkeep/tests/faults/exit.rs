//! A program that exits while messages are in flight.

use std::future::Future;
use std::pin::pin;
use std::process::Command;
use std::task::{Context, Waker};

use chatkeep::NewMessage;
use chatkeep_testkit::{Engine, TestDatabase};

use crate::on_each_engine;
use crate::opening::{count, open, open_ready};

on_each_engine!(a_normal_exit_waits_for_submitted_messages);

/// URL for the child process that exits.
const URL: &str = "CHATKEEP_FAULTS_EXIT_URL";
const MESSAGES: i64 = 2_000;

fn a_normal_exit_waits_for_submitted_messages(engine: Engine) {
    if let Ok(url) = std::env::var(URL) {
        return submit_and_exit(&url);
    }
    let database = TestDatabase::create(engine);
    let case = format!("exit::a_normal_exit_waits_for_submitted_messages::{}", engine.name());
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &case, "--nocapture"])
        .env(URL, database.url())
        .status()
        .expect("this program starts");
    assert_eq!(status.code(), Some(7), "the process that exits");
    let chat = open(database.url());
    assert_eq!(count(&chat).expect("the database is available"), MESSAGES);
    let twice = "SELECT COUNT(*) - COUNT(DISTINCT user_message) FROM messages";
    assert_eq!(database.scalar(twice).as_deref(), Some("0"));
}

fn submit_and_exit(url: &str) {
    let chat = open_ready(url).asynchronous();
    for number in 0..MESSAGES {
        // Polled once, then dropped.
        let call = chat.messages().log_message(NewMessage::new(number.to_string()));
        let _ = pin!(call).poll(&mut Context::from_waker(Waker::noop()));
    }
    std::process::exit(7);
}
