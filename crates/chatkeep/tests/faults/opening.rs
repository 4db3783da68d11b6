//! Handles with short timeouts, so that the tests do not take long.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, MessageFilter, NewMessage, PoolSettings};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Role, migrations};
use chatkeep_testkit::TestDatabase;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const POOL_TIMEOUT: Duration = Duration::from_millis(2500);

/// Returns settings that ignore the environment and do not retry at start-up.
pub(crate) fn short() -> PoolSettings {
    PoolSettings {
        pool_size: 4,
        max_overflow: 4,
        pool_timeout: POOL_TIMEOUT,
        connect_timeout: CONNECT_TIMEOUT,
        query_timeout: QUERY_TIMEOUT,
        max_retries: 0,
        ..PoolSettings::default()
    }
}

/// Returns a builder with short timeouts and without retries at start-up.
pub(crate) fn builder(url: &str) -> ChatkeepBuilder {
    Chatkeep::builder().url(url).settings(short())
}

/// Returns a handle with short timeouts.
#[track_caller]
pub(crate) fn open(url: &str) -> Chatkeep {
    builder(url).open().expect("the URL is valid, and the handle does not connect yet")
}

/// Returns a handle that has created the schema and has an open connection.
#[track_caller]
pub(crate) fn open_ready(url: &str) -> Chatkeep {
    let chat = open(url);
    chat.database().wait_until_ready().expect("the database is available");
    chat
}

/// Opens a connection outside of any pool, and creates the schema.
#[track_caller]
pub(crate) fn connection(url: &str) -> Connection {
    let mut connection = try_connection(url).expect("the database is available");
    migrations::ensure(&mut connection, true, Duration::from_secs(30))
        .expect("the schema can be created");
    connection
}

/// Opens a connection outside of any pool, with long timeouts.
pub(crate) fn try_connection(url: &str) -> chatkeep::Result<Connection> {
    let options = ConnectOptions {
        connect_timeout: Duration::from_secs(10),
        query_timeout: Duration::from_secs(30),
    };
    Connection::open(&DatabaseUrl::parse(url)?, Role::Writer, &options)
}

/// Disables encryption in a URL, for proxies that search the transmitted bytes.
pub(crate) fn plain(url: &str) -> String {
    format!("{url}?sslmode=disable")
}

/// Stores a message with this text.
pub(crate) fn log(chat: &Chatkeep, text: &str) -> chatkeep::Result<i64> {
    chat.messages().log_message(&NewMessage::new(text))
}

/// Counts the messages through the handle.
pub(crate) fn count(chat: &Chatkeep) -> chatkeep::Result<i64> {
    chat.messages().get_message_count(&MessageFilter::default())
}

/// Counts the stored messages with this text, over a separate connection.
#[track_caller]
pub(crate) fn stored(database: &TestDatabase, text: &str) -> u64 {
    let count =
        database.scalar(&format!("SELECT COUNT(*) FROM messages WHERE user_message = '{text}'"));
    count.and_then(|count| count.parse().ok()).expect("a count is a number")
}

/// Counts the tables, over a separate connection.
#[track_caller]
pub(crate) fn tables(database: &TestDatabase) -> u64 {
    let sql = match database.engine() {
        chatkeep_testkit::Engine::Sqlite => "SELECT COUNT(*) FROM sqlite_master",
        chatkeep_testkit::Engine::PostgreSql => {
            "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'public'"
        }
        _ => "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE()",
    };
    database.scalar(sql).and_then(|count| count.parse().ok()).expect("a count is a number")
}
