//! Conversion of driver and server failures to an [`Error`] with a kind, in one file per engine.
//!
//! Errors are classified by SQLSTATE, error number, or SQLite's fixed texts, because Diesel
//! classifies most of them as unknown.

pub(crate) mod constraint;
pub(crate) mod mysql;
pub(crate) mod postgresql;
pub(crate) mod sqlite;

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::interrupt;

/// Reason why a wait for a driver ended before the driver's result was available.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WaitError {
    /// The deadline passed.
    Elapsed,
    /// The caller interrupted the wait.
    Interrupted,
}

/// A failure as reported by an engine's driver.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The server reported an error: SQLSTATE and, on MySQL, the error number.
    Refused { state: String, number: u16, message: String },
    /// The connection was lost, or the driver could not decode the response.
    Lost(String),
    /// No response within the deadline.
    Elapsed(Duration),
    /// The caller interrupted the call.
    Interrupted,
}

impl Failure {
    /// Converts a failed wait whose timeout was `deadline`.
    pub(crate) fn from_wait(reason: WaitError, deadline: Duration) -> Self {
        match reason {
            WaitError::Elapsed => Self::Elapsed(deadline),
            WaitError::Interrupted => Self::Interrupted,
        }
    }
}

/// Whether the failed call could have committed, which determines the error for a lost connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It changes nothing, or runs in a transaction that ends with the connection.
    None,
    /// It is a `COMMIT`, or commits automatically: if the response is lost, the outcome is
    /// unknown.
    Commits,
}

/// Returns the error for a lost connection.
pub(crate) fn lost(cause: &str, effect: Effect) -> Error {
    match effect {
        Effect::None => {
            Error::new(ErrorKind::Unavailable, format!("the database connection was lost: {cause}"))
        }
        Effect::Commits => Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "the connection was lost before the database confirmed the change, which may or \
                 may not be stored: {cause}"
            ),
        ),
    }
}

/// Returns the error for a call whose deadline passed.
pub(crate) fn elapsed(deadline: Duration, effect: Effect) -> Error {
    let seconds = seconds(deadline);
    match effect {
        Effect::None => Error::new(
            ErrorKind::Unavailable,
            format!("the database did not respond within {seconds} s"),
        ),
        Effect::Commits => Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "the database did not confirm the change within {seconds} s; it may or may not be \
                 stored"
            ),
        ),
    }
}

/// Returns the error for an interrupted call.
pub(crate) fn interrupted(effect: Effect) -> Error {
    match effect {
        Effect::None => interrupt::interrupted(),
        Effect::Commits => interrupt::interrupted_with_unknown_outcome(),
    }
}

/// Returns the error for a connection attempt that timed out.
pub(crate) fn connect_elapsed(deadline: Duration, address: &str) -> Error {
    let seconds = seconds(deadline);
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot connect to {address}: no response within {seconds} s"),
    )
}

/// Returns the error for a row that was not stored although the database reported no error.
pub(crate) fn skipped() -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "the database did not store the row: a trigger on the table skipped it without an error",
    )
}

/// Returns the seconds, rounded to two decimals. A deadline can be the remainder of another one,
/// with nanosecond precision.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

/// Converts a Diesel error that no engine-specific rule covers.
pub(crate) fn from_diesel(error: diesel::result::Error) -> Error {
    use diesel::result::Error as Diesel;
    match error {
        // Our own deserialization errors pass through Diesel; unwrap them.
        Diesel::DeserializationError(inner) | Diesel::SerializationError(inner) => {
            match inner.downcast::<Error>() {
                Ok(own) => *own,
                Err(inner) => Error::internal(format!("cannot decode a row: {inner}")),
            }
        }
        other => Error::internal(format!("unexpected database error: {other}")).with_source(other),
    }
}
