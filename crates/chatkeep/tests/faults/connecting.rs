//! Servers that are unreachable, or that stop responding during a login.

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
    a_refused_connection_is_reported_at_once,
    a_server_that_never_responds_times_out,
    a_server_that_stops_during_the_tls_handshake_times_out,
    a_server_that_drops_packets_times_out,
    the_first_call_retries_until_the_server_is_available,
    start_up_retries_end_with_their_budget,
    the_timeout_in_the_url_overrides_the_setting,
);

fn a_refused_connection_is_reported_at_once(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Unavailable)
        .containing("refused")
        .retryable()
        .at_once();
    proxy.pass();
    log(&chat, "hello").expect("the server accepts connections now");
}

fn a_server_that_never_responds_times_out(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.stall();
    for mode in ["", "?sslmode=disable"] {
        let url = format!("{}{mode}", proxy.url(database.url()));
        let chat = open(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Unavailable)
            .containing("no response within 1.5 s")
            .retryable()
            .within(CONNECT_TIMEOUT);
    }
    proxy.pass();
    let chat = open(&proxy.url(database.url()));
    log(&chat, "hello").expect("the server responds again");
    assert_eq!(stored(&database, "hello"), 1, "failed messages are not stored later");
}

/// Starts a proxy that forwards all bytes of the server, but only the first bytes of the client.
/// They suffice to negotiate TLS, but not for the handshake.
fn stops_during_the_handshake(database: &TestDatabase) -> u16 {
    let client_bytes = if database.engine() == Engine::PostgreSql { 8 } else { 36 };
    let target = SocketAddr::from((Ipv4Addr::LOCALHOST, database.port()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let Ok(mut server) = TcpStream::connect(target) else { return };
            let (Ok(mut response), Ok(mut to_client)) = (server.try_clone(), client.try_clone())
            else {
                return;
            };
            thread::spawn(move || std::io::copy(&mut response, &mut to_client));
            thread::spawn(move || {
                let mut first = vec![0; client_bytes];
                if client.read_exact(&mut first).is_ok() && server.write_all(&first).is_ok() {
                    // Later bytes are discarded.
                    let _ = std::io::copy(&mut client, &mut std::io::sink());
                }
            });
        }
    });
    port
}

fn a_server_that_stops_during_the_tls_handshake_times_out(engine: Engine) {
    let database = TestDatabase::create(engine);
    let port = stops_during_the_handshake(&database);
    for mode in ["", "?sslmode=require"] {
        let url = format!("{}{mode}", database.url_at("127.0.0.1", port));
        let chat = open(&url);
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Unavailable)
            .containing("no response")
            .within(CONNECT_TIMEOUT);
    }
}

fn a_server_that_drops_packets_times_out(engine: Engine) {
    let database = TestDatabase::create(engine);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    // No connection is accepted. Once the backlog is full, the system drops further attempts.
    rustix::net::listen(&listener, 0).expect("a shorter backlog");
    let queued: Vec<_> =
        (0..8).map(|_| TcpStream::connect_timeout(&address, Duration::from_millis(100))).collect();
    assert!(queued.last().is_some_and(Result::is_err), "the backlog is not full");
    let url = database.url_at("127.0.0.1", address.port());
    let chat = open(&url);
    fails(&url, || log(&chat, "hello"))
        .with(ErrorKind::Unavailable)
        .retryable()
        .within(CONNECT_TIMEOUT);
}

fn the_first_call_retries_until_the_server_is_available(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let settings =
        PoolSettings { max_retries: 30, retry_delay: Duration::from_millis(500), ..short() };
    let chat = Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is valid");
    thread::scope(|scope| {
        let call = scope.spawn(|| log(&chat, "hello"));
        thread::sleep(Duration::from_millis(700));
        assert!(!call.is_finished(), "the call did not wait");
        proxy.pass();
        call.join().expect("the call does not panic").expect("the server was available in time");
    });
    assert_eq!(stored(&database, "hello"), 1);
}

fn start_up_retries_end_with_their_budget(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    proxy.refuse();
    let url = proxy.url(database.url());
    let settings =
        PoolSettings { max_retries: 4, retry_delay: Duration::from_millis(250), ..short() };
    let chat = Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is valid");
    fails(&url, || chat.database().wait_until_ready())
        .with(ErrorKind::Unavailable)
        .containing("tried")
        .containing("refused")
        .within(Duration::from_secs(1));
}

fn the_timeout_in_the_url_overrides_the_setting(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = format!("{}?connect_timeout=1", proxy.url(database.url()));
    let settings = PoolSettings { connect_timeout: Duration::from_secs(60), ..short() };
    let chat = Chatkeep::builder().url(&url).settings(settings).open().expect("the URL is valid");
    proxy.stall();
    fails(&url, || log(&chat, "hello")).with(ErrorKind::Unavailable).within(Duration::from_secs(1));
}

on_each_server!(the_pool_recovers_from_a_network_outage);

fn the_pool_recovers_from_a_network_outage(engine: Engine) {
    let database = TestDatabase::create(engine);
    let proxy = FaultProxy::to(database.url());
    let url = proxy.url(database.url());
    let chat = open_ready(&url);
    log(&chat, "before").expect("the server is available");
    proxy.refuse();
    for _ in 0..3 {
        fails(&url, || log(&chat, "during the outage"))
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
    assert_eq!(stored(&database, "during the outage"), 0);
    assert_eq!(stored(&database, "after"), 1);
}
