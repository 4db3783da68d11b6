//! The time of a conversation's last activity, whose row is also the conversation's lock.

use diesel::dsl::case_when;
use diesel::{ExpressionMethods, IntoSql, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, Session, on_engine};
use crate::error::{Error, Result};
use crate::schema::{UtcTimestamp, chat_conversations};
use crate::value::Timestamp;

/// Records activity at this time, unless there was some later. Returns false if the conversation
/// does not exist.
///
/// The row is locked until the end of the caller's transaction, so that the conversation is not
/// deleted, and no other caller appends items, in the meantime. Nodes of a Galera cluster share no
/// locks; there, the commit of one of two such transactions fails with a conflict.
pub(crate) fn touch(connection: &mut Connection, id: i64, at: Timestamp) -> Result<bool> {
    let last = chat_conversations::last_message_at;
    let touched = on_engine!(connection, c => {
        diesel::update(chat_conversations::table.filter(chat_conversations::id.eq(id)))
            .set(last.eq(case_when(last.lt(at), at.into_sql::<UtcTimestamp>()).otherwise(last)))
            .execute(c)
    });
    touched.map(|count| count > 0).map_err(|error| connection.write_error(error))
}

/// Begins a change of a conversation's items, as [`touch`] records activity, and increments the
/// version of the items. Returns false if the conversation does not exist.
///
/// # Errors
/// `Conflict`, not retryable, with the field `expected_item_version` if the version is another one.
pub(super) fn begin_item_change(
    connection: &mut Connection,
    id: i64,
    at: Timestamp,
    expected_version: Option<i64>,
) -> Result<bool> {
    use chat_conversations::{item_version, last_message_at as last};
    let changes = (
        last.eq(case_when(last.lt(at), at.into_sql::<UtcTimestamp>()).otherwise(last)),
        item_version.eq(item_version + 1),
    );
    let row = || chat_conversations::table.filter(chat_conversations::id.eq(id));
    let changed = on_engine!(connection, c => match expected_version {
        None => diesel::update(row()).set(changes).execute(c),
        Some(version) => {
            diesel::update(row().filter(item_version.eq(version))).set(changes).execute(c)
        }
    });
    let changed = changed.map_err(|error| connection.write_error(error))?;
    let Some(expected) = expected_version.filter(|_| changed == 0) else { return Ok(changed > 0) };
    let version = on_engine!(connection, c => row()
        .select(item_version)
        .get_result::<i64>(c)
        .optional());
    match version.map_err(|error| connection.read_error(error))? {
        None => Ok(false),
        Some(version) => Err(Error::taken(
            "expected_item_version",
            format!("is {expected}, but the items have version {version}; read them again"),
        )),
    }
}

/// Locks a conversation as [`touch`] does, without activity.
pub(super) fn lock(connection: &mut Connection, id: i64) -> Result<Option<Timestamp>> {
    let row = || {
        chat_conversations::table
            .filter(chat_conversations::id.eq(id))
            .select(chat_conversations::last_message_at)
    };
    let found = match &mut connection.session {
        // A transaction that writes locks the whole file.
        Session::Sqlite(c) => row().get_result(c).optional(),
        Session::PostgreSql(c) => row().for_update().get_result(c.as_mut()).optional(),
        Session::MySql(c) => row().for_update().get_result(c.as_mut()).optional(),
    };
    found.map_err(|error| connection.read_error(error))
}
