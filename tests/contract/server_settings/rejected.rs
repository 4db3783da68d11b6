//! Settings under which chatkeep cannot guarantee its results: the connection is rejected, and the
//! error names the setting.

use chatkeep::{ErrorKind, NewMessage};
use chatkeep_testkit::{Engine, Server};

use crate::store::open;

#[track_caller]
fn assert_connection_rejected(url: &str, named: &[&str]) {
    let error = open(url)
        .messages()
        .log_message(&NewMessage::new("hello"))
        .expect_err("the connection must be rejected");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Configuration, false), "{error}");
    for name in named {
        assert!(error.message().contains(name), "{name} is missing: {error}");
    }
}

#[test]
fn databases_in_another_encoding_are_rejected() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let server = Server::start(Engine::PostgreSql);
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let name = encoding.to_lowercase();
        server.create_database().execute(&format!(
            "CREATE DATABASE {name} ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE \
             template0"
        ));
        let url = server.url();
        let account = url.rsplit_once('/').expect("a database's name").0;
        assert_connection_rejected(&format!("{account}/{name}"), &[encoding, "UTF8"]);
        assert_connection_rejected(
            &format!("{account}/{name}?pooler=transaction"),
            &[encoding, "UTF8"],
        );
    }
}

fn statement_based_replication_is_refused(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let server = Server::builder(engine)
        .setting("skip-log-bin", "0")
        .setting("log-bin", "binlog")
        .setting("server-id", "1")
        .setting("binlog-format", "STATEMENT")
        .start();
    let database = server.create_database();
    assert_connection_rejected(database.url(), &["binlog_format", "ROW or MIXED"]);
    database.execute("SET GLOBAL binlog_format = MIXED");
    let id = open(database.url()).messages().log_message(&NewMessage::new("hello"));
    id.expect("the message is logged");
}

#[test]
fn statement_based_replication_is_refused_on_mariadb() {
    statement_based_replication_is_refused(Engine::MariaDb);
}

#[test]
fn statement_based_replication_is_refused_on_mysql() {
    statement_based_replication_is_refused(Engine::MySql);
}
