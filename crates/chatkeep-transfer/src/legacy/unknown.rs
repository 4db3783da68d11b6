//! Columns that have no place here.

use std::fmt;

use chatkeep_core::legacy::{RawValue, Shape};
use serde::Serialize;

/// A column that has no place here. It serialises with these keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnknownColumn {
    /// The table.
    pub table: &'static str,
    /// The column.
    pub column: String,
    /// How many rows hold something in it.
    pub rows: u64,
    /// Whether the rows can be stored all the same. What a message has there is kept in its metadata. A token has none; and
    /// what it has there may be what it is not good for, so that nobody may leave it out who does not know it.
    pub can_be_forced: bool,
    #[serde(skip)]
    is_of_tokens: bool,
}

impl UnknownColumn {
    pub(super) fn new(shape: Shape, column: &str) -> Self {
        Self {
            table: shape.table(),
            column: column.to_owned(),
            rows: 0,
            can_be_forced: true,
            is_of_tokens: shape.is_tokens(),
        }
    }

    /// Takes note of what a row holds in it.
    pub(super) fn note(&mut self, value: &RawValue) {
        if *value != RawValue::Null {
            self.rows += 1;
            self.can_be_forced = !self.is_of_tokens;
        }
    }

    /// What can be done about it, for people.
    pub fn way_out(&self) -> String {
        let Self { table, column, .. } = self;
        if !self.is_of_tokens {
            "--force stores the rows, with what it holds under \"legacy\" in their metadata"
                .to_owned()
        } else if self.can_be_forced {
            "it is NULL in every row, and --force leaves it out".to_owned()
        } else {
            let name = column.replace('"', "\"\"");
            format!(
                "it may say what a token is not good for, so that not even --force leaves it out; if it does not matter, drop \
                 it from a copy of the file: ALTER TABLE {table} DROP COLUMN \"{name}\""
            )
        }
    }
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}, column {}: has no place here", self.table, self.column)
    }
}
