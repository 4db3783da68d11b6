//! Tests of URL parsing and its errors.

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
        Target::Sqlite(_) => panic!("{text} was parsed as SQLite"),
    }
}

fn sqlite(text: &str) -> SqliteTarget {
    match parse(text).target() {
        Target::Sqlite(sqlite) => sqlite.clone(),
        Target::Server(_) => panic!("{text} was parsed as a server"),
    }
}

/// Returns the error for an invalid URL, and checks that it names the setting.
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

/// Asserts that each URL is rejected with an error that contains all the words.
fn assert_rejected(cases: &[(&str, &[&str])]) {
    for (text, words) in cases {
        let message = error(text).to_string();
        for word in *words {
            assert!(message.contains(word), "{text}: {message:?} does not contain {word:?}");
        }
    }
}

fn tcp(host: &str, port: u16) -> Host {
    Host::Tcp { host: host.to_owned(), port }
}

fn unix(path: &str, port: u16) -> Host {
    Host::Unix(path.into(), port)
}
