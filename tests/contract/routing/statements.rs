//! The number of statements of a recorded request.

use std::thread;
use std::time::Duration;

use chatkeep::NewRoutingRequest;
use chatkeep_testkit::Engine;

use super::{create_conversation, create_user, new};
use crate::store::{Store, TIMEOUT, number};

const REQUESTS: i64 = 300;

/// PostgreSQL counts the transactions of a database. A statement outside of a transaction is one.
#[test]
fn a_recorded_request_is_one_statement_on_postgresql() {
    if !Engine::PostgreSql.is_available() {
        return;
    }
    let store = Store::create(Engine::PostgreSql);
    create_user(&store, "ada");
    create_conversation(&store, "c", Some("ada"));
    let chat = store.new_handle();
    let request = |number: i64| NewRoutingRequest {
        conversation_id: Some("c".to_owned()),
        user_id: Some("ada".to_owned()),
        ..new(&format!("r-{number}"))
    };
    chat.routing().record_request(&request(0)).expect("it is recorded");
    let committed = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    let before = number(&store, committed);
    for number in 1..=REQUESTS {
        chat.routing().record_request(&request(number)).expect("it is recorded");
    }
    // A connection reports its statistics at its end.
    chat.close(TIMEOUT).expect("it is closed");
    for _ in 0..50 {
        thread::sleep(Duration::from_millis(100));
        if number(&store, committed) - before >= REQUESTS {
            break;
        }
    }
    let transactions = number(&store, committed) - before;
    // Each look at the number is a transaction, too.
    assert!((REQUESTS..REQUESTS + 120).contains(&transactions), "{transactions}");
}
