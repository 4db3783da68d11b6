//! Servers that freeze, are killed or restart during calls.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind};
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::failing::{SLACK, fails, heals};
use crate::on_each_server;
use crate::opening::{CONNECT_TIMEOUT, QUERY_TIMEOUT, count, log, open_ready, stored};

on_each_server!(
    calls_time_out_on_a_frozen_server_and_recover,
    a_killed_server_is_reported_and_calls_recover,
    calls_recover_after_an_orderly_restart,
    at_most_one_burst_of_calls_fails_after_a_restart,
);

/// Time within which calls must work again.
const HEALING: Duration = Duration::from_secs(2);
const THREADS: usize = 6;

/// The result of threads that log messages continuously, each with a unique text.
struct Traffic {
    acknowledged: Vec<String>,
    longest: Duration,
}

fn traffic_during(chat: &Chatkeep, url: &str, fault: impl FnOnce()) -> Traffic {
    let is_over = AtomicBool::new(false);
    let log_messages = |thread: usize| {
        let (mut acknowledged, mut longest) = (Vec::new(), Duration::ZERO);
        for round in 0.. {
            if is_over.load(Ordering::SeqCst) {
                break;
            }
            let text = format!("traffic-{thread}-{round}");
            let begin = Instant::now();
            let outcome = log(chat, &text);
            longest = longest.max(begin.elapsed());
            match outcome {
                Ok(_) => acknowledged.push(text),
                Err(error) => {
                    fails(url, || Err::<(), _>(error)).with_any(&[
                        ErrorKind::Unavailable,
                        ErrorKind::OutcomeUnknown,
                        ErrorKind::PoolTimeout,
                    ]);
                    // Limits the rate: a refused connection fails immediately.
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }
        Traffic { acknowledged, longest }
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || log_messages(thread))).collect();
        thread::sleep(Duration::from_millis(200));
        fault();
        is_over.store(true, Ordering::SeqCst);
        let mut all = Traffic { acknowledged: Vec::new(), longest: Duration::ZERO };
        for thread in threads {
            let one = thread.join().expect("no call panics");
            all.acknowledged.extend(one.acknowledged);
            all.longest = all.longest.max(one.longest);
        }
        all
    })
}

/// Asserts that every acknowledged message is stored, and none twice.
#[track_caller]
fn every_acknowledged_message_is_stored_once(database: &TestDatabase, traffic: &Traffic) {
    assert!(!traffic.acknowledged.is_empty(), "no message was acknowledged");
    let rows = database.query("SELECT user_message, COUNT(*) FROM messages GROUP BY user_message");
    let count_of = |text: &str| {
        let row = rows.iter().find(|row| row[0].as_deref() == Some(text));
        row.and_then(|row| row[1].clone()).unwrap_or_default()
    };
    for text in &traffic.acknowledged {
        assert_eq!(count_of(text), "1", "{text} was acknowledged");
    }
    let twice: Vec<_> = rows.iter().filter(|row| row[1].as_deref() != Some("1")).collect();
    assert!(twice.is_empty(), "stored more than once: {twice:?}");
}

/// Makes concurrent calls over several connections, and returns their errors.
fn burst(chat: &Chatkeep) -> Vec<Error> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| count(chat))).collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().expect("no call panics"));
        outcomes.filter_map(Result::err).collect()
    })
}

/// Asserts that no stale connection is left that would fail a call.
#[track_caller]
fn no_call_fails(chat: &Chatkeep) {
    let errors = burst(chat);
    assert!(errors.is_empty(), "stale connections were handed out: {errors:?}");
}

fn calls_time_out_on_a_frozen_server_and_recover(engine: Engine) {
    let server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let created = chat.tokens().create_token("t", None).expect("the server is available");
    let traffic = traffic_during(&chat, &url, || {
        server.pause();
        let longest = QUERY_TIMEOUT + CONNECT_TIMEOUT;
        fails(&url, || count(&chat)).with(ErrorKind::Unavailable).retryable().within(longest);
        fails(&url, || chat.tokens().verify_token(created.token.expose()))
            .with(ErrorKind::Unavailable)
            .hiding(created.token.expose())
            .within(longest);
        server.resume();
        heals(HEALING, || count(&chat));
        no_call_fails(&chat);
    });
    assert!(
        traffic.longest <= QUERY_TIMEOUT + CONNECT_TIMEOUT + SLACK,
        "a call took {:?}",
        traffic.longest
    );
    every_acknowledged_message_is_stored_once(&database, &traffic);
    assert!(
        chat.tokens().verify_token(created.token.expose()).expect("the server is available again")
    );
}

fn a_killed_server_is_reported_and_calls_recover(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let traffic = traffic_during(&chat, &url, || {
        server.kill();
        fails(&url, || count_after_bursts(&chat))
            .with(ErrorKind::Unavailable)
            .containing("refused")
            .retryable()
            .at_once();
        server.start_again();
        heals(HEALING, || count(&chat));
        no_call_fails(&chat);
    });
    every_acknowledged_message_is_stored_once(&database, &traffic);
}

/// Counts messages after enough calls to discard all stale connections, so that the error is that
/// of connecting.
fn count_after_bursts(chat: &Chatkeep) -> chatkeep::Result<i64> {
    for _ in 0..THREADS * 2 {
        let _ = count(chat);
    }
    count(chat)
}

fn calls_recover_after_an_orderly_restart(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let traffic = traffic_during(&chat, &url, || {
        server.restart();
        heals(HEALING, || count(&chat));
        no_call_fails(&chat);
    });
    every_acknowledged_message_is_stored_once(&database, &traffic);
}

fn at_most_one_burst_of_calls_fails_after_a_restart(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let chat = open_ready(database.url());
    no_call_fails(&chat);
    server.restart();
    // After the first calls with stale connections, the pool pings all others.
    let bursts: Vec<_> = (0..5).map(|_| burst(&chat)).collect();
    let failed: Vec<_> = bursts.into_iter().filter(|errors| !errors.is_empty()).collect();
    assert!(failed.len() <= 1, "stale connections were handed out repeatedly: {failed:?}");
    for error in failed.into_iter().flatten() {
        fails(database.url(), || Err::<(), _>(error)).with(ErrorKind::Unavailable).retryable();
    }
    log(&chat, "after").expect("the pool has recovered");
    assert_eq!(stored(&database, "after"), 1);
}
