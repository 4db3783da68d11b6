//! Problems of rows with invalid values.

use chatkeep_core::described::Record;
use serde::Serialize;

/// Fault of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) field: &'static str,
    pub(super) reason: String,
    /// Whether `force` stores the row, with the original value in the metadata.
    pub(super) can_be_forced: bool,
}

impl Fault {
    pub(super) fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into(), can_be_forced: true }
    }

    pub(super) fn fatal(field: &'static str, reason: impl Into<String>) -> Self {
        Self { can_be_forced: false, ..Self::new(field, reason) }
    }
}

/// An invalid value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[record(name = "ImportProblem")]
#[non_exhaustive]
pub struct Problem {
    /// Path of the file.
    pub file: String,
    /// Name of the table.
    pub table: &'static str,
    /// SQLite's `rowid` of the row, which is its id if the id is the primary key.
    #[record(wide)]
    pub row: i64,
    /// Name of the column.
    pub field: &'static str,
    /// Description of the problem.
    pub message: String,
    /// Whether `force` stores the row.
    pub can_be_forced: bool,
}
