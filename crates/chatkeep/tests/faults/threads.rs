//! One handle under many threads.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use chatkeep::PoolSettings;
use chatkeep_testkit::{Engine, TestDatabase};

use crate::on_each_engine;
use crate::opening::{builder, count, log, short};

on_each_engine!(two_hundred_threads_share_one_handle);

fn two_hundred_threads_share_one_handle(engine: Engine) {
    const THREADS: usize = 200;
    let database = TestDatabase::create(engine);
    let settings = PoolSettings {
        pool_size: 5,
        max_overflow: 5,
        pool_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(20),
        query_timeout: Duration::from_secs(30),
        ..short()
    };
    let chat = builder(database.url()).settings(settings).open().expect("the URL is valid");
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (chat, start) = (&chat, &start);
            scope.spawn(move || {
                start.wait();
                let id = log(chat, &format!("message {number}")).expect("a message is stored");
                let read = chat
                    .messages()
                    .get_message_by_id(id)
                    .expect("it can be read")
                    .expect("it is stored");
                assert_eq!(read.user_message, format!("message {number}"));
                let created = chat.tokens().create_token("t", None).expect("a token is created");
                assert!(
                    chat.tokens().verify_token(created.token.expose()).expect("it can be checked")
                );
            });
        }
    });
    assert_eq!(count(&chat).expect("the database is available"), 200);
    // Waits for the background thread that records the tokens' last use.
    chat.flush(Duration::from_secs(60)).expect("the uses are recorded");
    let status = chat.database().pool_status();
    assert_eq!((status.checked_out, status.overflow, status.waiting), (0, 0, 0), "{status:?}");
}
