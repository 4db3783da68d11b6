//! Calls that their caller breaks off, wherever they wait just then.

use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, ErrorKind, NewMessage, Page, PoolSettings, Result, interruptible};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::holding::Holder;
use crate::on_each_server;
use crate::opening::{builder, count, log, open, open_ready, short, stored};

/// When a call is broken off, and how much later it must have ended: the machine may be busy.
const MOMENT: Duration = Duration::from_millis(200);
const SOON: Duration = Duration::from_secs(1);
/// Much longer than any of the cases takes.
const LONG: Duration = Duration::from_secs(60);

/// Every wait may last for a minute.
fn patient(url: &str) -> Chatkeep {
    let settings = PoolSettings {
        connect_timeout: LONG,
        query_timeout: LONG,
        pool_timeout: LONG,
        max_retries: 60,
        retry_delay: Duration::from_secs(1),
        ..short()
    };
    builder(url).settings(settings).open().expect("the URL is well-formed")
}

/// Makes the call, and breaks it off after a moment.
#[track_caller]
fn is_broken_off<T>(call: impl FnOnce() -> Result<T>) {
    let start = Instant::now();
    let error = interruptible(move || start.elapsed() > MOMENT, call).err();
    assert_eq!(error.expect("it was broken off").kind(), ErrorKind::Interrupted);
    assert!(start.elapsed() < MOMENT + SOON, "it took {:?}", start.elapsed());
}

fn wait_until_a_connection_is_in_use(chat: &Chatkeep) {
    while chat.database().pool_status().checked_out == 0 {
        thread::yield_now();
    }
}

#[test]
fn a_wait_for_a_locked_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = patient(database.url());
    log(&chat, "before").expect("the file is free");
    let holder = Holder::of(database.url(), |_| {});
    is_broken_off(|| log(&chat, "broken off"));
    is_broken_off(|| chat.messages().log_messages(&[NewMessage::new("a"), NewMessage::new("b")]));
    drop(holder);
    log(&chat, "after").expect("the file is free again");
    assert_eq!(count(&chat).expect("the file is there"), 2);
}

#[test]
fn a_long_statement() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let batch: Vec<_> =
        (0..20_000).map(|n| NewMessage::new(format!("{n} {}", "Straße ".repeat(300)))).collect();
    chat.messages().log_messages(&batch).expect("they are logged");
    // Every row has to be looked at.
    let search = |text: &str| chat.messages().search_messages(text, &Page::first(10));
    let error = interruptible(|| true, || search("not in there"));
    assert_eq!(error.expect_err("it was broken off").kind(), ErrorKind::Interrupted);
    assert_eq!(search("19999 Stra").expect("it is done").len(), 1);
}

on_each_server!(
    a_wait_for_a_server_that_says_nothing_more,
    a_wait_for_a_server_that_never_says_anything,
    a_wait_for_a_connection,
    a_message_that_waits_for_its_turn,
);

fn a_wait_for_a_server_that_says_nothing_more(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = patient(&proxy.url(database.url()));
    log(&chat, "before").expect("the server answers");
    for call in [|chat: &Chatkeep| count(chat), |chat: &Chatkeep| log(chat, "broken off")] {
        proxy.stall();
        is_broken_off(|| call(&chat));
        proxy.pass();
        count(&chat).expect("another connection is made");
    }
    assert_eq!(stored(&database, "before"), 1);
}

fn a_wait_for_a_server_that_never_says_anything(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.stall();
    let chat = patient(&proxy.url(database.url()));
    is_broken_off(|| log(&chat, "broken off"));
    // Between two attempts at the start.
    proxy.refuse();
    is_broken_off(|| chat.database().wait_until_ready());
    proxy.pass();
    log(&chat, "after").expect("the server answers again");
    assert_eq!((stored(&database, "broken off"), stored(&database, "after")), (0, 1));
}

fn a_wait_for_a_connection(engine: Engine) {
    let database = TestDatabase::create(engine);
    let settings = PoolSettings {
        pool_size: 1,
        max_overflow: 0,
        pool_timeout: LONG,
        query_timeout: LONG,
        ..short()
    };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is well-formed");
    let created = chat.tokens().create_token("t", None).expect("the server answers");
    let holder = Holder::of_token(database.url(), created.id);
    thread::scope(|scope| {
        scope.spawn(|| chat.tokens().revoke_token(created.id));
        wait_until_a_connection_is_in_use(&chat);
        is_broken_off(|| count(&chat));
        drop(holder);
    });
    assert_eq!(count(&chat).expect("the connection is free"), 0);
}

/// It waits behind a caller whose server says nothing. Whoever was broken off has left the queue.
fn a_message_that_waits_for_its_turn(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let settings = PoolSettings { query_timeout: Duration::from_secs(4), ..short() };
    let url = proxy.url(database.url());
    let chat = builder(&url).settings(settings).open().expect("the URL is well-formed");
    log(&chat, "before").expect("the server answers");
    proxy.stall();
    thread::scope(|scope| {
        let leader = scope.spawn(|| log(&chat, "leader"));
        wait_until_a_connection_is_in_use(&chat);
        is_broken_off(|| log(&chat, "broken off"));
        assert!(leader.join().expect("no panic").is_err(), "no answer came in time");
    });
    proxy.pass();
    log(&open(database.url()), "after").expect("the server answers again");
    assert_eq!((stored(&database, "broken off"), stored(&database, "after")), (0, 1));
}
