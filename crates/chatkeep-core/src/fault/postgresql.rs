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
            "53300" => out_of_connections(message),
            _ if is_setting(state, message) => {
                Error::configuration(format!("{message}{}", advice(state, message)))
                    .with_field("DATABASE_URL")
            }
            _ => Error::new(
                ErrorKind::Unavailable,
                format!("the server at {place} refused the connection: {message}"),
            )
            .with_retryable(
                state.starts_with("57") || state.starts_with("08") || state.starts_with("53"),
            ),
        },
        Failure::Lost(cause) => {
            Error::new(ErrorKind::Unavailable, format!("cannot connect to {place}: {cause}"))
        }
        Failure::Elapsed(deadline) => connect_elapsed(*deadline, place),
        Failure::Interrupted => interrupted(Effect::None),
    }
}

/// Whether a log-in was refused for what it asked for, which waiting does not change.
fn is_setting(state: &str, message: &str) -> bool {
    match state.get(..2).unwrap_or_default() {
        // 28: the log-in; 3D: no such database; 42 and 22: a start-up parameter or its value, or no right to connect;
        // 0A: not supported; 55: the database takes no connections.
        "28" | "3D" | "42" | "22" | "0A" | "55" => true,
        // Poolers refuse start-up parameters so, but also clients whose server is away just now.
        "08" => message.contains("startup parameter"),
        // Supabase's pooler, for an account that it does not know.
        "XX" => message.contains("Tenant or user not found"),
        _ => false,
    }
}

fn advice(state: &str, message: &str) -> &'static str {
    if state == "08P01" && message.contains("startup parameter") {
        "; a pooler refuses the parameter: leave it out of the URL, set it for the role with ALTER ROLE … SET, or have \
         PgBouncer take it (ignore_startup_parameters)"
    } else {
        ""
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
        // 25P03, 25P04, 57P05: the server ended a session that had been idle, or in a transaction, for too long. The
        // transaction is rolled back before that, and nothing of this call was done.
        ("25P03" | "25P04" | "57P05", _) => return lost(message, Effect::None),
        // A prepared statement is not there, or there already: another program's session answered.
        ("26000" | "42P05", _) => {
            return Error::configuration(format!(
                "prepared statements get lost on the way to the server ({message}); behind a pooler in transaction mode, \
                 such as PgBouncer, write pooler=transaction in the URL"
            ))
            .with_field("DATABASE_URL");
        }
        // 57P01 to 57P03: the server is going down or coming up; 08: the connection failed.
        ("57P01" | "57P02" | "57P03", _) | (_, "08") => return lost(message, effect),
        (_, "53") => ErrorKind::Unavailable,
        ("XX001" | "XX002", _) => ErrorKind::Corrupt,
        // 42P01: undefined table; 42703: undefined column.
        ("42P01" | "42703", _) => {
            return Error::new(
                ErrorKind::Schema(crate::error::SchemaState::Behind),
                no_table(message),
            );
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
    format!(
        "the database's schema is behind this program: {message}; run `chatkeep migrate upgrade`"
    )
}
