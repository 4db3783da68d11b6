//! No call exceeds its deadline.

use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, Page, PoolSettings};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{QUERY_TIMEOUT, count, log, open_ready, short, stored};

on_each_server!(a_slow_read_times_out, a_slow_write_times_out_and_is_not_stored_later);

#[test]
fn a_slow_sqlite_search_times_out_and_its_connection_stays_usable() {
    let limit = Duration::from_millis(100);
    let database = TestDatabase::create(Engine::Sqlite);
    let settings = PoolSettings { query_timeout: limit, pool_size: 1, max_overflow: 0, ..short() };
    let chat = Chatkeep::builder()
        .url(database.url())
        .settings(settings)
        .open()
        .expect("the URL is valid");
    log(&chat, "the oldest").expect("it is stored");
    database.execute(
        "INSERT INTO messages (timestamp, user_message) \
         WITH RECURSIVE number (n) AS \
         (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 500000) \
         SELECT '2999-01-01 00:00:00.000000', 'haystack ' || n FROM number",
    );
    let search = |text| {
        chat.messages().search_messages(text, &chatkeep::MessageFilter::default(), &Page::first(10))
    };
    for _ in 0..2 {
        fails(database.url(), || search("needle"))
            .with(ErrorKind::Unavailable)
            .retryable()
            .containing("0.1 s")
            .within(limit);
    }
    // The only read connection is still usable.
    assert_eq!(search("haystack").expect("it is found quickly").len(), 10);
    assert!(chat.messages().get_message_by_id(1).expect("the log answers").is_some());
    log(&chat, "the newest").expect("it is stored");
}

/// Maximum duration of the lock, in seconds: much longer than a call may take. It is released after
/// the work.
const LOCKED_FOR: u32 = 60;

/// Runs `work` while the messages table is locked exclusively, as during a slow schema change.
fn while_messages_are_locked(database: &TestDatabase, work: impl FnOnce()) {
    let (lock, find, end) = match database.engine() {
        Engine::PostgreSql => (
            format!(
                "BEGIN; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({LOCKED_FOR})"
            ),
            "SELECT pid FROM pg_locks WHERE relation = 'messages'::regclass \
             AND mode = 'AccessExclusiveLock' AND granted",
            "SELECT pg_terminate_backend({id})",
        ),
        _ => (
            format!("LOCK TABLES messages WRITE; DO SLEEP({LOCKED_FOR})"),
            "SELECT id FROM information_schema.processlist \
             WHERE db = DATABASE() AND info LIKE 'DO SLEEP%'",
            "KILL {id}",
        ),
    };
    thread::scope(|scope| {
        let session = scope.spawn(|| database.try_execute(&lock));
        let id = loop {
            if let Some(row) = database.query(find).first() {
                break row[0].clone().expect("a session has an id");
            }
            assert!(!session.is_finished(), "the lock was never acquired");
            thread::sleep(Duration::from_millis(10));
        };
        let _end = EndOfLock { database, sql: end.replace("{id}", &id) };
        work();
    });
}

/// Ends the session that holds the lock, after the work or a panic. The scope waits for the
/// session.
struct EndOfLock<'a> {
    database: &'a TestDatabase,
    sql: String,
}

impl Drop for EndOfLock<'_> {
    fn drop(&mut self) {
        // The session may already have ended.
        let _ = self.database.try_execute(&self.sql);
    }
}

fn a_slow_read_times_out(engine: Engine) {
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
            chat.tokens().list_tokens().expect("the other table is free, and the pool intact");
        assert!(tokens.is_empty());
    });
    assert_eq!(count(&chat).expect("the table is free again"), 1);
}

fn a_slow_write_times_out_and_is_not_stored_later(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    log(&chat, "before").expect("the table is free");
    while_messages_are_locked(&database, || {
        // The server times out slightly before the client: its report that nothing was stored is
        // more precise than an unknown outcome.
        fails(database.url(), || log(&chat, "during the lock"))
            .with_any(&[ErrorKind::Unavailable, ErrorKind::Conflict])
            .retryable()
            .hiding("during the lock")
            .within(QUERY_TIMEOUT);
    });
    log(&chat, "after").expect("the table is free again");
    assert_eq!(stored(&database, "during the lock"), 0);
    assert_eq!(stored(&database, "after"), 1);
}
