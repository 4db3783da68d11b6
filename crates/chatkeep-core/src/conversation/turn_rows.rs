//! Rows of open turns.

use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::open_turns;
use crate::value::{Metadata, Timestamp};

/// Maximum number of rows that one query returns. A row has at most 16 MiB, but few turns are open.
const MAX_ROWS: i64 = 100;

/// An open turn, whose conversation and user are internal ids.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = open_turns)]
#[diesel(treat_none_as_default_value = false)]
pub struct StoredTurn {
    /// Internal id.
    pub id: i64,
    /// Public id.
    pub public_id: String,
    /// Internal id of the conversation.
    pub conversation_id: Option<i64>,
    /// Internal id of the user, if any.
    pub user_id: Option<i64>,
    /// Message of the user.
    pub user_message: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that is asked.
    pub model: Option<String>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Time of the start.
    pub started_at: Timestamp,
    /// Time from which the turn counts as interrupted.
    pub lease_until: Timestamp,
}

#[derive(Insertable, Clone, Copy)]
#[diesel(table_name = open_turns)]
#[diesel(treat_none_as_default_value = false)]
pub(super) struct NewRow<'a> {
    pub(super) public_id: &'a str,
    pub(super) conversation_id: Option<i64>,
    pub(super) user_id: Option<i64>,
    pub(super) user_message: &'a str,
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) metadata: Option<&'a Metadata>,
    pub(super) started_at: Timestamp,
    pub(super) lease_until: Timestamp,
}

/// Counts all open turns.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn count_all_turns(connection: &mut Connection) -> Result<i64> {
    let counted = on_engine!(connection, c => open_turns::table.count().get_result::<i64>(c));
    counted.map_err(|error| connection.read_error(error))
}

/// Returns up to 100 open turns with an internal id greater than `id`, ordered by it. The result is
/// empty at the end.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn list_turns_after_id(connection: &mut Connection, id: i64) -> Result<Vec<StoredTurn>> {
    let rows = on_engine!(connection, c => open_turns::table
        .filter(open_turns::id.gt(id))
        .order(open_turns::id.asc())
        .select(open_turns::all_columns)
        .limit(MAX_ROWS)
        .load::<StoredTurn>(c));
    rows.map_err(|error| connection.read_error(error))
}

/// Stores open turns with their ids, in the caller's transaction. The database's id sequence is not
/// advanced.
///
/// # Errors
/// The database's error, for example for a duplicate id.
pub fn insert_turns_with_ids(connection: &mut Connection, rows: &[StoredTurn]) -> Result<()> {
    let stored = on_engine!(connection, c => rows.iter().cloned().try_for_each(|row| {
        diesel::insert_into(open_turns::table).values(row).execute(c).map(drop)
    }));
    stored.map_err(|error| connection.write_error(error))
}
