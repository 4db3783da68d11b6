//! Connections that break during a commit, an insert or a read.

use std::thread;
use std::time::Duration;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};

use crate::failing::{fails, heals};
use crate::on_each_server;
use crate::opening::{QUERY_TIMEOUT, count, log, open_ready, plain, stored};

on_each_server!(
    a_commit_with_a_lost_response_has_an_unknown_outcome,
    a_lost_commit_has_an_unknown_outcome,
    an_insert_with_a_lost_response_has_an_unknown_outcome,
    a_lost_insert_has_an_unknown_outcome,
    an_insert_without_a_response_has_an_unknown_outcome,
    a_batch_with_a_lost_response_is_stored_once,
    a_batch_lost_before_its_commit_is_not_stored,
    a_lost_read_is_retryable,
    a_connection_closed_while_idle_is_not_written_to,
);

/// A message whose text, sent to the server, makes the proxy cut the connection.
const MARKER: &str = "marker-before-the-cut";
/// The first message of a batch, which shows whether a part of the batch was stored.
const FIRST: &str = "the first of many";

/// Returns more messages than fit into one statement, so that they need a transaction. The last one
/// is the marker.
fn large_batch() -> Vec<NewMessage> {
    let mut batch: Vec<_> =
        (0..1500).map(|number| NewMessage::new(format!("message {number}"))).collect();
    batch.insert(0, NewMessage::new(FIRST));
    batch.push(NewMessage::new(MARKER));
    batch
}

fn a_commit_with_a_lost_response_has_an_unknown_outcome(engine: Engine) {
    loses_the_commit(engine, Deliver::Forwarded, 1);
}

fn a_lost_commit_has_an_unknown_outcome(engine: Engine) {
    loses_the_commit(engine, Deliver::Withheld, 0);
}

fn loses_the_commit(engine: Engine, deliver: Deliver, rows: u64) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    // PostgreSQL's `BEGIN ISOLATION LEVEL READ COMMITTED` contains it, too.
    let commit: &[u8] = if engine == Engine::PostgreSql { b"COMMIT\0" } else { b"COMMIT" };
    proxy.cut_at(commit, deliver);
    fails(&url, || chat.messages().log_messages(&large_batch()))
        .with(ErrorKind::OutcomeUnknown)
        .containing("may or may not be stored")
        .hiding(MARKER)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), rows, "the insert was not silently repeated");
    assert_eq!(stored(&database, FIRST), rows, "all or none are stored");
    assert_eq!(stored(&database, "after"), 1);
}

fn an_insert_with_a_lost_response_has_an_unknown_outcome(engine: Engine) {
    loses_the_insert(engine, Deliver::Forwarded, 1);
}

fn a_lost_insert_has_an_unknown_outcome(engine: Engine) {
    loses_the_insert(engine, Deliver::Withheld, 0);
}

fn loses_the_insert(engine: Engine, deliver: Deliver, rows: u64) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    // Prepares the statement, so that the packet that executes it contains the text.
    log(&chat, "before").expect("the server is available");
    proxy.cut_at(MARKER.as_bytes(), deliver);
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::OutcomeUnknown)
        .hiding(MARKER)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), rows, "the insert was not silently repeated");
}

fn an_insert_without_a_response_has_an_unknown_outcome(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is available");
    proxy.stall();
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::OutcomeUnknown)
        .final_()
        .within(QUERY_TIMEOUT);
    proxy.pass();
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert!(stored(&database, MARKER) <= 1, "the insert was not silently repeated");
}

fn a_batch_with_a_lost_response_is_stored_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    let batch = [NewMessage::new(FIRST), NewMessage::new(MARKER)];
    proxy.cut_at(MARKER.as_bytes(), Deliver::Forwarded);
    match chat.messages().log_messages(&batch) {
        // The batch was one statement: the server has stored it, but the client cannot know.
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            fails(&url, || Err::<(), _>(error)).hiding(MARKER).final_();
        }
        // The batch was in a transaction, which was rolled back, so it can be retried.
        Err(error) => {
            fails(&url, || Err::<(), _>(error))
                .with(ErrorKind::Unavailable)
                .hiding(MARKER)
                .retryable();
            chat.messages().log_messages(&batch).expect("the retry succeeds");
        }
        // The batch was in a transaction, which was rolled back, and the call itself retried it.
        Ok(ids) => assert_eq!(ids.len(), 2),
    }
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), 1, "the insert was not silently repeated");
    assert_eq!(stored(&database, FIRST), 1, "all or none are stored");
}

fn a_batch_lost_before_its_commit_is_not_stored(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    let batch = large_batch();
    proxy.cut_at(MARKER.as_bytes(), Deliver::Forwarded);
    // The transaction was rolled back with the connection. Either the call itself or the test
    // retries it.
    if let Err(error) = chat.messages().log_messages(&batch) {
        fails(&url, || Err::<(), _>(error)).with(ErrorKind::Unavailable).hiding(MARKER).retryable();
        assert_eq!(stored(&database, FIRST), 0, "the batch was partly stored");
        chat.messages().log_messages(&batch).expect("the retry succeeds");
    }
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(stored(&database, MARKER), 1);
    assert_eq!(stored(&database, FIRST), 1);
}

fn a_lost_read_is_retryable(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is available");
    // The next packet is lost: the one with the query.
    proxy.cut_after(1, Deliver::Withheld);
    fails(&url, || count(&chat))
        .with(ErrorKind::Unavailable)
        .containing("connection was lost")
        .retryable()
        .at_once();
    assert_eq!(count(&chat).expect("the retry succeeds"), 1);
}

/// The write uses another connection, without an error. Only PostgreSQL's driver can detect a
/// closed connection without a round trip; on the other engines a connection is pinged after it was
/// idle for a second, and the outcome of an earlier write is unknown.
fn a_connection_closed_while_idle_is_not_written_to(engine: Engine) {
    let idle = match engine {
        Engine::PostgreSql => Duration::ZERO,
        _ => Duration::from_millis(1_100),
    };
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let chat = open_ready(&proxy.url(database.url()));
    for round in 0..5 {
        log(&chat, &format!("round {round}")).expect("the server is available");
        proxy.cut();
        while proxy.open() > 0 {
            thread::yield_now();
        }
        thread::sleep(idle);
    }
    assert_eq!(count(&chat).expect("the server is available"), 5);
}
