//! Handles with short deadlines, so that waiting for them does not take long.

use std::time::Duration;

use chatkeep::{Chatkeep, ChatkeepBuilder, MessageFilter, NewMessage, PoolSettings};
use chatkeep_core::{ConnectOptions, Connection, DatabaseUrl, Role, migrations};
use chatkeep_testkit::TestDatabase;

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);
pub(crate) const QUERY_TIMEOUT: Duration = Duration::from_secs(2);
pub(crate) const POOL_TIMEOUT: Duration = Duration::from_millis(2500);

/// Settings that owe nothing to the environment, and do not wait for a database at start-up.
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

/// Short deadlines, and no retries at start-up.
pub(crate) fn builder(url: &str) -> ChatkeepBuilder {
    Chatkeep::builder().url(url).settings(short())
}

/// A handle with short deadlines.
#[track_caller]
pub(crate) fn open(url: &str) -> Chatkeep {
    builder(url).open().expect("the URL is right, and nothing is opened yet")
}

/// A handle that has made the schema and holds a connection.
#[track_caller]
pub(crate) fn open_ready(url: &str) -> Chatkeep {
    let chat = open(url);
    chat.database().wait_until_ready().expect("the database is there");
    chat
}

/// A connection of its own beside the pool, on a database whose schema is made.
#[track_caller]
pub(crate) fn connection(url: &str) -> Connection {
    let mut connection = try_connection(url).expect("the database is there");
    migrations::ensure(&mut connection, true, Duration::from_secs(30))
        .expect("the schema can be made");
    connection
}

/// A connection of its own beside the pool, with patient deadlines.
pub(crate) fn try_connection(url: &str) -> chatkeep::Result<Connection> {
    let options = ConnectOptions {
        connect_timeout: Duration::from_secs(10),
        query_timeout: Duration::from_secs(30),
    };
    Connection::open(&DatabaseUrl::parse(url)?, Role::Writer, &options)
}

/// The URL without encryption, for what reads the bytes on the wire.
pub(crate) fn plain(url: &str) -> String {
    format!("{url}?sslmode=disable")
}

/// Stores a message with this text.
pub(crate) fn log(chat: &Chatkeep, text: &str) -> chatkeep::Result<i64> {
    chat.messages().log_message(&NewMessage::new(text))
}

/// How many messages the pool finds.
pub(crate) fn count(chat: &Chatkeep) -> chatkeep::Result<i64> {
    chat.messages().get_message_count(&MessageFilter::default())
}

/// How many messages with this text are stored, seen from outside.
#[track_caller]
pub(crate) fn stored(database: &TestDatabase, text: &str) -> u64 {
    let count =
        database.scalar(&format!("SELECT COUNT(*) FROM messages WHERE user_message = '{text}'"));
    count.and_then(|count| count.parse().ok()).expect("a count is a number")
}

/// How many tables there are, seen from outside.
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
