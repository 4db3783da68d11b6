//! Violations of unique indexes and foreign keys, as errors about an argument.

use crate::error::{Error, ErrorKind};

/// Name of a unique index after the table's name, the argument, and the noun for people.
const UNIQUE: [(&str, &str, &str); 3] = [
    ("email_key", "email", "e-mail address"),
    ("username_key", "username", "username"),
    ("public_id", "public_id", "id"),
];

/// Returns the error about the argument whose value another user has. The value is not shown.
pub(super) fn explain(error: Error) -> Error {
    if !is_duplicate(&error) {
        return error;
    }
    // MySQL's message has the value before the index.
    let index = error.message().rsplit(" for key ").next().unwrap_or_default().to_owned();
    match UNIQUE.into_iter().find(|(name, ..)| index.contains(name)) {
        Some((_, field, noun)) => Error::taken(field, format!("another user has this {noun}")),
        // A concurrent call stored the same row. The next attempt finds it.
        None => Error::new(ErrorKind::Conflict, "another call stored the same row"),
    }
}

/// Returns whether an insert or update was refused because of a unique index.
pub(super) fn is_duplicate(error: &Error) -> bool {
    match error.server_code() {
        Some(code) => matches!(code, "23505" | "1062"),
        None => error.message().contains("UNIQUE constraint failed"),
    }
}

/// Returns whether a statement was refused because of a foreign key.
pub(super) fn is_reference(error: &Error) -> bool {
    match error.server_code() {
        Some(code) => matches!(code, "23503" | "1451" | "1452"),
        None => error.message().contains("FOREIGN KEY constraint failed"),
    }
}
