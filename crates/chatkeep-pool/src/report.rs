//! Errors that the pool raises, and context that it adds to errors of the database.

use std::time::Duration;

use chatkeep_core::{Error, ErrorKind};

use crate::settings::PoolSettings;
use crate::subpool::PoolKind;

/// Returns the error of a closed pool. A retry does not help.
pub(crate) fn closed() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection pool is closed").with_retryable(false)
}

/// Returns the error of a call that got no connection in time, while `waiting` others still wait.
pub(crate) fn exhausted(kind: PoolKind, settings: &PoolSettings, waiting: u32) -> Error {
    let time = seconds(settings.pool_timeout);
    let others = match waiting {
        0 => String::new(),
        1 => ", and 1 other call is waiting".to_owned(),
        more => format!(", and {more} other calls are waiting"),
    };
    let PoolSettings { pool_size, max_overflow, .. } = settings;
    let all = pool_size + max_overflow;
    let message = match kind {
        PoolKind::ReadWrite | PoolKind::Readers => format!(
            "timed out after {time} (DB_POOL_TIMEOUT) waiting for a connection: all {all} are in \
             use (pool size {pool_size} + overflow {max_overflow}){others}; hold connections for \
             a shorter time, or raise DB_POOL_SIZE or DB_MAX_OVERFLOW"
        ),
        PoolKind::Writer => format!(
            "timed out after {time} (DB_POOL_TIMEOUT) waiting for SQLite's only write \
             connection{others}"
        ),
        PoolKind::Memory => format!(
            "timed out after {time} (DB_POOL_TIMEOUT) waiting for the in-memory database's only \
             connection{others}"
        ),
    };
    Error::new(ErrorKind::PoolTimeout, message)
}

/// Returns the error of a call for which r2d2 created no entry in time.
pub(crate) fn no_slot_in_time(timeout: Duration) -> Error {
    let message = format!("timed out after {}: the pool could not create a slot", seconds(timeout));
    Error::new(ErrorKind::PoolTimeout, message)
}

/// Adds the time spent retrying to the error of a server that had no free connection.
pub(crate) fn server_full(error: Error, waited: Duration) -> Error {
    let message = format!("{} (tried for {})", error.message(), seconds(waited));
    like(&error, message).with_source(error)
}

/// Adds the number of attempts and the time to the error of a database that is not available at
/// start-up.
pub(crate) fn gave_up(error: Error, attempts: u32, waited: Duration) -> Error {
    if attempts < 2 {
        return error;
    }
    let message = format!("{} (tried {attempts} times in {})", error.message(), seconds(waited));
    like(&error, message).with_source(error)
}

/// Returns the error of a call that waited too long for another call to make the pool ready.
pub(crate) fn not_ready_in_time(waited: Duration) -> Error {
    let message = format!(
        "timed out after {}: another call is still initializing the database",
        seconds(waited)
    );
    Error::new(ErrorKind::PoolTimeout, message)
}

/// Returns the error of an initializer that asked its own pool for a connection.
pub(crate) fn nested() -> Error {
    Error::internal("a pool's initializer must use the connection passed to it, not the pool")
}

/// Copies an error for another caller that waited for the same result.
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

/// Formats a time in seconds: `30 s`, `2.5 s`.
fn seconds(time: Duration) -> String {
    let text = format!("{:.1}", time.as_secs_f64());
    format!("{} s", text.strip_suffix(".0").unwrap_or(&text))
}
