//! Row counts by table.

use std::fmt;

use chatkeep::Chatkeep;
use chatkeep_core::{Result, Role};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{TABLES, count};

/// Counts the rows of all tables.
///
/// ```
/// let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
/// chat.messages().log_message(&chatkeep::NewMessage::new("hi"))?;
/// let rows = chatkeep_transfer::count_rows(&chat)?;
/// assert_eq!((rows.of("messages"), rows.of("api_tokens"), rows.total()), (1, 0, 1));
/// # Ok::<(), chatkeep::Error>(())
/// ```
///
/// # Errors
/// `Schema` if migrations are pending. Database errors keep their kinds.
pub fn count_rows(chat: &Chatkeep) -> Result<RowCounts> {
    chat.database()
        .with_connection(Role::Reader, |connection| count(connection, TABLES))
        .map_err(|error| error.with_operation("count_rows"))
}

/// Number of rows of each table. In JSON, it is a map by table name.
///
/// It has an entry for every table that this version of chatkeep transfers, each after those that
/// it references.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowCounts(Vec<TableRows>);

/// Number of rows of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableRows {
    /// Name of the table.
    pub table: &'static str,
    /// Noun for one row, such as `message`.
    pub noun: &'static str,
    /// Number of rows.
    pub rows: u64,
}

impl RowCounts {
    pub(crate) fn new(counts: Vec<TableRows>) -> Self {
        Self(counts)
    }

    /// Returns the number of rows of a table; 0 if the table is unknown.
    pub fn of(&self, table: &str) -> u64 {
        self.0.iter().find(|count| count.table == table).map_or(0, |count| count.rows)
    }

    /// Returns the number of rows of all tables.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|count| count.rows).sum()
    }

    /// Returns the tables, each after those that it references.
    pub fn iter(&self) -> impl Iterator<Item = TableRows> + '_ {
        self.0.iter().copied()
    }

    /// Returns the same tables with the numbers of rows that `rows` returns for them.
    pub(crate) fn map(&self, rows: impl Fn(TableRows) -> u64) -> Self {
        Self(self.iter().map(|count| TableRows { rows: rows(count), ..count }).collect())
    }
}

impl Serialize for RowCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for count in &self.0 {
            map.serialize_entry(count.table, &count.rows)?;
        }
        map.end()
    }
}

/// Lists the tables that have rows, as in `3 messages, 1 token`.
impl fmt::Display for RowCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for TableRows { noun, rows, .. } in self.iter().filter(|count| count.rows > 0) {
            let plural = if rows == 1 { "" } else { "s" };
            write!(f, "{separator}{rows} {noun}{plural}")?;
            separator = ", ";
        }
        if separator.is_empty() { f.write_str("0 rows") } else { Ok(()) }
    }
}
