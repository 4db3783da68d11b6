//! Summaries of the content of tables, which are the same on every engine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::table::{RowCounts, TABLES, TableRows, Tables};

/// Summary of a table's content. The field names are its JSON keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableContent {
    /// Number of rows.
    pub rows: u64,
    /// SHA-256 over all values of all rows, ordered by id, in hexadecimal.
    pub sha256: String,
}

/// Summary of a database's content. In JSON, it is a map by table name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(BTreeMap<String, TableContent>);

impl Content {
    /// Returns the content of a table; `None` if the table is unknown.
    pub fn table(&self, table: &str) -> Option<&TableContent> {
        self.0.get(table)
    }

    /// Returns the number of rows of a table; 0 if the table is unknown.
    pub fn rows_of(&self, table: &str) -> u64 {
        self.table(table).map_or(0, |content| content.rows)
    }

    /// Returns the number of rows of all tables.
    pub fn total_rows(&self) -> u64 {
        self.0.values().map(|content| content.rows).sum()
    }

    /// Returns the number of rows of each table.
    pub fn row_counts(&self) -> RowCounts {
        self.counts(TABLES)
    }

    pub(crate) fn counts(&self, tables: Tables) -> RowCounts {
        let count = |table: &&'static dyn crate::table::AnyTable| TableRows {
            table: table.name(),
            noun: table.noun(),
            rows: self.rows_of(table.name()),
        };
        RowCounts::new(tables.iter().map(count).collect())
    }

    pub(crate) fn new(tables: impl IntoIterator<Item = (&'static str, TableContent)>) -> Self {
        Self(tables.into_iter().map(|(table, content)| (table.to_owned(), content)).collect())
    }

    /// Returns the first table with rows that is not in the list.
    pub(crate) fn unknown_table(&self, tables: Tables) -> Option<&str> {
        let is_known = |name: &str| tables.iter().any(|table| table.name() == name);
        self.0
            .iter()
            .find(|(name, content)| content.rows > 0 && !is_known(name))
            .map(|(name, _)| name.as_str())
    }

    /// Adds the empty tables of `other`, and removes empty tables that it does not have: other
    /// versions of chatkeep have other tables. A table with rows is neither added nor removed.
    pub(crate) fn with_tables_of(mut self, other: &Self) -> Self {
        self.0.retain(|name, content| content.rows > 0 || other.0.contains_key(name));
        for (name, content) in other.0.iter().filter(|(_, content)| content.rows == 0) {
            self.0.entry(name.clone()).or_insert_with(|| content.clone());
        }
        self
    }
}
