//! Columns of legacy tables that chatkeep does not have.

use std::fmt;

use chatkeep_core::described::Record;
use chatkeep_core::legacy::{RawValue, Shape};
use serde::Serialize;

/// A column that chatkeep does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct UnknownColumn {
    /// Name of the table.
    pub table: &'static str,
    /// Name of the column.
    pub column: String,
    /// Number of rows whose value is not NULL.
    pub rows: u64,
    /// Whether `force` stores the rows.
    ///
    /// A message keeps the value in its metadata. A token has no metadata, and the column may
    /// restrict the use of the token. It is therefore never omitted unless it is NULL.
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

    /// Records the value of a row.
    pub(super) fn note(&mut self, value: &RawValue) {
        if *value != RawValue::Null {
            self.rows += 1;
            self.can_be_forced = !self.is_of_tokens;
        }
    }

    /// Describes how to import the rows despite the column.
    pub fn remedy(&self) -> String {
        let Self { table, column, .. } = self;
        if !self.is_of_tokens {
            "--force stores the rows and keeps its values under \"legacy\" in their metadata"
                .to_owned()
        } else if self.can_be_forced {
            "it is NULL in every row; --force omits it".to_owned()
        } else {
            let name = column.replace('"', "\"\"");
            format!(
                "it may restrict what a token can be used for, so --force does not omit it; \
                 if it does not matter, drop it in a copy of the file: ALTER TABLE {table} DROP \
                 COLUMN \"{name}\""
            )
        }
    }
}

impl fmt::Display for UnknownColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}, column {}: is unknown to chatkeep", self.table, self.column)
    }
}
