//! Servers that close idle connections early.

use std::thread;
use std::time::Duration;

use chatkeep::{Chatkeep, NewMessage};
use chatkeep_testkit::{Engine, Server};

/// A write over a connection closed by the server would be reported as of unknown outcome, although
/// it cannot have run.
fn idle_connections_are_replaced_before_a_write(engine: Engine) {
    if !engine.is_available() {
        return;
    }
    let server = Server::builder(engine).setting("wait_timeout", "2").start();
    let database = server.create_database();
    // The result must not depend on the ping.
    for pre_ping in [true, false] {
        let settings = chatkeep::PoolSettings { pre_ping, ..Default::default() };
        let chat = Chatkeep::builder()
            .url(database.url())
            .settings(settings)
            .open()
            .expect("the URL is valid");
        chat.messages().log_message(&NewMessage::new("first")).expect("the message is logged");
        thread::sleep(Duration::from_millis(3_300));
        chat.messages()
            .log_message(&NewMessage::new("second"))
            .expect("the message is logged over a new connection");
        thread::sleep(Duration::from_millis(1_400));
        chat.messages().log_message(&NewMessage::new("third")).expect("the message is logged");
    }
}

#[test]
fn connections_closed_by_mariadb_are_replaced() {
    idle_connections_are_replaced_before_a_write(Engine::MariaDb);
}

#[test]
fn connections_closed_by_mysql_are_replaced() {
    idle_connections_are_replaced_before_a_write(Engine::MySql);
}
