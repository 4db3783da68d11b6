//! Conflicts with other transactions: long-held locks, and deadlocks.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use chatkeep::{Error, ErrorKind, NewMessage, NewToken, PoolSettings};
use chatkeep_core::tokens;
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::holding::Holder;
use crate::on_each_server;
use crate::opening::{
    QUERY_TIMEOUT, builder, connection, count, log, open_ready, short, stored, try_connection,
};

#[test]
fn a_locked_sqlite_file_is_a_conflict_after_the_deadline() {
    let database = TestDatabase::create(Engine::Sqlite);
    let deadline = Duration::from_millis(700);
    let settings = PoolSettings { query_timeout: deadline, ..short() };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is valid");
    let created = chat.tokens().create_token("t", None).expect("the file is free");
    let holder = Holder::of_token(database.url(), created.id);

    fails(database.url(), || log(&chat, "hello"))
        .with(ErrorKind::Conflict)
        .containing("locked")
        .retryable()
        .within(deadline);
    fails(database.url(), || {
        chat.messages().log_messages(&[NewMessage::new("a"), NewMessage::new("b")])
    })
    .with(ErrorKind::Conflict)
    .retryable()
    .within(deadline);
    assert_eq!(count(&chat).expect("reads still work"), 0);
    assert!(chat.tokens().verify_token(created.token.expose()).expect("reads still work"));

    drop(holder);
    log(&chat, "after").expect("the file is free again");
    assert_eq!(count(&chat).expect("the file exists"), 1);
}

#[test]
fn a_sqlite_file_unlocked_in_time_is_not_a_conflict() {
    let database = TestDatabase::create(Engine::Sqlite);
    let chat = open_ready(database.url());
    let holder = Holder::of(database.url(), |_| {});
    thread::scope(|scope| {
        let call = scope.spawn(|| log(&chat, "hello"));
        thread::sleep(Duration::from_millis(200));
        drop(holder);
        call.join().expect("the call does not panic").expect("the file became free in time");
    });
    assert_eq!(stored(&database, "hello"), 1);
}

on_each_server!(
    a_locked_row_fails_the_call_within_the_deadline,
    a_deadlock_has_one_retryable_victim,
);

fn a_locked_row_fails_the_call_within_the_deadline(engine: Engine) {
    let database = TestDatabase::create(engine);
    let chat = open_ready(database.url());
    let created = chat.tokens().create_token("t", None).expect("the server is available");
    let holder = Holder::of_token(database.url(), created.id);

    // The server itself reports that nothing was changed, so the outcome is not unknown.
    fails(database.url(), || chat.tokens().revoke_token(created.id))
        .with_any(&[ErrorKind::Conflict, ErrorKind::Unavailable])
        .retryable()
        .within(QUERY_TIMEOUT);
    log(&chat, "other row").expect("other rows are free");

    drop(holder);
    assert!(chat.tokens().verify_token(created.token.expose()).expect("the server is available"));
    assert!(chat.tokens().revoke_token(created.id).expect("the row is free again"));
    assert!(!chat.tokens().verify_token(created.token.expose()).expect("the server is available"));
}

fn a_deadlock_has_one_retryable_victim(engine: Engine) {
    let database = TestDatabase::create(engine);
    let mut first = connection(database.url());
    let ids = [(); 2].map(|()| {
        let created = tokens::create(&mut first, &NewToken::new("t"));
        created.expect("the server is available").id
    });
    let mut second = try_connection(database.url()).expect("the server is available");

    let both_have_one = Barrier::new(2);
    let both = |connection: &mut chatkeep_core::Connection, own: i64, other: i64| {
        connection.transaction(|connection| {
            tokens::revoke(connection, own)?;
            both_have_one.wait();
            tokens::revoke(connection, other)
        })
    };
    let outcomes = thread::scope(|scope| {
        let one = scope.spawn(|| both(&mut first, ids[0], ids[1]));
        let two = scope.spawn(|| both(&mut second, ids[1], ids[0]));
        [one, two].map(|thread| thread.join().expect("no call panics"))
    });

    let victims: Vec<Error> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(victims.len(), 1, "one of the two is the victim: {victims:?}");
    for victim in victims {
        fails(database.url(), || Err::<(), _>(victim)).with(ErrorKind::Conflict).retryable();
    }
    let active = "SELECT COUNT(*) FROM api_tokens WHERE is_active";
    assert_eq!(
        database.scalar(active).as_deref(),
        Some("0"),
        "the other transaction has committed both"
    );
    for connection in [&mut first, &mut second] {
        assert!(!connection.is_broken(), "a deadlock ends the transaction, not the connection");
        connection.ping().expect("the connection still works");
    }
}
