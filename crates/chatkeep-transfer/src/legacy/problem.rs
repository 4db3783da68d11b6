//! Rows that cannot be stored as they are.

use serde::Serialize;

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: &'static str,
    pub(super) reason: String,
    /// Whether the row can be stored all the same, with the original kept beside it.
    pub(super) can_be_forced: bool,
}

impl Fault {
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into(), can_be_forced: true }
    }

    pub(super) fn hopeless(field: &'static str, reason: impl Into<String>) -> Self {
        Self { can_be_forced: false, ..Self::new(field, reason) }
    }
}

/// A value that cannot be stored as it is. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The table in it.
    pub table: &'static str,
    /// SQLite's number of the row (`rowid`), which is its id where that is the primary key.
    pub row: i64,
    /// The column.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// Whether the row can be stored all the same.
    pub can_be_forced: bool,
}
