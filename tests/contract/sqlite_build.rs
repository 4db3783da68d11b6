//! Compile-time options of the bundled SQLite.

use rusqlite::Connection;

/// With one shared page cache, a long read would evict the pages of the writing connection
/// (`.cargo/config.toml`).
#[test]
fn each_connection_has_its_own_page_cache() {
    let connection = Connection::open_in_memory().expect("the connection opens");
    let used = |option: &str| -> bool {
        connection
            .query_row("SELECT sqlite_compileoption_used(?1)", [option], |row| row.get(0))
            .expect("SQLite reports its compile options")
    };
    assert!(used("THREADSAFE=1"), "the option name is understood");
    assert!(!used("ENABLE_MEMORY_MANAGEMENT"));
}
