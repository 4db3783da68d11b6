//! What an import found and did.

use serde::Serialize;

use super::problem::Problem;
use super::unknown::UnknownColumn;

/// So many problems are listed; the others are counted.
pub(super) const MOST_LISTED: usize = 10_000;

/// What became of rows. It serialises with these keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Rows that the file has.
    pub found: u64,
    /// Rows that were stored, or would be.
    pub stored: u64,
    /// Rows that were there already, from an earlier run.
    pub already_there: u64,
    /// Of those stored: rows whose id another row has, so that they got a new one.
    pub with_new_id: u64,
    /// Of those stored: rows that could not be stored as they were, or whose table has columns with no place here.
    pub forced: u64,
}

/// What was found in a file, and what became of it. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileReport {
    /// The file.
    pub file: String,
    /// Its messages.
    pub messages: Counts,
    /// Its tokens.
    pub tokens: Counts,
    /// Tables that have no place here, and were left alone.
    pub other_tables: Vec<String>,
    /// Whether its messages have no time of their own, and get the file's.
    pub times_are_unknown: bool,
    /// Columns of its tables that have no place here.
    pub unknown_columns: Vec<UnknownColumn>,
}

/// What an import found and did. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct ImportReport {
    /// Whether anything was changed: not in a dry run, and not when rows are refused.
    pub stored: bool,
    /// The files, in the order in which they were given.
    pub files: Vec<FileReport>,
    /// How many rows cannot be stored as they are.
    pub bad_rows: u64,
    /// Of these, rows that cannot be stored at all.
    pub hopeless_rows: u64,
    /// What is wrong with them: the first 10,000.
    pub problems: Vec<Problem>,
}

impl ImportReport {
    /// Whether rows, or columns, stand in the way of storing any.
    pub fn is_refused(&self, force: bool) -> bool {
        if force {
            self.hopeless_rows > 0 || self.unknown_columns().any(|column| !column.can_be_forced)
        } else {
            self.bad_rows > 0 || self.unknown_columns().next().is_some()
        }
    }

    /// Columns that have no place here, over all files.
    pub fn unknown_columns(&self) -> impl Iterator<Item = &UnknownColumn> {
        self.files.iter().flat_map(|file| &file.unknown_columns)
    }

    /// Messages that were stored, or would be, over all files.
    pub fn messages_stored(&self) -> u64 {
        self.files.iter().map(|file| file.messages.stored).sum()
    }

    /// Tokens that were stored, or would be, over all files.
    pub fn tokens_stored(&self) -> u64 {
        self.files.iter().map(|file| file.tokens.stored).sum()
    }
}
