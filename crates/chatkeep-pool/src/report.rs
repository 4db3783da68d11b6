//! The errors that the pool itself raises, and what it adds to those of others.

use std::time::Duration;

use chatkeep_core::{Error, ErrorKind};

use crate::settings::PoolSettings;
use crate::subpool::Sort;

/// The pool was closed: trying again does not help.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection pool has been closed").with_retryable(false)
}

/// No connection became free in time, while `waiting` others still wait.
pub(crate) fn exhausted(sort: Sort, settings: &PoolSettings, waiting: u32) -> Error {
    let time = seconds(settings.pool_timeout);
    let others = match waiting {
        0 => String::new(),
        1 => ", and 1 other call waits".to_owned(),
        more => format!(", and {more} other calls wait"),
    };
    let PoolSettings { pool_size, max_overflow, .. } = settings;
    let all = pool_size + max_overflow;
    let message = match sort {
        Sort::Any | Sort::Readers => format!(
            "no connection became free within {time}: all {all} are in use (pool size {pool_size} + overflow \
             {max_overflow}){others}; hold connections for a shorter time, or raise DB_POOL_SIZE or DB_MAX_OVERFLOW"
        ),
        Sort::Writer => {
            format!(
                "the one connection of SQLite that writes did not become free within {time}{others}"
            )
        }
        Sort::Memory => {
            format!(
                "the one connection of a database in memory did not become free within {time}{others}"
            )
        }
    };
    Error::new(ErrorKind::PoolTimeout, message)
}

/// The server had no connection for us in all that time.
pub(crate) fn server_full(error: Error, waited: Duration) -> Error {
    let message = format!("{} (tried for {})", error.message(), seconds(waited));
    like(&error, message).with_source(error)
}

/// The database could not be had at start-up, after several attempts.
pub(crate) fn gave_up(error: Error, attempts: u32, waited: Duration) -> Error {
    if attempts < 2 {
        return error;
    }
    let message = format!("{} (tried {attempts} times in {})", error.message(), seconds(waited));
    like(&error, message).with_source(error)
}

/// Another call that got the pool ready is not done.
pub(crate) fn not_ready_in_time(waited: Duration) -> Error {
    let message = format!(
        "the database was not ready after {}: another call is still preparing it",
        seconds(waited)
    );
    Error::new(ErrorKind::PoolTimeout, message)
}

/// The initializer asked the pool for a connection.
pub(crate) fn nested() -> Error {
    Error::internal(
        "the initializer of a pool has to use the connection that it is given, not the pool",
    )
}

/// An error for everybody who waited for the same thing.
pub(crate) fn copy(error: &Error) -> Error {
    like(error, error.message().to_owned())
}

fn like(error: &Error, message: String) -> Error {
    let mut copy = Error::new(error.kind(), message).with_retryable(error.is_retryable());
    if let Some(field) = error.field() {
        copy = copy.with_field(field.to_owned());
    }
    if let Some(operation) = error.operation() {
        copy = copy.with_operation(operation);
    }
    copy
}

/// A time as people read it: `30 s`, `2.5 s`.
fn seconds(time: Duration) -> String {
    let text = format!("{:.1}", time.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
