//! Servers that freeze, are killed, and restart while calls are made.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, Error, ErrorKind};
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::failing::{SLACK, fails, heals};
use crate::on_each_server;
use crate::opening::{CONNECT_TIMEOUT, QUERY_TIMEOUT, count, log, open_ready, stored};

on_each_server!(
    a_frozen_server_is_given_up_in_time_and_taken_up_again,
    a_killed_server_is_told_and_taken_up_again,
    an_orderly_restart_is_told_and_taken_up_again,
    an_idle_pool_meets_a_restart_once,
);

const HEALING: Duration = Duration::from_secs(2);
const THREADS: usize = 6;

/// Threads that log messages all the while, each with a text of its own, and remember what was acknowledged.
struct Traffic {
    acknowledged: Vec<String>,
    longest: Duration,
}

fn traffic_during(chat: &Chatkeep, url: &str, fault: impl FnOnce()) -> Traffic {
    let over = AtomicBool::new(false);
    let talk = |thread: usize| {
        let (mut acknowledged, mut longest) = (Vec::new(), Duration::ZERO);
        for round in 0.. {
            if over.load(Ordering::SeqCst) {
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
                    // Not as fast as it goes: a refused connection is told at once.
                    thread::sleep(Duration::from_millis(20));
                }
            }
        }
        Traffic { acknowledged, longest }
    };
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || talk(thread))).collect();
        thread::sleep(Duration::from_millis(200));
        fault();
        over.store(true, Ordering::SeqCst);
        let mut all = Traffic { acknowledged: Vec::new(), longest: Duration::ZERO };
        for thread in threads {
            let one = thread.join().expect("no call panics");
            all.acknowledged.extend(one.acknowledged);
            all.longest = all.longest.max(one.longest);
        }
        all
    })
}

/// Nothing acknowledged is lost, and nothing is there twice.
#[track_caller]
fn is_all_there_once(database: &TestDatabase, traffic: &Traffic) {
    assert!(!traffic.acknowledged.is_empty(), "nothing was logged at all");
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

/// Calls from several threads at once, which between them use several connections; gives what failed.
fn burst(chat: &Chatkeep) -> Vec<Error> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| count(chat))).collect();
        let outcomes = threads.into_iter().map(|thread| thread.join().expect("no call panics"));
        outcomes.filter_map(Result::err).collect()
    })
}

/// No connection from before the fault is left that would fail a call.
#[track_caller]
fn works_everywhere(chat: &Chatkeep) {
    let errors = burst(chat);
    assert!(errors.is_empty(), "stale connections were handed out: {errors:?}");
}

fn a_frozen_server_is_given_up_in_time_and_taken_up_again(engine: Engine) {
    let server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let created = chat.tokens().create_token("t", None).expect("the server is there");
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
        works_everywhere(&chat);
    });
    assert!(
        traffic.longest <= QUERY_TIMEOUT + CONNECT_TIMEOUT + SLACK,
        "a call took {:?}",
        traffic.longest
    );
    is_all_there_once(&database, &traffic);
    assert!(chat.tokens().verify_token(created.token.expose()).expect("the server is back"));
}

fn a_killed_server_is_told_and_taken_up_again(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let traffic = traffic_during(&chat, &url, || {
        server.kill();
        fails(&url, || heals_not(&chat))
            .with(ErrorKind::Unavailable)
            .saying("refused")
            .retryable()
            .at_once();
        server.start_again();
        heals(HEALING, || count(&chat));
        works_everywhere(&chat);
    });
    is_all_there_once(&database, &traffic);
}

/// The first calls may find connections that died with the server; after them the server itself is missed.
fn heals_not(chat: &Chatkeep) -> chatkeep::Result<i64> {
    for _ in 0..THREADS * 2 {
        let _ = count(chat);
    }
    count(chat)
}

fn an_orderly_restart_is_told_and_taken_up_again(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let url = database.url().to_owned();
    let chat = open_ready(&url);
    let traffic = traffic_during(&chat, &url, || {
        server.restart();
        heals(HEALING, || count(&chat));
        works_everywhere(&chat);
    });
    is_all_there_once(&database, &traffic);
}

fn an_idle_pool_meets_a_restart_once(engine: Engine) {
    let mut server = Server::start(engine);
    let database = server.create_database();
    let chat = open_ready(database.url());
    works_everywhere(&chat);
    server.restart();
    // Once calls have met connections that died, the pool doubts all the others.
    let bursts: Vec<_> = (0..5).map(|_| burst(&chat)).collect();
    let failed: Vec<_> = bursts.into_iter().filter(|errors| !errors.is_empty()).collect();
    assert!(failed.len() <= 1, "stale connections were handed out again and again: {failed:?}");
    for error in failed.into_iter().flatten() {
        fails(database.url(), || Err::<(), _>(error)).with(ErrorKind::Unavailable).retryable();
    }
    log(&chat, "after").expect("the pool has healed");
    assert_eq!(stored(&database, "after"), 1);
}
