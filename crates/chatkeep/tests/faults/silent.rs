//! A peer that accepts everything and answers nothing, and many callers at once: all of them end in time.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, NewMessage, Page, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::failing::SLACK;
use crate::on_each_server;
use crate::opening::{connection, log, short, stored};

on_each_server!(
    awaited_messages_end_in_time_when_open_connections_fall_silent,
    awaited_messages_end_in_time_when_no_connection_can_be_made,
    awaited_reads_end_in_time_when_the_server_falls_silent
);

const LIMIT: Duration = Duration::from_secs(2);
/// Waiting for a connection that has to be made, and for the answer: what README promises.
const BOUND: Duration = Duration::from_secs(4);
/// Sixteen groups.
const MESSAGES: usize = 8_000;

fn settings() -> PoolSettings {
    PoolSettings { pool_timeout: LIMIT, connect_timeout: LIMIT, query_timeout: LIMIT, ..short() }
}

fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).settings(settings()).open().expect("the URL is right")
}

/// The time that each of many calls takes that begin together, and what each comes to.
fn together<T, F>(number: usize, call: impl Fn(usize) -> F) -> Vec<(Duration, chatkeep::Result<T>)>
where
    T: Send + 'static,
    F: Future<Output = chatkeep::Result<T>> + Send + 'static,
{
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let begin = Instant::now();
        let calls: Vec<_> = (0..number)
            .map(|number| {
                let call = call(number);
                tokio::spawn(async move {
                    let outcome = call.await;
                    (begin.elapsed(), outcome)
                })
            })
            .collect();
        let mut ended = Vec::with_capacity(number);
        for call in calls {
            ended.push(call.await.expect("no panic"));
        }
        ended
    })
}

#[track_caller]
fn assert_all_failed_in_time<T: std::fmt::Debug>(
    ended: &[(Duration, chatkeep::Result<T>)],
    allowed: &[ErrorKind],
) {
    for (took, outcome) in ended {
        let kind = outcome.as_ref().expect_err("nothing is answered").kind();
        assert!(allowed.contains(&kind), "{outcome:?}");
        assert!(*took <= BOUND + SLACK, "{took:?}: {outcome:?}");
    }
}

fn log_many(chat: &Chatkeep) -> Vec<(Duration, chatkeep::Result<i64>)> {
    let messages = chat.asynchronous().messages().clone();
    together(MESSAGES, |_| {
        let messages = messages.clone();
        async move { messages.log_message(NewMessage::new("unanswered")).await }
    })
}

fn awaited_messages_end_in_time_when_open_connections_fall_silent(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open(&proxy.url(database.url()));
    log(&chat, "before").expect("the server answers");
    proxy.stall();
    // Only what was sent may have been stored.
    let ended = log_many(&chat);
    assert_all_failed_in_time(
        &ended,
        &[ErrorKind::OutcomeUnknown, ErrorKind::Unavailable, ErrorKind::PoolTimeout],
    );
    let unknown = ended.iter().filter(|(_, outcome)| {
        outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::OutcomeUnknown)
    });
    assert!(unknown.count() <= 2 * 500, "two groups at most were sent");
    proxy.pass();
    crate::failing::heals(BOUND, || log(&chat, "after"));
    assert_eq!(stored(&database, "after"), 1);
}

fn awaited_messages_end_in_time_when_no_connection_can_be_made(engine: Engine) {
    let database = TestDatabase::create(engine);
    drop(connection(database.url()));
    let proxy = FaultProxy::to(database.url());
    proxy.stall();
    let chat = open(&proxy.url(database.url()));
    let ended = log_many(&chat);
    assert_all_failed_in_time(&ended, &[ErrorKind::Unavailable, ErrorKind::PoolTimeout]);
    proxy.pass();
    crate::failing::heals(BOUND, || log(&chat, "after"));
    assert_eq!((stored(&database, "after"), stored(&database, "unanswered")), (1, 0));
}

fn awaited_reads_end_in_time_when_the_server_falls_silent(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open(&proxy.url(database.url()));
    log(&chat, "before").expect("the server answers");
    proxy.stall();
    let messages = chat.asynchronous().messages().clone();
    let ended = together(400, |_| {
        let messages = messages.clone();
        async move { messages.get_messages(&MessageFilter::default(), &Page::first(10)).await }
    });
    assert_all_failed_in_time(&ended, &[ErrorKind::Unavailable, ErrorKind::PoolTimeout]);
    proxy.pass();
    crate::failing::heals(BOUND, || chat.messages().get_message_count(&MessageFilter::default()));
}

#[test]
fn awaited_messages_end_in_time_while_another_program_holds_a_sqlite_file() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open(database.url());
    log(&chat, "before").expect("the file is free");
    let mut holder = connection(database.url());
    let ended = holder
        .transaction(|_| Ok(log_many(&chat)))
        .expect("nothing was changed in the transaction");
    assert_all_failed_in_time(&ended, &[ErrorKind::Conflict, ErrorKind::PoolTimeout]);
    log(&chat, "after").expect("the file is free again");
    assert_eq!((stored(&database, "after"), stored(&database, "unanswered")), (1, 0));
}
