//! From what a driver or a server says to an [`Error`] with a kind: one file per engine, judged by SQLSTATE, error number
//! or SQLite's fixed texts, because Diesel's own kinds leave most of them unknown.

pub(crate) mod mysql;
pub(crate) mod postgresql;
pub(crate) mod sqlite;

use std::time::Duration;

use crate::connection::NoAnswer;
use crate::error::{Error, ErrorKind};
use crate::interruption;

/// What went wrong underneath, as the adapter saw it.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The server answered with an error: SQLSTATE and, on MySQL, its number.
    Refused { state: String, number: u16, message: String },
    /// The connection broke, or what came over it made no sense.
    Lost(String),
    /// No answer within the deadline.
    Elapsed(Duration),
    /// The caller broke it off.
    Interrupted,
}

impl Failure {
    /// No answer came, where this is how long it would have been waited for.
    pub(crate) fn no_answer(reason: NoAnswer, deadline: Duration) -> Self {
        match reason {
            NoAnswer::Elapsed => Self::Elapsed(deadline),
            NoAnswer::Interrupted => Self::Interrupted,
        }
    }
}

/// What the failed call was about to do: decides what a lost connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing changes, or a transaction around it is gone with the connection.
    None,
    /// The statement commits by itself, or is a `COMMIT`: a lost answer leaves its outcome unknown.
    Commits,
}

/// The connection is gone, or the answer did not come.
pub(crate) fn lost(cause: &str, effect: Effect) -> Error {
    match effect {
        Effect::None => {
            Error::new(ErrorKind::Unavailable, format!("the database connection was lost: {cause}"))
        }
        Effect::Commits => Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "the connection was lost before the database confirmed the change, which may or may not be stored: {cause}"
            ),
        ),
    }
}

/// The deadline passed.
pub(crate) fn elapsed(deadline: Duration, effect: Effect) -> Error {
    let seconds = seconds(deadline);
    match effect {
        Effect::None => Error::new(
            ErrorKind::Unavailable,
            format!("the database did not answer within {seconds} s"),
        ),
        Effect::Commits => Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "the database did not confirm the change within {seconds} s; it may or may not be stored"
            ),
        ),
    }
}

/// The caller did not want to wait any more.
pub(crate) fn interrupted(effect: Effect) -> Error {
    match effect {
        Effect::None => interruption::interrupted(),
        Effect::Commits => interruption::interrupted_with_unknown_outcome(),
    }
}

/// No answer came from this place while connecting.
pub(crate) fn connect_elapsed(deadline: Duration, place: &str) -> Error {
    let seconds = seconds(deadline);
    Error::new(
        ErrorKind::Unavailable,
        format!("cannot connect to {place}: no answer within {seconds} s"),
    )
}

/// A row was not stored although the database reported no error.
pub(crate) fn skipped() -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "the database did not store the row: a trigger of the table skipped it, and reported no error",
    )
}

/// Seconds as people read them: a deadline may be what is left of another one, to the nanosecond.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100.0).round() / 100.0
}

/// An error that no rule knows: what Diesel makes of it.
pub(crate) fn from_diesel(error: diesel::result::Error) -> Error {
    use diesel::result::Error as Diesel;
    match error {
        // Our own errors travel through Diesel's serialisation: a row that cannot be read says so itself.
        Diesel::DeserializationError(inner) | Diesel::SerializationError(inner) => {
            match inner.downcast::<Error>() {
                Ok(own) => *own,
                Err(inner) => Error::internal(format!("a row could not be read: {inner}")),
            }
        }
        other => Error::internal(format!("the database answered: {other}")).with_source(other),
    }
}
