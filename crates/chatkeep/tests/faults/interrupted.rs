//! Calls that their caller interrupts, in every state in which a call can wait.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, ErrorKind, NewMessage, Page, PoolSettings, Result, interruptible};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::holding::Holder;
use crate::on_each_server;
use crate::opening::{builder, count, log, open, open_ready, short, stored};

/// Time after which a call is interrupted, and the time within which it must then end.
const AFTER: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(1);
/// A timeout much longer than any case takes.
const LONG: Duration = Duration::from_secs(60);

/// Opens a handle with timeouts of one minute.
fn open_with_long_timeouts(url: &str) -> Chatkeep {
    let settings = PoolSettings {
        connect_timeout: LONG,
        query_timeout: LONG,
        pool_timeout: LONG,
        max_retries: 60,
        retry_delay: Duration::from_secs(1),
        ..short()
    };
    builder(url).settings(settings).open().expect("the URL is valid")
}

/// Makes a call, interrupts it after [`AFTER`], and asserts that it ends within [`SOON`].
#[track_caller]
fn is_interrupted<T>(call: impl FnOnce() -> Result<T>) {
    let start = Instant::now();
    let error = interruptible(move || start.elapsed() > AFTER, call).err();
    assert_eq!(error.expect("it was interrupted").kind(), ErrorKind::Interrupted);
    assert!(start.elapsed() < AFTER + SOON, "it took {:?}", start.elapsed());
}

fn wait_until_a_connection_is_in_use(chat: &Chatkeep) {
    while chat.database().pool_status().checked_out == 0 {
        thread::yield_now();
    }
}

#[test]
fn a_wait_for_a_locked_file_is_interruptible() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_with_long_timeouts(database.url());
    log(&chat, "before").expect("the file is free");
    let holder = Holder::of(database.url(), |_| {});
    is_interrupted(|| log(&chat, "interrupted"));
    is_interrupted(|| chat.messages().log_messages(&[NewMessage::new("a"), NewMessage::new("b")]));
    drop(holder);
    log(&chat, "after").expect("the file is free again");
    assert_eq!(count(&chat).expect("the file exists"), 2);
}

#[test]
fn a_long_statement_is_interruptible() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let batch: Vec<_> =
        (0..20_000).map(|n| NewMessage::new(format!("{n} {}", "Straße ".repeat(300)))).collect();
    chat.messages().log_messages(&batch).expect("they are logged");
    // The search scans every row.
    let search = |text: &str| {
        chat.messages().search_messages(text, &chatkeep::MessageFilter::default(), &Page::first(10))
    };
    let error = interruptible(|| true, || search("not in there"));
    assert_eq!(error.expect_err("it was interrupted").kind(), ErrorKind::Interrupted);
    assert_eq!(search("19999 Stra").expect("it is done").len(), 1);
}

on_each_server!(
    a_wait_for_a_server_that_stopped_responding_is_interruptible,
    a_wait_for_a_server_that_never_responds_is_interruptible,
    a_wait_for_a_connection_is_interruptible,
    a_wait_in_the_write_queue_is_interruptible,
);

fn a_wait_for_a_server_that_stopped_responding_is_interruptible(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open_with_long_timeouts(&proxy.url(database.url()));
    log(&chat, "before").expect("the server responds");
    for call in [|chat: &Chatkeep| count(chat), |chat: &Chatkeep| log(chat, "interrupted")] {
        proxy.stall();
        is_interrupted(|| call(&chat));
        proxy.pass();
        count(&chat).expect("another connection is opened");
    }
    assert_eq!(stored(&database, "before"), 1);
}

fn a_wait_for_a_server_that_never_responds_is_interruptible(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.stall();
    let chat = open_with_long_timeouts(&proxy.url(database.url()));
    is_interrupted(|| log(&chat, "interrupted"));
    // Between two attempts at start-up.
    proxy.refuse();
    is_interrupted(|| chat.database().wait_until_ready());
    proxy.pass();
    log(&chat, "after").expect("the server responds again");
    assert_eq!((stored(&database, "interrupted"), stored(&database, "after")), (0, 1));
}

fn a_wait_for_a_connection_is_interruptible(engine: Engine) {
    let database = TestDatabase::create(engine);
    let settings = PoolSettings {
        pool_size: 1,
        max_overflow: 0,
        pool_timeout: LONG,
        query_timeout: LONG,
        ..short()
    };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is valid");
    let created = chat.tokens().create_token("t", None).expect("the server responds");
    let holder = Holder::of_token(database.url(), created.id);
    thread::scope(|scope| {
        scope.spawn(|| chat.tokens().revoke_token(created.id));
        wait_until_a_connection_is_in_use(&chat);
        is_interrupted(|| count(&chat));
        drop(holder);
    });
    assert_eq!(count(&chat).expect("the connection is free"), 0);
}

/// The message is queued while the leader's server does not respond. The interrupted caller leaves
/// the queue.
fn a_wait_in_the_write_queue_is_interruptible(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let settings = PoolSettings { query_timeout: Duration::from_secs(4), ..short() };
    let url = proxy.url(database.url());
    let chat = builder(&url).settings(settings).open().expect("the URL is valid");
    log(&chat, "before").expect("the server responds");
    proxy.stall();
    thread::scope(|scope| {
        let leader = scope.spawn(|| log(&chat, "leader"));
        wait_until_a_connection_is_in_use(&chat);
        is_interrupted(|| log(&chat, "interrupted"));
        assert!(leader.join().expect("no panic").is_err(), "no response arrived in time");
    });
    proxy.pass();
    log(&open(database.url()), "after").expect("the server responds again");
    assert_eq!((stored(&database, "interrupted"), stored(&database, "after")), (0, 1));
}
