//! Many concurrent callers of a server that accepts connections but never responds.

use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, ErrorKind, MessageFilter, NewMessage, Page, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::failing::SLACK;
use crate::on_each_server;
use crate::opening::{connection, log, short, stored};

on_each_server!(
    awaited_messages_time_out_when_open_connections_stall,
    awaited_messages_time_out_when_connecting_stalls,
    awaited_reads_time_out_when_the_server_stalls
);

const LIMIT: Duration = Duration::from_secs(2);
/// Maximum duration of a call according to the README: connecting plus the query.
const BOUND: Duration = Duration::from_secs(4);
/// Number of concurrent messages: sixteen groups.
const MESSAGES: usize = 8_000;

fn settings() -> PoolSettings {
    PoolSettings { pool_timeout: LIMIT, connect_timeout: LIMIT, query_timeout: LIMIT, ..short() }
}

fn open(url: &str) -> Chatkeep {
    Chatkeep::builder().url(url).settings(settings()).open().expect("the URL is valid")
}

/// Starts `number` calls concurrently, and returns the duration and the outcome of each.
fn concurrently<T, F>(
    number: usize,
    call: impl Fn(usize) -> F,
) -> Vec<(Duration, chatkeep::Result<T>)>
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
        let kind = outcome.as_ref().expect_err("the server does not respond").kind();
        assert!(allowed.contains(&kind), "{outcome:?}");
        assert!(*took <= BOUND + SLACK, "{took:?}: {outcome:?}");
    }
}

fn log_many(chat: &Chatkeep) -> Vec<(Duration, chatkeep::Result<i64>)> {
    let messages = chat.asynchronous().messages().clone();
    concurrently(MESSAGES, |_| {
        let messages = messages.clone();
        async move { messages.log_message(NewMessage::new("unanswered")).await }
    })
}

fn awaited_messages_time_out_when_open_connections_stall(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open(&proxy.url(database.url()));
    log(&chat, "before").expect("the server responds");
    proxy.stall();
    // Only messages that were sent may have an unknown outcome.
    let ended = log_many(&chat);
    assert_all_failed_in_time(
        &ended,
        &[ErrorKind::OutcomeUnknown, ErrorKind::Unavailable, ErrorKind::PoolTimeout],
    );
    let unknown = ended.iter().filter(|(_, outcome)| {
        outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::OutcomeUnknown)
    });
    assert!(unknown.count() <= 2 * 500, "at most two groups were sent");
    proxy.pass();
    crate::failing::heals(BOUND, || log(&chat, "after"));
    assert_eq!(stored(&database, "after"), 1);
}

fn awaited_messages_time_out_when_connecting_stalls(engine: Engine) {
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

fn awaited_reads_time_out_when_the_server_stalls(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open(&proxy.url(database.url()));
    log(&chat, "before").expect("the server responds");
    proxy.stall();
    let messages = chat.asynchronous().messages().clone();
    let ended = concurrently(400, |_| {
        let messages = messages.clone();
        async move { messages.get_messages(&MessageFilter::default(), &Page::first(10)).await }
    });
    assert_all_failed_in_time(&ended, &[ErrorKind::Unavailable, ErrorKind::PoolTimeout]);
    proxy.pass();
    crate::failing::heals(BOUND, || chat.messages().get_message_count(&MessageFilter::default()));
}

#[test]
fn awaited_messages_time_out_while_a_sqlite_file_is_locked() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open(database.url());
    log(&chat, "before").expect("the file is free");
    let mut holder = connection(database.url());
    let ended =
        holder.transaction(|_| Ok(log_many(&chat))).expect("the transaction changes nothing");
    assert_all_failed_in_time(&ended, &[ErrorKind::Conflict, ErrorKind::PoolTimeout]);
    log(&chat, "after").expect("the file is free again");
    assert_eq!((stored(&database, "after"), stored(&database, "unanswered")), (1, 0));
}
