//! Look-ups of conversations by their public ids.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};

use crate::connection::{Connection, on_engine};
use crate::error::Result;
use crate::schema::chat_conversations;
use crate::value::public_id;

/// Returns the internal ids of a conversation and of its user. The user may change.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn find_with_user(
    connection: &mut Connection,
    public_id: &str,
) -> Result<Option<(i64, Option<i64>)>> {
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    let found = on_engine!(connection, c => chat_conversations::table
        .filter(chat_conversations::public_id.eq(public_id))
        .select((chat_conversations::id, chat_conversations::user_id))
        .get_result::<(i64, Option<i64>)>(c)
        .optional());
    found.map_err(|error| connection.read_error(error))
}
