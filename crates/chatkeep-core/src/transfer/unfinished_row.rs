//! A row of `unfinished_transfer`: the mark of an incomplete database, the progress of one table,
//! or the random marker that detects two URLs of one database.

use diesel::{Insertable, Queryable};

use crate::schema::unfinished_transfer;
use crate::value::Timestamp;

#[derive(Debug, Clone, Queryable, Insertable)]
#[diesel(table_name = unfinished_transfer)]
#[diesel(treat_none_as_default_value = false)]
pub(crate) struct UnfinishedRow {
    pub(super) id: i32,
    pub(super) kind: String,
    pub(super) source: String,
    pub(super) started_at: Timestamp,
    pub(super) table_name: Option<String>,
    pub(super) last_id: i64,
    pub(super) stored_rows: i64,
}

impl UnfinishedRow {
    /// Creates a row without a table. Only the first 255 characters of the source are kept.
    pub(crate) fn mark(id: i32, kind: &str, source: &str) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            source: source.chars().take(255).collect(),
            started_at: Timestamp::now(),
            table_name: None,
            last_id: 0,
            stored_rows: 0,
        }
    }
}
