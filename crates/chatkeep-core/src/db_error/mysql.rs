//! MySQL and MariaDB errors, classified by number (MySQL's "Server Error Message Reference",
//! MariaDB's "Error Codes").

use super::postgresql::no_table;
use super::{Effect, Failure, connect_elapsed, elapsed, interrupted, lost};
use crate::error::{Error, ErrorKind, SchemaState};

/// Returns the error for a failed call.
pub(crate) fn error(failure: &Failure, effect: Effect) -> Error {
    match failure {
        Failure::Refused { number, message, .. } => refused(*number, message, effect),
        Failure::Lost(cause) => lost(cause, effect),
        Failure::Elapsed(deadline) => elapsed(*deadline, effect),
        Failure::Interrupted => interrupted(effect),
    }
}

/// Returns the error for a failed connection to this address.
pub(crate) fn connect_error(failure: &Failure, address: &str) -> Error {
    match failure {
        Failure::Refused { number, message, .. } => match number {
            // Access denied (for the user, for the database, by plug-in), unknown database, host
            // not allowed, unknown plug-in.
            1044 | 1045 | 1049 | 1130 | 1251 | 1698 | 1524 => {
                Error::configuration(message.clone()).with_field("DATABASE_URL")
            }
            // The account is locked, or blocked after too many wrong passwords; MySQL's and
            // MariaDB's numbers.
            3118 | 4151 | 3955 | 4150 => {
                Error::configuration(format!("{message}; unlock the account or use another one"))
                    .with_field("DATABASE_URL")
            }
            1820 | 1862 => Error::configuration(format!(
                "the account's password has expired; set a new one with ALTER USER (server \
                 message: {message})"
            ))
            .with_field("DATABASE_URL"),
            3159 => Error::configuration(format!("{message}; set sslmode=require"))
                .with_field("DATABASE_URL"),
            1040 | 1203 | 1226 => Error::new(
                ErrorKind::PoolTimeout,
                format!("the server has no free connection: {message}"),
            ),
            _ => Error::new(
                ErrorKind::Unavailable,
                format!("the server at {address} refused the connection: {message}"),
            )
            // 1047: the Galera node is not ready; 1053: the server is shutting down.
            .with_retryable(matches!(number, 1047 | 1053)),
        },
        Failure::Lost(cause) => {
            Error::new(ErrorKind::Unavailable, format!("cannot connect to {address}: {cause}"))
        }
        Failure::Elapsed(deadline) => connect_elapsed(*deadline, address),
        Failure::Interrupted => interrupted(Effect::None),
    }
}

fn refused(number: u16, message: &str, effect: Effect) -> Error {
    let kind = match number {
        // 1213: deadlock, which rolls back the transaction; 1205: lock wait timeout, which rolls
        // back only the statement.
        1205 | 1213 | 1020 => ErrorKind::Conflict,
        1021 | 1114 | 3675 => ErrorKind::StorageFull,
        // 1290: an option such as --read-only; 1836: read-only mode; 1792: read-only transaction;
        // 1874: InnoDB is read-only.
        1290 | 1836 | 1792 | 1874 => ErrorKind::ReadOnly,
        1317 | 3024 | 1969 => {
            return Error::new(
                ErrorKind::Unavailable,
                "the query exceeded the query timeout and was cancelled",
            );
        }
        // 1047: a Galera node outside its cluster rejects every statement, so nothing was changed.
        1047 => ErrorKind::Unavailable,
        // 1180: the commit failed, for example because a Galera node lost its cluster during it.
        1053 | 1180 | 1927 | 4031 => return lost(message, effect),
        1040 | 1203 | 1226 => ErrorKind::PoolTimeout,
        1146 | 1054 => {
            return Error::new(ErrorKind::Schema(SchemaState::Behind), no_table(message));
        }
        1142 | 1143 | 1044 | 1227 => ErrorKind::Configuration,
        1194 | 1195 | 1034 | 145 => ErrorKind::Corrupt,
        1153 | 1406 | 1366 | 1292 | 1264 | 3140 | 3157 | 4025 | 1062 | 1048 => {
            ErrorKind::InvalidInput
        }
        _ => ErrorKind::Internal,
    };
    Error::new(kind, format!("server error {number}: {message}"))
        .with_server_code(Some(number.to_string()))
}
