//! Ids of the next rows. They are transferred as well, so that no id is ever reused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Id of the next row by table name. Tables whose ids are not generated have none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct NextIds(BTreeMap<String, i64>);

impl NextIds {
    pub(crate) fn insert(&mut self, table: &str, next: i64) {
        self.0.insert(table.to_owned(), next);
    }

    /// Returns the id of the next row. `None` also if the table did not exist in the version that
    /// wrote the backup.
    pub(crate) fn of(&self, table: &str) -> Option<i64> {
        self.0.get(table).copied()
    }
}
