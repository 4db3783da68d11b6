//! A URL that leads to the port of another engine's server.

use chatkeep::{Chatkeep, ErrorKind, PoolSettings};
use chatkeep_testkit::{Engine, TestDatabase};

use crate::failing::fails;
use crate::opening::log;

#[track_caller]
fn is_told(scheme: &str, server: Engine, says: &str) {
    let database = TestDatabase::create(server);
    let (_, rest) = database.url().split_once("://").expect("a URL");
    for tail in ["", "?sslmode=disable", "?sslmode=require"] {
        let url = format!("{scheme}://{rest}{tail}");
        let chat = Chatkeep::builder().url(&url).settings(PoolSettings::default()).open();
        let chat = chat.expect("the URL is well-formed");
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Configuration)
            .naming("DATABASE_URL")
            .saying(says)
            .final_()
            .at_once();
    }
}

#[test]
fn a_postgresql_url_that_leads_to_mariadb_says_so() {
    is_told("postgresql", Engine::MariaDb, "speaks MySQL's protocol");
}

#[test]
fn a_postgresql_url_that_leads_to_mysql_says_so() {
    if Engine::MySql.is_available() {
        is_told("postgresql", Engine::MySql, "speaks MySQL's protocol");
    }
}

#[test]
fn a_mysql_url_that_leads_to_postgresql_says_so() {
    for scheme in ["mysql", "mariadb"] {
        is_told(scheme, Engine::PostgreSql, "speaks PostgreSQL's protocol");
    }
}
