//! SQLite errors, classified by text, because Diesel does not expose the code.
//!
//! The texts are constants in SQLite's source (`sqlite3ErrStr` in main.c) and part of its
//! documented behaviour (`sqlite3_errstr`).

use diesel::result::Error as Diesel;

use super::postgresql::no_table;
use super::{Effect, from_diesel};
use crate::error::{Error, ErrorKind, SchemaState};
use crate::interrupt;

const DISK_ERROR: &str = "disk I/O error";

/// Returns the error for a failed call.
pub(crate) fn error(error: Diesel) -> Error {
    let text = match &error {
        Diesel::DatabaseError(_, information) => information.message().to_owned(),
        _ => return from_diesel(error),
    };
    by_text(&text).unwrap_or_else(|| from_diesel(error))
}

/// Returns the error for a failed call that may have been committing.
pub(crate) fn error_of(failure: Diesel, effect: Effect) -> Error {
    let is_disk_error =
        matches!(&failure, Diesel::DatabaseError(_, about) if about.message().contains(DISK_ERROR));
    if effect == Effect::Commits && is_disk_error {
        // After a failed fsync the operating system may mark the pages as written, and the next
        // fsync can succeed without writing them. A retry would therefore prove nothing, and the
        // first attempt may still be found in the write-ahead log after a restart.
        return Error::new(
            ErrorKind::OutcomeUnknown,
            format!(
                "SQLite error: {DISK_ERROR}; the change may or may not be stored. Check the disk \
                 before writing anything else to it"
            ),
        );
    }
    error(failure)
}

/// Returns the error for a database that fails to open.
pub(crate) fn open_error(error: &diesel::ConnectionError, shown: &str) -> Error {
    let text = error.to_string();
    if text.contains("unable to open database file") {
        return Error::configuration(format!("cannot open the SQLite file {shown}: {text}"))
            .with_field("DATABASE_URL");
    }
    by_text(&text).unwrap_or_else(|| {
        Error::new(ErrorKind::Unavailable, format!("cannot open {shown}: {text}"))
            .with_retryable(false)
    })
}

/// Returns whether the error reports a read-only file or connection.
pub(crate) fn is_read_only(error: &Diesel) -> bool {
    matches!(error, Diesel::DatabaseError(_, information)
        if by_text(information.message()).is_some_and(|error| error.kind() == ErrorKind::ReadOnly))
}

/// Returns whether the error reports a lock held by another connection.
pub(crate) fn is_locked(error: &Diesel) -> bool {
    matches!(error, Diesel::DatabaseError(_, information)
        if by_text(information.message()).is_some_and(|error| error.kind() == ErrorKind::Conflict))
}

/// Returns whether the error reports a failure to open the file or one of its companions.
pub(crate) fn cannot_open(error: &Diesel) -> bool {
    matches!(error, Diesel::DatabaseError(_, information)
        if information.message().contains("unable to open database file"))
}

fn by_text(text: &str) -> Option<Error> {
    let has = |part: &str| text.contains(part);
    let kind = if has("database is locked")
        || has("database table is locked")
        || has("database schema is locked")
    {
        ErrorKind::Conflict
    } else if has("database or disk is full") {
        ErrorKind::StorageFull
    } else if has("attempt to write a readonly database") || has("query only") {
        ErrorKind::ReadOnly
    } else if has("disk image is malformed")
        || has("file is not a database")
        || has("malformed database schema")
        // The header names a schema format that SQLite does not have (`sqlite3InitOne`).
        || has("unsupported file format")
    {
        ErrorKind::Corrupt
    } else if has("no such table") || has("no such column") || has("has no column named") {
        return Some(Error::new(ErrorKind::Schema(SchemaState::Behind), no_table(text)));
    } else if has("unable to open database file") || has(DISK_ERROR) {
        ErrorKind::Unavailable
    } else if text == "interrupted" {
        return Some(interrupt::interrupted());
    } else if has("string or blob too big") {
        ErrorKind::InvalidInput
    } else {
        return None;
    };
    Some(Error::new(kind, format!("SQLite error: {text}")))
}
