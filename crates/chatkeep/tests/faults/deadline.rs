//! No call takes longer than its deadline, whatever stands in its way.

use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, Page, PoolSettings};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{QUERY_TIMEOUT, count, log, open_ready, short, stored};

on_each_server!(
    a_read_that_takes_too_long_is_given_up,
    a_write_that_takes_too_long_is_given_up_and_not_made_later
);

#[test]
fn a_search_in_a_sqlite_file_is_given_up_when_its_time_is_over_and_the_connection_is_sound() {
    let limit = Duration::from_millis(100);
    let database = TestDatabase::create(Engine::Sqlite);
    let settings = PoolSettings { query_timeout: limit, pool_size: 1, max_overflow: 0, ..short() };
    let chat = Chatkeep::builder()
        .url(database.url())
        .settings(settings)
        .open()
        .expect("the URL is right");
    log(&chat, "the oldest").expect("it is stored");
    database.execute(
        "INSERT INTO messages (timestamp, user_message) WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL \
         SELECT n + 1 FROM number WHERE n < 500000) SELECT '2999-01-01 00:00:00.000000', 'haystack ' || n FROM number",
    );
    let search = |text| chat.messages().search_messages(text, &Page::first(10));
    for _ in 0..2 {
        fails(database.url(), || search("needle"))
            .with(ErrorKind::Unavailable)
            .retryable()
            .saying("0.1 s")
            .within(limit);
    }
    // The only connection that reads is as good as before.
    assert_eq!(search("haystack").expect("it is found at once").len(), 10);
    assert!(chat.messages().get_message_by_id(1).expect("the log answers").is_some());
    log(&chat, "the newest").expect("it is stored");
}

/// Much longer than any call may take; the lock ends with the work, though.
const LOCKED_FOR: u32 = 60;

/// Does this while nobody may use the table of messages, as during a slow change of the schema.
fn while_messages_are_locked(database: &TestDatabase, work: impl FnOnce()) {
    let (lock, look, end) = match database.engine() {
        Engine::PostgreSql => (
            format!(
                "BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({LOCKED_FOR})"
            ),
            "SELECT pid FROM pg_locks WHERE relation = 'messages'::regclass AND mode = 'AccessExclusiveLock' AND granted",
            "SELECT pg_terminate_backend({id})",
        ),
        _ => (
            format!("LOCK TABLES messages WRITE; DO SLEEP({LOCKED_FOR})"),
            "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'",
            "KILL {id}",
        ),
    };
    thread::scope(|scope| {
        let session = scope.spawn(|| database.try_execute(&lock));
        let id = loop {
            if let Some(row) = database.query(look).first() {
                break row[0].clone().expect("a session has a number");
            }
            assert!(!session.is_finished(), "the lock was never there");
            thread::sleep(Duration::from_millis(10));
        };
        let _end = EndOfLock { database, sql: end.replace("{id}", &id) };
        work();
    });
}

/// Ends the session with the lock, after the work or when it panics: the scope waits for the session.
struct EndOfLock<'a> {
    database: &'a TestDatabase,
    sql: String,
}

impl Drop for EndOfLock<'_> {
    fn drop(&mut self) {
        // A session that has ended by itself is no failure of the test.
        let _ = self.database.try_execute(&self.sql);
    }
}

fn a_read_that_takes_too_long_is_given_up(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    log(&chat, "before").expect("the table is free");
    while_messages_are_locked(&database, || {
        fails(database.url(), || {
            chat.messages().get_messages(&MessageFilter::default(), &Page::first(10))
        })
        .with_any(&[ErrorKind::Unavailable, ErrorKind::Conflict])
        .retryable()
        .within(QUERY_TIMEOUT);
        let tokens =
            chat.tokens().list_tokens().expect("the other table is free, and the pool whole");
        assert!(tokens.is_empty());
    });
    assert_eq!(count(&chat).expect("the table is free again"), 1);
}

fn a_write_that_takes_too_long_is_given_up_and_not_made_later(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    log(&chat, "before").expect("the table is free");
    while_messages_are_locked(&database, || {
        // The server gives up a moment before we do: its word that nothing has happened is worth more than our guess.
        fails(database.url(), || log(&chat, "meanwhile"))
            .with_any(&[ErrorKind::Unavailable, ErrorKind::Conflict])
            .retryable()
            .hiding("meanwhile")
            .within(QUERY_TIMEOUT);
    });
    log(&chat, "after").expect("the table is free again");
    assert_eq!(stored(&database, "meanwhile"), 0);
    assert_eq!(stored(&database, "after"), 1);
}
