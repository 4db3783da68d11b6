//! Copies of conversations.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, sql_query};

use super::record::Conversation;
use super::rows::StoredConversation;
use super::store::{NewConversation, Times, insert, records};
use crate::connection::{Connection, on_engine};
use crate::error::{Error, Result};
use crate::schema::chat_conversations;
use crate::value::public_id;

/// Copies a conversation with its items up to a position; by default with all of them. Returns
/// `None` if it does not exist.
///
/// The copy has the same user and metadata, and the same title unless another one is given. The
/// messages of the log are not copied.
///
/// # Errors
/// `InvalidInput` with the field's name; `OutcomeUnknown` or another error of the database.
pub fn copy(
    connection: &mut Connection,
    public_id: &str,
    up_to_position: Option<i64>,
    title: Option<&str>,
) -> Result<Option<Conversation>> {
    if let Some(position) = up_to_position.filter(|position| *position < 0) {
        return Err(Error::invalid_input(
            "up_to_position",
            format!("must be 0 or more, not {position}"),
        ));
    }
    if !public_id::may_exist(public_id) {
        return Ok(None);
    }
    connection.transaction(|connection| {
        let found = on_engine!(connection, c => chat_conversations::table
            .filter(chat_conversations::public_id.eq(public_id))
            .select(chat_conversations::all_columns)
            .get_result::<StoredConversation>(c)
            .optional());
        let Some(row) = found.map_err(|error| connection.read_error(error))? else {
            return Ok(None);
        };
        let (source, user) = (row.id, row.user_id);
        let original = records(connection, vec![row])?.remove(0);
        let new = NewConversation {
            user_id: original.user_id.as_deref(),
            title: title.or(original.title.as_deref()),
            metadata: original.metadata.as_ref(),
            public_id: None,
        };
        new.check()?;
        let created = insert(connection, &new, user, Times::now())?;
        let id = created.id;
        // Integers need no binding.
        let last = up_to_position.unwrap_or(i64::MAX);
        let sql = format!(
            "INSERT INTO conversation_items \
             (conversation_id, position, role, kind, content, message_id, created_at) \
             SELECT {id}, position, role, kind, content, message_id, created_at \
             FROM conversation_items WHERE conversation_id = {source} AND position <= {last}"
        );
        let copied = on_engine!(connection, c => sql_query(&sql).execute(c));
        copied.map_err(|error| connection.insert_error(error))?;
        Ok(Some(created))
    })
}
