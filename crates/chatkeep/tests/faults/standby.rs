//! PostgreSQL primaries and standbys, and `target_session_attrs`.

use std::time::Duration;

use chatkeep::{Chatkeep, ErrorKind};
use chatkeep_core::migrations;
use chatkeep_testkit::{Engine, Server, TestDatabase};

use crate::failing::fails;
use crate::opening::{count, log, open, open_ready, try_connection};

/// Starts a standby, which accepts reads. Its primary does not exist.
fn standby() -> (Server, TestDatabase) {
    let mut server = Server::start(Engine::PostgreSql);
    let database = server.create_database();
    log(&open_ready(database.url()), "on the standby").expect("it is not a standby yet");
    server.stop();
    std::fs::write(server.socket().join("data/standby.signal"), "").expect("the signal file");
    server.start_again();
    (server, database)
}

/// Returns whether the URL's server is the standby.
fn is_standby(url: &str) -> bool {
    let chat: Chatkeep = open(url);
    count(&chat).unwrap_or_else(|error| panic!("{url}: {error:?}")) == 1
}

#[test]
fn target_session_attrs_selects_the_server() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let (standby, on_standby) = standby();
    let primary = Server::start(Engine::PostgreSql);
    let on_primary = primary.create_database();
    // The primary gets the standby's database and account.
    on_primary.execute(&format!("CREATE DATABASE {} TEMPLATE template0", on_standby.name()));
    let account = on_standby.url().split_once('@').expect("an account").0;
    let password = account.rsplit_once(':').expect("a password").1;
    on_primary.execute(&format!("ALTER ROLE chatkeep PASSWORD '{password}'"));
    let (a, b) = (standby.port(), primary.port());
    let url = |first: u16, second: u16, role: &str| {
        let hosts = format!("127.0.0.1:{first},127.0.0.1:{second}");
        format!("{account}@{hosts}/{}?target_session_attrs={role}", on_standby.name())
    };
    drop(open_ready(&url(a, b, "primary")));
    for (first, second) in [(a, b), (b, a)] {
        assert!(!is_standby(&url(first, second, "primary")), "{first},{second}");
        assert!(!is_standby(&url(first, second, "read-write")), "{first},{second}");
        assert!(is_standby(&url(first, second, "standby")), "{first},{second}");
        assert!(is_standby(&url(first, second, "prefer-standby")), "{first},{second}");
    }
    assert!(!is_standby(&url(b, b, "prefer-standby")), "without a standby the primary is used");
    for (server, role, expected) in
        [(a, "primary", "is a standby"), (b, "standby", "is the primary")]
    {
        let url = url(server, server, role);
        let chat = open(&url);
        fails(&url, || count(&chat))
            .with(ErrorKind::Unavailable)
            .containing(expected)
            .retryable()
            .at_once();
    }
}

#[test]
fn a_search_index_cannot_be_created_on_a_standby() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let (_standby, database) = standby();
    let chat = open(database.url());
    fails(database.url(), || chat.database().create_search_index())
        .with(ErrorKind::ReadOnly)
        .final_()
        .at_once();
    assert_eq!(count(&chat).expect("reads still work"), 1);
}

#[test]
fn a_session_ended_while_idle_in_a_transaction_is_unavailable() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let database = TestDatabase::create(Engine::PostgreSql);
    let url = format!("{}?options=-c%20idle_in_transaction_session_timeout%3D50", database.url());
    let mut connection = try_connection(&url).expect("the setting is valid");
    let outcome = connection.transaction(|connection| {
        migrations::status(connection)?;
        std::thread::sleep(Duration::from_millis(500));
        migrations::status(connection)
    });
    let error = outcome.expect_err("the server has ended the session");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(connection.is_broken());
}
