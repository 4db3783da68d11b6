//! How SQLite is built in.

use rusqlite::Connection;

/// One pool of pages for all would let a long read drop the pages of the connection that writes (`.cargo/config.toml`).
#[test]
fn each_connection_has_a_pool_of_pages_of_its_own() {
    let connection = Connection::open_in_memory().expect("it is opened");
    let used = |option: &str| -> bool {
        connection
            .query_row("SELECT sqlite_compileoption_used(?1)", [option], |row| row.get(0))
            .expect("SQLite knows how it was built")
    };
    assert!(used("THREADSAFE=1"), "what is asked is understood");
    assert!(!used("ENABLE_MEMORY_MANAGEMENT"));
}
