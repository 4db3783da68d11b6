//! PostgreSQL's errors, by SQLSTATE (its manual, appendix "PostgreSQL Error Codes").

use super::{Effect, Failure, connect_elapsed, elapsed, interrupted, lost};
use crate::error::{Error, ErrorKind};

/// What a failure during a call means.
pub(crate) fn error(failure: &Failure, effect: Effect) -> Error {
    match failure {
        Failure::Refused { state, message, .. } => refused(state, message, effect),
        Failure::Lost(cause) => lost(cause, effect),
        Failure::Elapsed(deadline) => elapsed(*deadline, effect),
        Failure::Interrupted => interrupted(effect),
    }
}

/// What a failure while connecting to this place means.
pub(crate) fn connect_error(failure: &Failure, place: &str) -> Error {
    match failure {
        Failure::Refused { state, message, .. } => match state.as_str() {
            // 28: the log-in was refused; 3D: the database does not exist; 42501: no right to connect.
            "28P01" | "28000" | "3D000" | "42501" => {
                Error::configuration(message.clone()).with_field("DATABASE_URL")
            }
            "53300" => out_of_connections(message),
            _ => Error::new(
                ErrorKind::Unavailable,
                format!("the server at {place} refused the connection: {message}"),
            )
            .with_retryable(state.starts_with("57") || state.starts_with("08") || state.starts_with("53")),
        },
        Failure::Lost(cause) => {
            Error::new(ErrorKind::Unavailable, format!("cannot connect to {place}: {cause}"))
        }
        Failure::Elapsed(deadline) => connect_elapsed(*deadline, place),
        Failure::Interrupted => interrupted(Effect::None),
    }
}

fn out_of_connections(message: &str) -> Error {
    Error::new(ErrorKind::PoolTimeout, format!("the server has no connection left: {message}"))
}

fn refused(state: &str, message: &str, effect: Effect) -> Error {
    let class = state.get(..2).unwrap_or_default();
    let kind = match (state, class) {
        // 40003 is the server's own "statement completion unknown".
        ("40003", _) => return lost(message, effect),
        // 55P03: a lock was not to be had; 40: serialization failure, deadlock.
        ("55P03", _) | (_, "40") => ErrorKind::Conflict,
        ("53100", _) => ErrorKind::StorageFull,
        ("53300", _) => return out_of_connections(message),
        ("25006", _) => ErrorKind::ReadOnly,
        ("57014", _) => {
            return Error::new(
                ErrorKind::Unavailable,
                "the query took longer than the query timeout and was cancelled",
            );
        }
        // 57P01 to 57P03: the server is going down or coming up; 08: the connection failed.
        ("57P01" | "57P02" | "57P03", _) | (_, "08") => return lost(message, effect),
        (_, "53") => ErrorKind::Unavailable,
        ("XX001" | "XX002", _) => ErrorKind::Corrupt,
        // 42P01: undefined table; 42703: undefined column.
        ("42P01" | "42703", _) => {
            return Error::new(ErrorKind::Schema(crate::error::SchemaState::Behind), no_table(message));
        }
        ("42501", _) => ErrorKind::Configuration,
        // 22: a value that cannot be stored. We check before we send, so this is a rule that we do not know of.
        (_, "22" | "23") => ErrorKind::InvalidInput,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("PostgreSQL says: {message} (SQLSTATE {state})"))
}

/// The tables are not there, or not as this program knows them.
pub(super) fn no_table(message: &str) -> String {
    format!("the database's schema is behind this program: {message}; run `chatkeep migrate upgrade`")
}
