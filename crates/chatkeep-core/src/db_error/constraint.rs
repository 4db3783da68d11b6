//! Violations of unique indexes and foreign keys.

use crate::error::{Error, ErrorKind};

/// A unique index, for errors about the argument that it concerns.
pub(crate) struct Unique {
    /// Name of its column, which is the end of the index's name.
    pub(crate) column: &'static str,
    /// The argument.
    pub(crate) field: &'static str,
    /// The error's message.
    pub(crate) message: &'static str,
}

/// Returns the error about the argument whose value another row has. The value is not shown.
pub(crate) fn explain_duplicate(error: Error, indexes: &[Unique]) -> Error {
    if !is_duplicate(&error) {
        return error;
    }
    // MySQL's message has the value before the index.
    let index = error.message().rsplit(" for key ").next().unwrap_or_default();
    match indexes.iter().find(|unique| index.contains(unique.column)) {
        Some(unique) => Error::taken(unique.field, unique.message),
        // A concurrent call stored the same row. The next attempt finds it.
        None => Error::new(ErrorKind::Conflict, "another call stored the same row"),
    }
}

/// Returns whether an insert or update was refused because of a unique index.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    match error.server_code() {
        Some(code) => matches!(code, "23505" | "1062"),
        None => error.message().contains("UNIQUE constraint failed"),
    }
}

/// Returns whether a statement was refused because of a foreign key.
pub(crate) fn is_reference(error: &Error) -> bool {
    match error.server_code() {
        Some(code) => matches!(code, "23503" | "1451" | "1452"),
        None => error.message().contains("FOREIGN KEY constraint failed"),
    }
}
