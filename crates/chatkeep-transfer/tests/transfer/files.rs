//! Test fixture: legacy files, which are SQLite files as other programs create them.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

/// Oldest table of messages: an id and a text.
pub(crate) const TEXTS: &str =
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, message TEXT NOT NULL)";
/// Older table of messages, whose column `type` is the id of a session.
pub(crate) const SESSIONS: &str =
    "CREATE TABLE messages (id INTEGER PRIMARY KEY, type TEXT NOT NULL, message TEXT NOT NULL)";
/// Newest table of messages, with all fields of the log.
pub(crate) const LOG: &str = "CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, \
    timestamp DATETIME DEFAULT CURRENT_TIMESTAMP, user_message TEXT NOT NULL, bot_response TEXT, \
    provider TEXT, model TEXT, \
    tokens_used INTEGER, metadata TEXT)";
/// Table of tokens.
pub(crate) const TOKENS: &str = "CREATE TABLE tokens (id INTEGER PRIMARY KEY AUTOINCREMENT, \
    token_hash TEXT UNIQUE NOT NULL, \
    description TEXT, created_at TEXT NOT NULL, expires_at TEXT, is_active INTEGER DEFAULT 1, \
    last_used_at TEXT)";
/// Both tables as SQLAlchemy creates them.
pub(crate) const SQLALCHEMY: &str = "
    CREATE TABLE messages (id INTEGER NOT NULL, timestamp DATETIME, user_message TEXT NOT NULL, \
    bot_response TEXT, \
        provider VARCHAR(50), model VARCHAR(100), tokens_used INTEGER, metadata JSON, \
        PRIMARY KEY (id));
    CREATE INDEX ix_messages_timestamp ON messages (timestamp);
    CREATE TABLE api_tokens (id INTEGER NOT NULL, token_hash VARCHAR(64) NOT NULL, \
    description VARCHAR(255), \
        created_at DATETIME, expires_at DATETIME, is_active BOOLEAN, last_used_at DATETIME, \
        PRIMARY KEY (id), \
        UNIQUE (token_hash))";

/// Creates a SQLite file by running these statements, and returns its path.
pub(crate) fn make(path: PathBuf, sql: &[&str]) -> PathBuf {
    let connection = Connection::open(&path).expect("a file");
    for sql in sql {
        connection.execute_batch(sql).expect(sql);
    }
    path
}

/// Secret of a token that another program issued.
pub(crate) const SECRET: &str = "sk-old-secret";
/// SHA-256 of [`SECRET`], in hexadecimal.
pub(crate) const SECRET_HASH: &str =
    "122abf2ef84afca4c7e2344f443fd7a0c7636b8fde78b5bc155b4575f5014aa3";

/// Returns the path and content of every file in a folder, sorted by path.
pub(crate) fn snapshot(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("a file")))
        .collect();
    files.sort();
    files
}
