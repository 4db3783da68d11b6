//! Connections that break at the moment in which a change is made final.

use std::thread;
use std::time::Duration;

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Deliver, Engine, FaultProxy, TestDatabase};

use crate::failing::{fails, heals};
use crate::on_each_server;
use crate::opening::{QUERY_TIMEOUT, count, log, open_ready, plain, stored};

on_each_server!(
    a_commit_whose_answer_is_lost_is_of_unknown_outcome,
    a_commit_that_is_lost_is_of_unknown_outcome,
    an_insert_whose_answer_is_lost_is_of_unknown_outcome,
    an_insert_that_is_lost_is_of_unknown_outcome,
    an_insert_whose_answer_does_not_come_is_of_unknown_outcome,
    a_batch_of_one_statement_whose_answer_is_lost_is_of_unknown_outcome,
    a_batch_that_is_lost_before_its_commit_is_stored_once_or_not_at_all,
    a_lost_read_may_be_made_again,
);

const MARKER: &str = "marker-before-the-cut";
const FIRST: &str = "the first of many";

/// More messages than go into one statement, so that there is a transaction around several. The marker is in the last.
fn large_batch() -> Vec<NewMessage> {
    let mut batch: Vec<_> =
        (0..1500).map(|number| NewMessage::new(format!("message {number}"))).collect();
    batch.insert(0, NewMessage::new(FIRST));
    batch.push(NewMessage::new(MARKER));
    batch
}

fn a_commit_whose_answer_is_lost_is_of_unknown_outcome(engine: Engine) {
    loses_the_commit(engine, Deliver::Forwarded, 1);
}

fn a_commit_that_is_lost_is_of_unknown_outcome(engine: Engine) {
    loses_the_commit(engine, Deliver::Withheld, 0);
}

fn loses_the_commit(engine: Engine, deliver: Deliver, rows: u64) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    proxy.cut_at(b"COMMIT", deliver);
    fails(&url, || chat.messages().log_messages(&large_batch()))
        .with(ErrorKind::OutcomeUnknown)
        .saying("may or may not be stored")
        .hiding(MARKER)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), rows, "no second insert was made in silence");
    assert_eq!(stored(&database, FIRST), rows, "all are stored, or none is");
    assert_eq!(stored(&database, "after"), 1);
}

fn an_insert_whose_answer_is_lost_is_of_unknown_outcome(engine: Engine) {
    loses_the_insert(engine, Deliver::Forwarded, 1);
}

fn an_insert_that_is_lost_is_of_unknown_outcome(engine: Engine) {
    loses_the_insert(engine, Deliver::Withheld, 0);
}

fn loses_the_insert(engine: Engine, deliver: Deliver, rows: u64) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    // The statement is prepared by then, so that the text travels in the packet that runs it.
    log(&chat, "before").expect("the server is there");
    proxy.cut_at(MARKER.as_bytes(), deliver);
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::OutcomeUnknown)
        .hiding(MARKER)
        .final_()
        .at_once();
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), rows, "no second insert was made in silence");
}

fn an_insert_whose_answer_does_not_come_is_of_unknown_outcome(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is there");
    proxy.stall();
    fails(&url, || log(&chat, MARKER))
        .with(ErrorKind::OutcomeUnknown)
        .final_()
        .within(QUERY_TIMEOUT);
    proxy.pass();
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert!(stored(&database, MARKER) <= 1, "no second insert was made in silence");
}

fn a_batch_of_one_statement_whose_answer_is_lost_is_of_unknown_outcome(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    let batch = [NewMessage::new(FIRST), NewMessage::new(MARKER)];
    proxy.cut_at(MARKER.as_bytes(), Deliver::Forwarded);
    match chat.messages().log_messages(&batch) {
        // Where it was one statement, the server has stored it and nobody can know.
        Err(error) if error.kind() == ErrorKind::OutcomeUnknown => {
            fails(&url, || Err::<(), _>(error)).hiding(MARKER).final_();
        }
        // Where there was a transaction around it, it is gone, and may be made again.
        Err(error) => {
            fails(&url, || Err::<(), _>(error))
                .with(ErrorKind::Unavailable)
                .hiding(MARKER)
                .retryable();
            chat.messages().log_messages(&batch).expect("made again, it succeeds");
        }
        Ok(ids) => assert_eq!(ids.len(), 2),
    }
    assert_eq!(proxy.cuts(), 1);
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, MARKER), 1, "no second insert was made in silence");
    assert_eq!(stored(&database, FIRST), 1, "all are stored, or none is");
}

fn a_batch_that_is_lost_before_its_commit_is_stored_once_or_not_at_all(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    let batch = large_batch();
    proxy.cut_at(MARKER.as_bytes(), Deliver::Forwarded);
    // Its transaction is gone with the connection, so it may be made again: by us, or by the call itself.
    if let Err(error) = chat.messages().log_messages(&batch) {
        fails(&url, || Err::<(), _>(error)).with(ErrorKind::Unavailable).hiding(MARKER).retryable();
        assert_eq!(stored(&database, FIRST), 0, "a part of it was stored");
        chat.messages().log_messages(&batch).expect("made again, it succeeds");
    }
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(stored(&database, MARKER), 1);
    assert_eq!(stored(&database, FIRST), 1);
}

fn a_lost_read_may_be_made_again(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = plain(&proxy.url(database.url()));
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is there");
    proxy.cut_after(1, Deliver::Withheld);
    fails(&url, || count(&chat))
        .with(ErrorKind::Unavailable)
        .saying("connection was lost")
        .retryable()
        .at_once();
    assert_eq!(count(&chat).expect("made again, it succeeds"), 1);
}

/// The write is made on another connection then, and nobody notices. Only PostgreSQL's driver lets one look for it; the others
/// tell what they cannot know.
#[test]
fn a_connection_that_ended_while_it_lay_idle_is_not_written_to() {
    let database = TestDatabase::create(Engine::PostgreSql);
    let proxy = FaultProxy::to(database.url());
    let chat = open_ready(&proxy.url(database.url()));
    for round in 0..5 {
        log(&chat, &format!("round {round}")).expect("the server is there");
        proxy.cut();
        while proxy.open() > 0 {
            thread::yield_now();
        }
    }
    assert_eq!(count(&chat).expect("the server is there"), 5);
}
