//! Report of an import.

use chatkeep_core::described::Record;
use serde::Serialize;

use super::problem::Problem;
use super::unknown::UnknownColumn;

/// Maximum number of problems listed. Further ones are only counted.
pub(super) const MAX_PROBLEMS: usize = 10_000;

/// Numbers of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Record)]
#[record(name = "ImportCounts")]
#[non_exhaustive]
pub struct Counts {
    /// Rows in the file.
    pub found: u64,
    /// Rows that were stored, or would be in a dry run.
    pub stored: u64,
    /// Rows that an earlier run had already stored.
    pub already_there: u64,
    /// Stored rows with a new id, because another row has theirs.
    pub with_new_id: u64,
    /// Stored rows that differ from the originals, because of invalid values or unknown columns.
    pub forced: u64,
}

/// Report on one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[record(name = "ImportedFile")]
#[non_exhaustive]
pub struct FileReport {
    /// Path of the file.
    pub file: String,
    /// Numbers of messages.
    pub messages: Counts,
    /// Numbers of tokens.
    pub tokens: Counts,
    /// Names of other tables, which are ignored.
    pub other_tables: Vec<String>,
    /// Whether the messages have no timestamps and get the file's modification time.
    pub times_are_unknown: bool,
    /// Unknown columns of the tables.
    pub unknown_columns: Vec<UnknownColumn>,
}

/// Report of an import.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Record)]
#[non_exhaustive]
pub struct ImportReport {
    /// Whether the rows were stored. False in a dry run, and if the import was refused.
    pub stored: bool,
    /// Files, in the order of the arguments.
    pub files: Vec<FileReport>,
    /// Number of rows with invalid values.
    pub bad_rows: u64,
    /// Number of these rows that even `force` does not store.
    pub hopeless_rows: u64,
    /// The first 10,000 problems.
    pub problems: Vec<Problem>,
}

impl ImportReport {
    /// Returns whether invalid rows or unknown columns prevent the import.
    pub fn is_refused(&self, force: bool) -> bool {
        if force {
            self.hopeless_rows > 0 || self.unknown_columns().any(|column| !column.can_be_forced)
        } else {
            self.bad_rows > 0 || self.unknown_columns().next().is_some()
        }
    }

    /// Returns the unknown columns of all files.
    pub fn unknown_columns(&self) -> impl Iterator<Item = &UnknownColumn> {
        self.files.iter().flat_map(|file| &file.unknown_columns)
    }

    /// Returns the number of messages that were stored, or would be in a dry run, over all files.
    pub fn messages_stored(&self) -> u64 {
        self.files.iter().map(|file| file.messages.stored).sum()
    }

    /// Returns the number of tokens that were stored, or would be in a dry run, over all files.
    pub fn tokens_stored(&self) -> u64 {
        self.files.iter().map(|file| file.tokens.stored).sum()
    }
}
