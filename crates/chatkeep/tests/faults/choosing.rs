//! Choices of models: the statements that they send, and a database that does not answer.

use std::time::{Duration, Instant};

use chatkeep::{
    Chatkeep, ChooseRequest, ErrorKind, NewModel, NewPolicy, NewProvider, NewRoutingRequest,
    PolicyKind, PoolSettings, RoutingOutcome,
};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::on_each_server;
use crate::opening::short;

on_each_server!(
    a_thousand_choices_send_few_statements,
    choices_go_on_for_seconds_while_the_database_is_silent_and_then_fail
);

/// A statement may be prepared first, and a read has a transaction of its own.
const MAX_PACKETS: u64 = 30;

/// Opens a database through a proxy, with two providers and a circuit breaker.
fn prepare(engine: Engine, settings: PoolSettings) -> (TestDatabase, FaultProxy, Chatkeep) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    let chat = Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is valid");
    chat.database().upgrade().expect("the schema is created");
    for (name, priority) in [("a", 9), ("b", 0)] {
        let new = NewProvider { priority, ..NewProvider::new(name, "openai") };
        chat.providers().create_provider(&new).expect("it is created");
        chat.providers().put_model(name, &NewModel::new("m")).expect("it is stored");
    }
    let breaker = NewPolicy::new("breaker", PolicyKind::CircuitBreaker);
    chat.routing().put_policy(&breaker, None).expect("it is stored");
    let request = NewRoutingRequest::new("r", "a", "m", RoutingOutcome::Success);
    chat.routing().record_request(&request).expect("it is recorded");
    (database, proxy, chat)
}

fn candidates(chat: &Chatkeep) -> chatkeep::Result<usize> {
    let choice = chat.routing().choose_model(&ChooseRequest::default())?;
    Ok(choice.candidates.len())
}

fn a_thousand_choices_send_few_statements(engine: Engine) {
    let (_database, proxy, chat) = prepare(engine, PoolSettings::default());
    let before = proxy.sent();
    assert_eq!(candidates(&chat).expect("a choice"), 2);
    let first = proxy.sent() - before;
    assert!((1..=MAX_PACKETS).contains(&first), "{first} packets");
    let begin = Instant::now();
    for _ in 0..1_000 {
        assert_eq!(candidates(&chat).expect("a choice"), 2);
    }
    // The revision is asked for every 2 seconds, and the health every 5 seconds.
    let periods = begin.elapsed().as_secs() / 2 + 1;
    let sent = proxy.sent() - before - first;
    assert!(sent <= MAX_PACKETS * periods, "{sent} packets");
}

fn choices_go_on_for_seconds_while_the_database_is_silent_and_then_fail(engine: Engine) {
    let limit = Duration::from_secs(1);
    let settings = PoolSettings {
        pool_timeout: limit,
        connect_timeout: limit,
        query_timeout: limit,
        ..short()
    };
    let (_database, proxy, chat) = prepare(engine, settings);
    assert_eq!(candidates(&chat).expect("a choice"), 2);
    let begin = Instant::now();
    proxy.stall();
    let error = loop {
        match candidates(&chat) {
            Ok(number) => assert_eq!(number, 2, "there are no candidates only if none exists"),
            Err(error) => break error,
        }
        assert!(begin.elapsed() < Duration::from_secs(30), "the choice is never refused");
        std::thread::sleep(Duration::from_millis(100));
    };
    // The providers are used until they are 5 seconds old.
    assert!(begin.elapsed() > Duration::from_secs(3), "{error} after {:?}", begin.elapsed());
    let is_down = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::PoolTimeout);
    assert!(is_down && error.operation() == Some("choose_model"), "{error:?}");
    proxy.pass();
    while candidates(&chat).is_err() {
        assert!(begin.elapsed() < Duration::from_secs(60), "the choice works again");
        std::thread::sleep(Duration::from_millis(100));
    }
}
