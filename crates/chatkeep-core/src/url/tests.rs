//! What a URL means, and what is said about a wrong one.

mod hosting;
mod keys;
mod schemes;
mod secrets;
mod servers;
mod sqlite;
mod tls;
mod variables;

use super::{DatabaseUrl, Host, ServerTarget, SqliteTarget, Target};
use crate::{Error, ErrorKind};

fn parse(text: &str) -> DatabaseUrl {
    DatabaseUrl::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn server(text: &str) -> ServerTarget {
    match parse(text).target() {
        Target::Server(server) => server.clone(),
        Target::Sqlite(_) => panic!("{text} was read as SQLite"),
    }
}

fn sqlite(text: &str) -> SqliteTarget {
    match parse(text).target() {
        Target::Sqlite(sqlite) => sqlite.clone(),
        Target::Server(_) => panic!("{text} was read as a server"),
    }
}

/// The error for a wrong URL, which always names the setting.
fn error(text: &str) -> Error {
    let Err(error) = DatabaseUrl::parse(text) else { panic!("{text} was accepted") };
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::Configuration, Some("DATABASE_URL")),
        "{text}"
    );
    assert!(!error.is_retryable(), "{text}");
    error
}

/// Each URL is refused, and its error says each of the words.
fn refused(cases: &[(&str, &[&str])]) {
    for (text, words) in cases {
        let message = error(text).to_string();
        for word in *words {
            assert!(message.contains(word), "{text}: {message:?} does not say {word:?}");
        }
    }
}

fn tcp(host: &str, port: u16) -> Host {
    Host::Tcp { host: host.to_owned(), port }
}

fn unix(path: &str, port: u16) -> Host {
    Host::Unix(path.into(), port)
}
