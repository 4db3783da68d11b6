//! PostgreSQL errors, classified by SQLSTATE (its manual, appendix "PostgreSQL Error Codes").

use super::{Effect, Failure, connect_elapsed, elapsed, interrupted, lost};
use crate::error::{Error, ErrorKind};

/// Returns the error for a failed call.
pub(crate) fn error(failure: &Failure, effect: Effect) -> Error {
    match failure {
        Failure::Refused { state, message, .. } => refused(state, message, effect),
        Failure::Lost(cause) => lost(cause, effect),
        Failure::Elapsed(deadline) => elapsed(*deadline, effect),
        Failure::Interrupted => interrupted(effect),
    }
}

/// Returns the error for a failed connection to this address.
pub(crate) fn connect_error(failure: &Failure, address: &str) -> Error {
    match failure {
        Failure::Refused { state, message, .. } => match state.as_str() {
            "53300" => out_of_connections(message),
            _ if is_setting(state, message) => {
                Error::configuration(format!("{message}{}", advice(state, message)))
                    .with_field("DATABASE_URL")
            }
            _ => Error::new(
                ErrorKind::Unavailable,
                format!("the server at {address} refused the connection: {message}"),
            )
            .with_retryable(
                state.starts_with("57") || state.starts_with("08") || state.starts_with("53"),
            ),
        },
        Failure::Lost(cause) => {
            Error::new(ErrorKind::Unavailable, format!("cannot connect to {address}: {cause}"))
        }
        Failure::Elapsed(deadline) => connect_elapsed(*deadline, address),
        Failure::Interrupted => interrupted(Effect::None),
    }
}

/// Returns whether the log-in was rejected because of a setting, so that a retry cannot succeed.
fn is_setting(state: &str, message: &str) -> bool {
    match state.get(..2).unwrap_or_default() {
        // 28: authentication; 3D: unknown database; 42 and 22: invalid start-up parameter or
        // value, or no permission to connect; 0A: unsupported; 55: the database accepts no
        // connections.
        "28" | "3D" | "42" | "22" | "0A" | "55" => true,
        // Poolers use this class for start-up parameters that they reject, but also while their
        // server is unavailable.
        "08" => message.contains("startup parameter"),
        // Supabase's pooler, for an unknown account.
        "XX" => message.contains("Tenant or user not found"),
        _ => false,
    }
}

fn advice(state: &str, message: &str) -> &'static str {
    if state == "08P01" && message.contains("startup parameter") {
        "; a pooler rejects the parameter: remove it from the URL, set it for the role with ALTER \
         ROLE … SET, or let PgBouncer ignore it (ignore_startup_parameters)"
    } else {
        ""
    }
}

fn out_of_connections(message: &str) -> Error {
    Error::new(ErrorKind::PoolTimeout, format!("the server has no free connection: {message}"))
}

fn refused(state: &str, message: &str, effect: Effect) -> Error {
    let class = state.get(..2).unwrap_or_default();
    let kind = match (state, class) {
        // 40003 is the server's own "statement completion unknown".
        ("40003", _) => return lost(message, effect),
        // 55P03: lock not available; 40: serialization failure or deadlock.
        ("55P03", _) | (_, "40") => ErrorKind::Conflict,
        ("53100", _) => ErrorKind::StorageFull,
        ("53300", _) => return out_of_connections(message),
        ("25006", _) => ErrorKind::ReadOnly,
        ("57014", _) => {
            return Error::new(
                ErrorKind::Unavailable,
                "the query exceeded the query timeout and was cancelled",
            );
        }
        // 25P03, 25P04, 57P05: the server ended a session that was idle, or in a transaction, for
        // too long. It rolls back the transaction first, so this call had no effect.
        ("25P03" | "25P04" | "57P05", _) => return lost(message, Effect::None),
        // The prepared statement does not exist, or exists already: a pooler routed the call to
        // another session.
        ("26000" | "42P05", _) => {
            return Error::configuration(format!(
                "the server does not have the prepared statement ({message}); with a pooler in \
                 transaction mode, such as PgBouncer, set pooler=transaction in the URL"
            ))
            .with_field("DATABASE_URL");
        }
        // 57P01 to 57P03: the server is shutting down or starting up; 08: connection failure.
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
        // 22, 23: the value violates a rule. Values are validated before they are sent, so it is a
        // rule that chatkeep does not know, for example a constraint that was added later.
        (_, "22" | "23") => ErrorKind::InvalidInput,
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("PostgreSQL error {state}: {message}")).with_server_code(Some(state))
}

/// Returns the message for tables that are missing or lack a column.
pub(super) fn no_table(message: &str) -> String {
    format!(
        "the database's schema is older than this program: {message}; run `chatkeep migrate upgrade`"
    )
}
