//! No free connection: in the pool, or on the server.

use std::thread;
use std::time::Duration;

use chatkeep::{ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::failing::fails;
use crate::holding::Holder;
use crate::opening::{
    POOL_TIMEOUT, builder, connection, count, log, open, open_ready, short, try_connection,
};
use crate::{on_each_engine, on_each_server};

on_each_server!(
    a_server_without_a_free_connection_is_reported_in_time,
    calls_time_out_while_all_connections_are_in_use
);

fn a_server_without_a_free_connection_is_reported_in_time(engine: Engine) {
    let server = Server::builder(engine).setting("max_connections", "6").start();
    let database = server.create_database();
    drop(connection(database.url()));
    let mut taken = Vec::new();
    let refusal = loop {
        assert!(taken.len() < 20, "the server has no limit");
        match try_connection(database.url()) {
            Ok(connection) => taken.push(connection),
            Err(error) => break error,
        }
    };
    fails(database.url(), || Err::<(), _>(refusal)).with(ErrorKind::PoolTimeout).retryable();

    let chat = open(database.url());
    fails(database.url(), || log(&chat, "hello"))
        .with(ErrorKind::PoolTimeout)
        .containing("the server has no free connection")
        .containing("tried for")
        .retryable()
        .within(POOL_TIMEOUT);

    // A waiting call gets a connection that another client closes.
    thread::scope(|scope| {
        let call = scope.spawn(|| log(&chat, "hello"));
        thread::sleep(Duration::from_millis(200));
        taken.clear();
        call.join().expect("the call does not panic").expect("a connection is free again");
    });
    assert_eq!(count(&chat).expect("the server is available"), 1);
}

fn calls_time_out_while_all_connections_are_in_use(engine: Engine) {
    let database = TestDatabase::create(engine);
    let settings = PoolSettings {
        pool_size: 1,
        max_overflow: 1,
        pool_timeout: Duration::from_millis(500),
        query_timeout: Duration::from_secs(20),
        ..short()
    };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is valid");
    let created = chat.tokens().create_token("t", None).expect("the server is available");
    let holder = Holder::of_token(database.url(), created.id);
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..2).map(|_| scope.spawn(|| chat.tokens().revoke_token(created.id))).collect();
        while chat.database().pool_status().checked_out < 2 {
            thread::sleep(Duration::from_millis(5));
        }
        thread::sleep(Duration::from_millis(100));
        fails(database.url(), || count(&chat))
            .with(ErrorKind::PoolTimeout)
            .containing("all 2 are in use")
            .containing("DB_POOL_SIZE")
            .retryable()
            .within(Duration::from_millis(500));
        drop(holder);
        let outcomes: Vec<_> = waiting
            .into_iter()
            .map(|thread| thread.join().expect("no call panics").expect("the row is free again"))
            .collect();
        assert_eq!(
            outcomes.iter().filter(|revoked| **revoked).count(),
            1,
            "only the first call revokes the token"
        );
    });
    assert_eq!(count(&chat).expect("the pool is intact"), 0);
    assert_eq!(chat.database().pool_status().checked_out, 0);
}

on_each_engine!(a_failed_call_returns_its_connection);

fn a_failed_call_returns_its_connection(engine: Engine) {
    let database = TestDatabase::create(engine);
    let settings = PoolSettings {
        pool_size: 1,
        max_overflow: 0,
        pool_timeout: Duration::from_secs(1),
        ..short()
    };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is valid");
    log(&chat, "hello").expect("the database is available");
    database.execute("DROP TABLE message_feedback");
    database.execute("DROP TABLE messages");
    for _ in 0..5 {
        fails(database.url(), || log(&chat, "hello"))
            .with(ErrorKind::Schema(chatkeep::SchemaState::Behind));
        fails(database.url(), || count(&chat))
            .with(ErrorKind::Schema(chatkeep::SchemaState::Behind));
    }
    let status = chat.database().pool_status();
    assert_eq!((status.checked_out, status.waiting), (0, 0), "{status:?}");
    assert!(chat.tokens().list_tokens().expect("the other table exists").is_empty());
    drop(open_ready(database.url()));
}
