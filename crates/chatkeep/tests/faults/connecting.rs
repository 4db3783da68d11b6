//! Servers that cannot be reached, or that stop talking half-way through a log-in.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, FaultProxy, TestDatabase};

use crate::failing::{fails, heals};
use crate::on_each_server;
use crate::opening::{CONNECT_TIMEOUT, log, open, open_ready, short, stored};

on_each_server!(
    a_port_where_nothing_listens_is_told_at_once,
    a_server_that_takes_connections_and_says_nothing_is_given_up_in_time,
    a_server_that_stops_talking_in_the_tls_handshake_is_given_up_in_time,
    a_black_hole_is_given_up_in_time,
    a_database_that_is_late_is_waited_for_at_the_start,
    the_wait_at_the_start_ends_with_its_budget,
    the_timeout_in_the_url_goes_before_the_setting,
);

fn a_port_where_nothing_listens_is_told_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Unavailable)
        .saying("refused")
        .retryable()
        .at_once();
    proxy.pass();
    log(&chat, "hello").expect("the server listens now");
}

fn a_server_that_takes_connections_and_says_nothing_is_given_up_in_time(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.stall();
    for mode in ["", "?sslmode=disable"] {
        let url = format!("{}{mode}", proxy.url(database.url()));
        let chat = open(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Unavailable)
            .saying("no answer within 1.5 s")
            .retryable()
            .within(CONNECT_TIMEOUT);
    }
    proxy.pass();
    let chat = open(&proxy.url(database.url()));
    log(&chat, "hello").expect("the server answers again");
    assert_eq!(stored(&database, "hello"), 1, "what failed is not stored later");
}

/// Passes on what the server says, and no more than the first bytes of what the client says: enough for both to agree on
/// TLS, and not for the handshake.
fn stops_talking_in_the_handshake(database: &TestDatabase) -> u16 {
    let client_says = if database.engine() == Engine::PostgreSql { 8 } else { 36 };
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, database.port()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(mut server) = TcpStream::connect(target) else { return };
            let (Ok(mut back_from), Ok(mut back_to)) = (server.try_clone(), client.try_clone())
            else {
                return;
            };
            thread::spawn(move || std::io::copy(&mut back_from, &mut back_to));
            thread::spawn(move || {
                let mut first = vec![0; client_says];
                if client.read_exact(&mut first).is_ok() && server.write_all(&first).is_ok() {
                    // What follows is read and forgotten.
                    let _ = std::io::copy(&mut client, &mut std::io::sink());
                }
            });
        }
    });
    port
}

fn a_server_that_stops_talking_in_the_tls_handshake_is_given_up_in_time(engine: Engine) {
    let database = TestDatabase::create(engine);
    let port = stops_talking_in_the_handshake(&database);
    for mode in ["", "?sslmode=require"] {
        let url = format!("{}{mode}", database.url_at("127.0.0.1", port));
        let chat = open(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Unavailable)
            .saying("no answer")
            .within(CONNECT_TIMEOUT);
    }
}

fn a_black_hole_is_given_up_in_time(engine: Engine) {
    let database = TestDatabase::create(engine);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    // Nobody accepts, and once the queue is full the system drops further attempts without a word.
    rustix::net::listen(&listener, 0).expect("a shorter queue");
    let queued: Vec<_> =
        (0..8).map(|_| TcpStream::connect_timeout(&address, Duration::from_millis(100))).collect();
    assert!(queued.last().is_some_and(Result::is_err), "the queue is not full");
    let url = database.url_at("127.0.0.1", address.port());
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Unavailable)
        .retryable()
        .within(CONNECT_TIMEOUT);
}

fn a_database_that_is_late_is_waited_for_at_the_start(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let settings =
        PoolSettings { max_retries: 30, retry_delay: Duration::from_millis(500), ..short() };
    let chat =
        Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is well-formed");
    thread::scope(|scope| {
        let call = scope.spawn(|| log(&chat, "hello"));
        thread::sleep(Duration::from_millis(700));
        assert!(!call.is_finished(), "the call did not wait");
        proxy.pass();
        call.join().expect("the call does not panic").expect("the database came in time");
    });
    assert_eq!(stored(&database, "hello"), 1);
}

fn the_wait_at_the_start_ends_with_its_budget(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let settings =
        PoolSettings { max_retries: 4, retry_delay: Duration::from_millis(250), ..short() };
    let chat =
        Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is well-formed");
    fails(&url, || chat.database().wait_until_ready())
        .with(ErrorKind::Unavailable)
        .saying("tried")
        .saying("refused")
        .within(Duration::from_secs(1));
}

fn the_timeout_in_the_url_goes_before_the_setting(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{}?connect_timeout=1", proxy.url(database.url()));
    let settings = PoolSettings { connect_timeout: Duration::from_secs(60), ..short() };
    let chat =
        Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is well-formed");
    proxy.stall();
    fails(&url, || log(&chat, "hello")).with(ErrorKind::Unavailable).within(Duration::from_secs(1));
}

on_each_server!(a_network_that_goes_and_comes_back_is_reported_and_healed);

fn a_network_that_goes_and_comes_back_is_reported_and_healed(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is there");
    proxy.refuse();
    for _ in 0..3 {
        fails(&url, || log(&chat, "meanwhile"))
            .with_any(&[ErrorKind::Unavailable, ErrorKind::OutcomeUnknown])
            .at_once();
        fails(&url, || chat.messages().get_message_by_id(1))
            .with(ErrorKind::Unavailable)
            .retryable()
            .at_once();
        fails(&url, || chat.tokens().verify_token("some-imported-token"))
            .with(ErrorKind::Unavailable)
            .at_once();
    }
    proxy.pass();
    heals(Duration::from_secs(2), || log(&chat, "after"));
    assert_eq!(stored(&database, "before"), 1);
    assert_eq!(stored(&database, "meanwhile"), 0);
    assert_eq!(stored(&database, "after"), 1);
}
