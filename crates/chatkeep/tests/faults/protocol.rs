//! URLs that point to another engine's server.

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::log;

/// Asserts that a call fails at once if a URL with this scheme leads to this server of another
/// engine, unless that server is absent by choice.
#[track_caller]
fn is_reported(scheme: &str, server: Engine, expected: &str) {
    if !server.is_available() {
        return;
    }
    let database = TestDatabase::create(server);
    let (_, rest) = database.url().split_once("://").expect("a URL");
    for tail in ["", "?sslmode=disable", "?sslmode=require"] {
        let url = format!("{scheme}://{rest}{tail}");
        let chat = Chatkeep::builder().url(&url).settings(PoolSettings::default()).open();
        let chat = chat.expect("the URL is valid");
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .containing(expected)
            .final_()
            .at_once();
    }
}

#[test]
fn a_postgresql_url_for_a_mariadb_server_is_reported() {
    is_reported("postgresql", Engine::MariaDb, "speaks MySQL's protocol");
}

#[test]
fn a_postgresql_url_for_a_mysql_server_is_reported() {
    is_reported("postgresql", Engine::MySql, "speaks MySQL's protocol");
}

#[test]
fn a_mysql_url_for_a_postgresql_server_is_reported() {
    for scheme in ["mysql", "mariadb"] {
        is_reported(scheme, Engine::PostgreSql, "speaks PostgreSQL's protocol");
    }
}
