//! Messages at and above the size limits.

use std::time::Duration;

use chatkeep::{ErrorKind, MAX_ROW_BYTES, NewMessage, PoolSettings};
use chatkeep_testkit::{Deliver, Engine, FaultProxy, Server, TestDatabase};

use crate::failing::fails;
use crate::opening::{builder, count, log, open, plain, short};
use crate::{on_each_engine, on_each_server};

on_each_engine!(
    a_message_of_ten_megabytes_is_stored_exactly,
    a_message_of_the_maximum_size_is_stored_and_a_larger_one_rejected
);

fn open_with_a_long_timeout(url: &str) -> chatkeep::Chatkeep {
    let settings = PoolSettings { query_timeout: Duration::from_secs(30), ..short() };
    builder(url).settings(settings).open().expect("the URL is valid")
}

fn a_message_of_ten_megabytes_is_stored_exactly(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_with_a_long_timeout(database.url());
    let text: String = "Straße 😀 'quoted' \\ %_ \r\n".chars().cycle().take(10_000_000).collect();
    assert!(text.len() > 10 * 1024 * 1024);
    let id = log(&chat, &text).expect("10 MB are stored");
    let read =
        chat.messages().get_message_by_id(id).expect("it can be read").expect("it is stored");
    assert!(read.user_message == text, "10 MB were changed");
}

fn a_message_of_the_maximum_size_is_stored_and_a_larger_one_rejected(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_with_a_long_timeout(database.url());
    let mut text = "x".repeat(usize::try_from(MAX_ROW_BYTES).expect("16 MiB"));
    let id = log(&chat, &text).expect("a message of the maximum size is stored");
    let read =
        chat.messages().get_message_by_id(id).expect("it can be read").expect("it is stored");
    assert!(read.user_message == text, "16 MiB were changed");
    text.push('x');
    fails(database.url(), || log(&chat, &text))
        .with(ErrorKind::InvalidInput)
        .naming("user_message")
        .containing("16777216")
        .final_()
        .at_once();
    assert_eq!(count(&chat).expect("the database is available"), 1);
}

on_each_server!(a_message_of_a_hundred_megabytes_is_rejected_before_it_is_sent);

fn a_message_of_a_hundred_megabytes_is_rejected_before_it_is_sent(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open(&url);
    log(&chat, "before").expect("the server is available");
    proxy.cut_after(64 * 1024, Deliver::Withheld);
    let message = NewMessage::new("hello").with_response("x".repeat(100 * 1024 * 1024));
    fails(&url, || chat.messages().log_message(&message))
        .with(ErrorKind::InvalidInput)
        .naming("bot_response")
        .containing("104857605 bytes")
        .final_()
        .at_once();
    fails(&url, || chat.messages().log_messages(&[NewMessage::new("a"), message.clone()]))
        .with(ErrorKind::InvalidInput)
        .naming("messages[1].bot_response")
        .at_once();
    assert_eq!(proxy.cuts(), 0, "the message was partly sent");
    assert_eq!(count(&chat).expect("the connection is intact"), 1);
    assert_eq!(proxy.accepted(), 1, "the connection was lost");
}

#[test]
fn a_message_of_a_hundred_megabytes_creates_no_sqlite_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open(database.url());
    fails(database.url(), || log(&chat, &"x".repeat(100 * 1024 * 1024)))
        .with(ErrorKind::InvalidInput)
        .naming("user_message");
    assert!(!database.path().expect("SQLite has a file").exists());
}

/// PostgreSQL has no such limit.
mod a_message_larger_than_a_packet_is_rejected_before_it_is_sent {
    use super::*;

    #[test]
    fn mariadb() {
        rejects_a_message_larger_than_a_packet(Engine::MariaDb);
    }

    #[test]
    fn mysql() {
        if Engine::MySql.is_available() {
            rejects_a_message_larger_than_a_packet(Engine::MySql);
        }
    }
}

fn rejects_a_message_larger_than_a_packet(engine: Engine) {
    const PACKET: usize = 1024 * 1024;
    let server = Server::builder(engine).setting("max-allowed-packet", "1M").start();
    let database = server.create_database();
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open(&url);
    log(&chat, "before").expect("the server is available");
    proxy.cut_after(64 * 1024, Deliver::Withheld);
    fails(&url, || log(&chat, &"x".repeat(2 * PACKET)))
        .with(ErrorKind::InvalidInput)
        .naming("user_message")
        .containing("2097152 bytes")
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 0, "the message was partly sent");
    assert_eq!(count(&chat).expect("the connection is intact"), 1);
    assert_eq!(proxy.accepted(), 1, "the connection was lost");
    drop((chat, proxy));

    let chat = open(database.url());
    log(&chat, &"x".repeat(PACKET - 8 * 1024))
        .expect("a message that fits into a packet is stored");
    // Each of these fits, but all together exceed a packet.
    let batch: Vec<_> = (0..6).map(|_| NewMessage::new("y".repeat(PACKET / 2))).collect();
    chat.messages().log_messages(&batch).expect("a batch is split into packets");
    let many: Vec<_> = (0..2000).map(|_| NewMessage::new("z".repeat(1024))).collect();
    chat.messages().log_messages(&many).expect("a batch is split into packets");
    assert_eq!(count(&chat).expect("the server is available"), 2 + 6 + 2000);
}
